package io.serai.cluster.event;

import java.util.concurrent.atomic.LongAdder;

/** How long events waited to be claimed, from when they were due, by the database's clock. For use by many threads. */
public final class ClaimTimes {
    private final LongAdder count = new LongAdder();
    private final LongAdder micros = new LongAdder();

    void add(double seconds) {
        count.increment();
        micros.add((long) (Math.max(0, seconds) * 1_000_000));
    }

    /** Events that were claimed since the start. */
    public long count() {
        return count.sum();
    }

    /** How long all of them waited, added up. */
    public double totalSeconds() {
        return micros.sum() / 1_000_000.0;
    }
}
