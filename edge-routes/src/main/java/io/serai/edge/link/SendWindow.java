package io.serai.edge.link;

import io.serai.edge.ProtocolViolation;

/** How much may still be sent on one stream. Guarded by its stream's lock. */
final class SendWindow {
    /** No honest peer lets this much credit pile up. */
    private static final long MOST_AHEAD = 64L << 20;

    private long granted;
    private long sent;

    SendWindow(int granted) {
        this.granted = granted;
    }

    void grant(int bytes) throws ProtocolViolation {
        if (bytes < 0 || granted + bytes - sent > MOST_AHEAD) {
            throw new ProtocolViolation("a credit of " + Integer.toUnsignedString(bytes) + " bytes");
        }
        granted += bytes;
    }

    /** Takes credit for as many of these bytes as there is. */
    int take(int wanted) {
        int taken = (int) Math.min(wanted, granted - sent);
        sent += taken;
        return taken;
    }

    /** What was taken but never sent. */
    void putBack(int bytes) {
        sent -= bytes;
    }

    long left() {
        return granted - sent;
    }
}
