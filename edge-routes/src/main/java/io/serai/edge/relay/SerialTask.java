package io.serai.edge.relay;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs one task on a pool, never twice at once, and once more whenever it was asked for since it began. When the pool takes
 * no more work it tries again a little later; what it works on stands still meanwhile.
 */
final class SerialTask {
    private static final long AGAIN_MILLIS = 50;
    /** So often in a row on one thread: waking another one costs more than most tasks do. */
    private static final int TURNS = 8;

    private final Executor workers;
    private final ScheduledExecutorService clock;
    private final Runnable task;
    private final AtomicInteger asked = new AtomicInteger();

    SerialTask(Executor workers, ScheduledExecutorService clock, Runnable task) {
        this.workers = workers;
        this.clock = clock;
        this.task = task;
    }

    /** Asks for a run; from any thread. Nothing happens any more once the clock has been stopped. */
    void ask() {
        if (asked.getAndIncrement() == 0) {
            submit();
        }
    }

    private void submit() {
        try {
            workers.execute(this::run);
        } catch (RejectedExecutionException e) {
            if (!clock.isShutdown()) {
                clock.schedule(this::submit, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
    }

    private void run() {
        for (int turn = 0; turn < TURNS; turn++) {
            if (!runOnce()) {
                return;
            }
        }
        // Behind the other tasks of the pool, so that one busy stream does not keep a thread to itself.
        submit();
    }

    /** Whether it was asked for again meanwhile. */
    private boolean runOnce() {
        int seen = asked.get();
        boolean done = false;
        try {
            task.run();
            done = true;
        } finally {
            if (!done && asked.addAndGet(-seen) > 0) {
                submit();
            }
        }
        return asked.addAndGet(-seen) > 0;
    }
}
