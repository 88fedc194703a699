package io.serai.server.node;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes old records from the database, in small steps, now and then, and puts aside what nobody would take. Every node may
 * do so.
 */
final class Forgetting {
    private static final Logger LOG = LoggerFactory.getLogger(Forgetting.class);
    private static final Duration INTERVAL = Duration.ofMinutes(10);
    private static final int MOST_STEPS = 100;

    private final List<Records> records;
    private final ScheduledExecutorService rounds = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "forgetting");
        thread.setDaemon(true);
        return thread;
    });

    /** Records of one kind. */
    record Records(String name, Forget forget) {}

    /** Removes some records, or puts them aside; how many, 0 when there is nothing left. */
    @FunctionalInterface
    interface Forget {
        int step();
    }

    Forgetting(List<Records> records) {
        this.records = List.copyOf(records);
    }

    void start() {
        var unused = rounds.scheduleWithFixedDelay(
                this::round, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    void stop() {
        rounds.shutdownNow();
    }

    private void round() {
        for (Records each : records) {
            try {
                int steps = 0;
                while (each.forget().step() > 0 && steps < MOST_STEPS) {
                    steps++;
                }
            } catch (RuntimeException e) { // the next round tries again; the others must not wait for it
                LOG.warn("{} could not be tidied up: {}", each.name(), e.getMessage());
            }
        }
    }
}
