package io.serai.cluster.limit;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Bytes per second. Bytes are charged after they moved, so the account may be overdrawn by one block; until it is even
 * again nobody who shares the bucket should move more. Safe for use by many threads; it never waits itself.
 */
final class TokenBucket {
    private static final double NANOS = 1e9;
    /** What may be saved up, in seconds of the rate. */
    private static final double BURST_SECONDS = 0.25;

    private final LongSupplier nanoClock;
    private double bytesPerSecond;
    private double saved;
    private long at;

    TokenBucket(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.at = nanoClock.getAsLong();
    }

    synchronized void rate(long perSecond) {
        refill();
        bytesPerSecond = perSecond;
        saved = Math.min(saved, bytesPerSecond * BURST_SECONDS);
    }

    synchronized void charge(long bytes) {
        refill();
        saved -= bytes;
    }

    /** How long nothing more should move; zero when something may. */
    synchronized Duration pause(Duration longest) {
        refill();
        if (bytesPerSecond <= 0) {
            return longest;
        }
        if (saved >= 0) {
            return Duration.ZERO;
        }
        Duration needed = Duration.ofNanos(1 + (long) (-saved / bytesPerSecond * NANOS));
        return needed.compareTo(longest) < 0 ? needed : longest;
    }

    private void refill() {
        long now = nanoClock.getAsLong();
        saved = Math.min(saved + (now - at) / NANOS * bytesPerSecond, bytesPerSecond * BURST_SECONDS);
        at = now;
    }
}
