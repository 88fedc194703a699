package io.serai.edge.relay;

import java.time.Duration;

/** So many at once, and all of them again after a while. Its own lock guards what is left. */
final class Allowance {
    private final int most;
    private final double backEachNano;
    private double left;
    private long countedNanos;

    /** @param allBack how long it takes until all have come back after all were taken */
    Allowance(int most, Duration allBack, long nowNanos) {
        this.most = most;
        this.backEachNano = (double) most / allBack.toNanos();
        this.left = most;
        this.countedNanos = nowNanos;
    }

    synchronized boolean take(long nowNanos) {
        count(nowNanos);
        if (left < 1) {
            return false;
        }
        left--;
        return true;
    }

    /** Whether there is one; it is not taken. */
    synchronized boolean isLeft(long nowNanos) {
        count(nowNanos);
        return left >= 1;
    }

    /** Takes one, though none may be left: what then is wanted waits longer. */
    synchronized void spend(long nowNanos) {
        count(nowNanos);
        left--;
    }

    /** What was taken was not needed. */
    synchronized void putBack() {
        left = Math.min(most, left + 1);
    }

    private void count(long nowNanos) {
        left = Math.min(most, left + (nowNanos - countedNanos) * backEachNano);
        countedNanos = nowNanos;
    }
}
