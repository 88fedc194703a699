package io.serai.cluster.node;

import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether this node can still use the shared storage: a thread of its own writes the node's sign into the root
 * again and again and looks whether the root is still the cluster's. Another thread counts the looks: when none succeeds
 * for a while, because they fail or because one hangs, the storage is lost; with the next success it is back. A root that
 * is full is not lost.
 *
 * <p>The watching thread never touches the file system, and counts its own turns instead of asking the clock, so that a
 * process that stood still does not take that for the storage's fault.
 */
public final class StorageWatch {
    private static final Logger LOG = LoggerFactory.getLogger(StorageWatch.class);
    private static final int MISSES = 5;

    private final Probe probe;
    private final String subject;
    private final Duration interval;
    private final Listener listener;
    private final AtomicLong successes = new AtomicLong();
    private final Thread prober;
    private final Thread watcher;
    private volatile boolean stopped;
    private volatile boolean up = true;
    private volatile String lastFailure = "it does not answer";

    /** Hears of the storage. Called by the watching thread. */
    public interface Listener {
        /** Nothing in the root can be trusted to be written. */
        void lost(String why);

        void returned();
    }

    /** Uses the storage in earnest, and fails if that cannot be; may hang. */
    @FunctionalInterface
    public interface Probe {
        void run() throws IOException;
    }

    /**
     * @param subject what is watched, for people
     * @param patience after so long without a success the storage counts as lost
     */
    public StorageWatch(Probe probe, String subject, Duration patience, Listener listener) {
        this.probe = probe;
        this.subject = subject;
        this.interval = patience.dividedBy(MISSES);
        this.listener = listener;
        this.prober = new Thread(this::probeUntilStopped, "storage-probe");
        this.watcher = new Thread(this::watchUntilStopped, "storage-watch");
        prober.setDaemon(true);
        watcher.setDaemon(true);
    }

    public void start() {
        prober.start();
        watcher.start();
    }

    /** Ends both threads; a look that hangs is left behind. Idempotent. */
    public void stop() {
        stopped = true;
        prober.interrupt();
        watcher.interrupt();
    }

    /** Whether the storage can be used, as far as is known now; never waits. */
    public boolean isUp() {
        return up;
    }

    /** What is wrong, for people; empty while it is up. */
    public Optional<String> trouble() {
        return up ? Optional.empty() : Optional.of(subject + ": " + lastFailure);
    }

    private void probeUntilStopped() {
        while (!stopped) {
            try {
                probe.run();
                successes.incrementAndGet();
            } catch (IOException | RuntimeException e) {
                @Nullable String message = e instanceof SeraiException known ? known.text() : e.toString();
                lastFailure = message;
            }
            pause();
        }
    }

    private void watchUntilStopped() {
        long seen = 0;
        int misses = 0;
        while (!stopped) {
            pause();
            long now = successes.get();
            misses = now == seen ? misses + 1 : 0;
            seen = now;
            if (!stopped) {
                judge(misses);
            }
        }
    }

    private void judge(int misses) {
        if (up && misses >= MISSES) {
            up = false;
            LOG.error("Lost {}: {}", subject, lastFailure);
            tell(() -> listener.lost(lastFailure));
        } else if (!up && misses == 0) {
            up = true;
            LOG.info("Back: {}", subject);
            tell(listener::returned);
        }
        if (misses == 0) {
            lastFailure = "it does not answer";
        }
    }

    private static void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.error("A listener of the storage failed", e);
        }
    }

    private void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(interval.toMillis());
        } catch (InterruptedException e) {
            // Only stop() interrupts.
            Thread.currentThread().interrupt();
            stopped = true;
        }
    }
}
