package io.serai.cluster.event;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries work that may be repeated until the database answers or the patience ends. What ends an event's run must not be
 * given up at the first lost connection: the event would stay claimed until the node's lease ends.
 */
final class DatabaseInsistence {
    private static final Logger LOG = LoggerFactory.getLogger(DatabaseInsistence.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private final Duration patience;

    DatabaseInsistence(Duration patience) {
        this.patience = patience;
    }

    <T> T until(Supplier<T> work) {
        long deadline = System.nanoTime() + patience.toNanos();
        Duration pause = FIRST_PAUSE;
        while (true) {
            try {
                return work.get();
            } catch (SeraiException e) {
                boolean mayPass = e.code() == ErrorCode.DATABASE_DOWN
                        || e.code() == ErrorCode.UNKNOWN_OUTCOME
                        || e.code() == ErrorCode.BUSY;
                if (!mayPass
                        || System.nanoTime() > deadline
                        || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                LOG.debug("Trying again in {} ms: {}", pause.toMillis(), e.text());
            }
            LockSupport.parkNanos(pause.toNanos());
            Duration doubled = pause.multipliedBy(2);
            pause = doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
        }
    }
}
