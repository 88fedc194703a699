package io.serai.edge.relay;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One edge's part of the workers that all edges share: so much runs at the same time and so much waits, so that an edge that
 * asks without end leaves workers for the others. Its own lock guards what waits and how much runs.
 */
final class WorkShare implements Executor {
    private static final Logger LOG = LoggerFactory.getLogger(WorkShare.class);

    private final Executor workers;
    private final int most;
    private final int mostWaiting;
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private int running;

    WorkShare(Executor workers, int most, int mostWaiting) {
        this.workers = workers;
        this.most = most;
        this.mostWaiting = mostWaiting;
    }

    /** @throws RejectedExecutionException when too much waits already, here or at the workers */
    @Override
    public void execute(Runnable task) {
        synchronized (this) {
            if (running >= most) {
                if (waiting.size() >= mostWaiting) {
                    throw new RejectedExecutionException("too much waits already");
                }
                waiting.add(task);
                return;
            }
            workers.execute(() -> run(task));
            running++;
        }
    }

    private void run(Runnable task) {
        Runnable now = task;
        while (now != null) {
            try {
                now.run();
            } catch (Throwable e) { // whatever it is: the next one must not be lost with it, nor this place
                LOG.error("What an edge asked for failed by a defect", e);
            }
            Runnable next = next();
            now = next == null || handedOn(next) ? null : next;
        }
    }

    /** Behind what other edges have given to the workers meanwhile; if they take nothing it is done by this one. */
    private boolean handedOn(Runnable next) {
        try {
            workers.execute(() -> run(next));
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private synchronized @Nullable Runnable next() {
        Runnable next = waiting.poll();
        if (next == null) {
            running--;
        }
        return next;
    }
}
