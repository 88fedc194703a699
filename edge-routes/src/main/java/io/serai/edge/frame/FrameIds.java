package io.serai.edge.frame;

import io.serai.edge.ProtocolViolation;

/**
 * The ids of requests and streams on one connection: one side's are even, the other's odd, and each side's ascend, so that
 * none is used twice. Not safe for several threads, but for {@link #areRunningOut}.
 */
public final class FrameIds {
    private static final int LAST = Integer.MAX_VALUE - (1 << 20);

    /** Which ids are a side's own. */
    public enum Parity {
        EVEN,
        ODD
    }

    private final int parity;
    private volatile int lastOwn;
    private int lastOfPeer;

    public FrameIds(Parity own) {
        this.parity = own == Parity.EVEN ? 0 : 1;
        this.lastOwn = own == Parity.EVEN ? 0 : -1;
    }

    /** The next id of our own. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // written by the event loop alone
    public int next() {
        lastOwn += 2;
        return lastOwn;
    }

    /** Takes an id that the peer uses for something new. */
    public void takeNew(int id) throws ProtocolViolation {
        if (isOwn(id) || id <= lastOfPeer) {
            throw new ProtocolViolation("the id " + id + " after " + lastOfPeer);
        }
        lastOfPeer = id;
    }

    public boolean isOwn(int id) {
        return (id & 1) == parity;
    }

    /** Whether something of that id has ever been. */
    public boolean wasUsed(int id) {
        return id <= (isOwn(id) ? lastOwn : lastOfPeer);
    }

    /** Whether the connection is to be replaced, as few are left. From any thread. */
    public boolean areRunningOut() {
        return lastOwn > LAST;
    }
}
