package io.serai.edge.link;

import io.serai.edge.message.Status;
import java.nio.charset.StandardCharsets;

/**
 * How a stream was closed.
 *
 * @param payload of a RESULT: its message; of a RESET: its text
 */
@SuppressWarnings("ArrayRecordComponent") // a result is read once and never compared
public record StreamEnd(Cause cause, Status status, byte[] payload) {
    /** Who closed it, and by what. */
    public enum Cause {
        RESULT_RECEIVED,
        RESULT_SENT,
        RESET_RECEIVED,
        RESET_SENT,
        /** The connection was lost: what the other side made of it is not known. */
        LOST
    }

    static StreamEnd lost(String why) {
        return new StreamEnd(Cause.LOST, Status.UNAVAILABLE, why.getBytes(StandardCharsets.UTF_8));
    }

    /** Whether the peer said that all is done. */
    public boolean isSuccess() {
        return cause == Cause.RESULT_RECEIVED && status == Status.OK;
    }

    @Override
    public String toString() {
        return cause + " " + status;
    }
}
