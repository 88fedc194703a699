package io.serai.cluster.node;

import java.util.function.LongSupplier;

/** Says whether this process stood still: a thread that is due often tells when it ran. Safe for use by many threads. */
final class Pulse {
    private final LongSupplier nanoClock;
    private final long mostNanos;
    private volatile long lastNanos;
    private volatile boolean skipped;

    /** {@code mostNanos}: a longer time between two beats means that the process stood still. */
    Pulse(LongSupplier nanoClock, long mostNanos) {
        this.nanoClock = nanoClock;
        this.mostNanos = mostNanos;
        this.lastNanos = nanoClock.getAsLong();
    }

    void beat() {
        skipped = isLate();
        lastNanos = nanoClock.getAsLong();
    }

    /** Whether the last beat came too late, or the next one is. */
    boolean stoodStill() {
        return skipped || isLate();
    }

    private boolean isLate() {
        return nanoClock.getAsLong() - lastNanos > mostNanos;
    }
}
