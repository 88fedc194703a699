package io.serai.edge.link;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A number of bytes that many may take from together: the receive windows of a process beyond the early window that every
 * stream has, or what relayed sockets give unasked. Safe for use by several threads.
 */
public final class CreditBudget {
    private final long limit;
    private final AtomicLong taken = new AtomicLong();

    public CreditBudget(long limitBytes) {
        this.limit = limitBytes;
    }

    /** Takes all of it or nothing. */
    public boolean take(long bytes) {
        long now = taken.get();
        while (now + bytes <= limit) {
            long seen = taken.compareAndExchange(now, now + bytes);
            if (seen == now) {
                return true;
            }
            now = seen;
        }
        return false;
    }

    public void giveBack(long bytes) {
        taken.addAndGet(-bytes);
    }

    public long takenBytes() {
        return taken.get();
    }
}
