package io.serai.server.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C and SIGTERM for a command that has something to take down: the command hears of it, and the process ends when
 * the command says that it is done, or after a minute. Close it when the command is done.
 */
final class Interruption implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;

    private final CountDownLatch heard = new CountDownLatch(1);
    private final CountDownLatch done = new CountDownLatch(1);

    Interruption() {
        // The hook must not wait for the command's thread: that one waits for the hooks once it calls exit.
        Runtime.getRuntime().addShutdownHook(new Thread(this::hear, "interruption"));
    }

    private void hear() {
        heard.countDown();
        try {
            boolean unused = done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for an interruption. */
    void await() throws InterruptedException {
        heard.await();
    }

    /** Waits for an interruption for some time; whether it came. */
    boolean await(long millis) throws InterruptedException {
        return heard.await(millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        done.countDown();
    }
}
