package io.serai.edge.link;

/**
 * How much a peer may still send on one stream. Credit is given when bytes were consumed, never when they arrive, in steps
 * of at least a quarter of the window. A window grows, out of the budget, while the sender uses it up and the consumer
 * keeps up. Guarded by its stream's lock.
 */
final class ReceiveWindow {
    private final CreditBudget budget;
    private final int least;
    private final int most;
    private int window;
    private long granted;
    private long received;
    private long consumed;
    private boolean growing = true;

    /**
     * @param early what the peer may send without being told; outside the budget
     * @param most how far the window may grow
     */
    ReceiveWindow(CreditBudget budget, int early, int most) {
        this.budget = budget;
        this.least = early;
        this.most = most;
        this.window = early;
        this.granted = early;
    }

    /** Widens the window if the budget has room; returns the further credit to give, which may be 0. */
    int widen(int target) {
        int more = target - window;
        if (more <= 0 || !budget.take(more)) {
            return 0;
        }
        window = target;
        granted += more;
        return more;
    }

    /** Counts bytes that the peer sends; false if it had no credit for them. */
    boolean receive(int bytes) {
        received += bytes;
        return received <= granted;
    }

    /** Counts bytes as consumed; returns the further credit to give now, or 0. */
    int consume(int bytes) {
        consumed += bytes;
        long due = consumed + window - granted;
        if (due < Math.max(1, window / 4)) {
            return 0;
        }
        boolean usedUp = granted - received <= window / 2;
        boolean keepsUp = received - consumed <= window / 2;
        granted += due;
        int more = growing && usedUp && keepsUp ? widen(Math.min(most, 2 * window)) : 0;
        return (int) (due + more);
    }

    /** No read-ahead beyond the least window from now on: for a reader that jumps about. */
    void shrink() {
        growing = false;
        budget.giveBack(window - least);
        window = least;
    }

    /** Gives what it took back to the budget. The window is of no use then. */
    void close() {
        shrink();
    }

    int window() {
        return window;
    }

    long granted() {
        return granted;
    }

    long received() {
        return received;
    }

    long backlog() {
        return received - consumed;
    }
}
