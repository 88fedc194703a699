package io.serai.edge.frame;

import io.netty.buffer.ByteBuf;
import io.serai.edge.ProtocolViolation;

/** Takes what a {@link FrameReader} has read, in the order of the bytes. */
public interface FrameHandler {
    /** A whole frame of any type but DATA. Its length is one that the type allows. */
    void frame(FrameType type, int id, byte[] payload) throws ProtocolViolation;

    /**
     * A DATA frame begins; nothing of its bytes has been kept yet.
     *
     * @param count how many bytes of a file it announces, at most {@link FrameType#DATA_BYTES}
     */
    void dataBegins(int id, long offset, int count) throws ProtocolViolation;

    /**
     * The next bytes of the DATA frame that began last.
     *
     * @param offset where in the file the first of these bytes belongs
     * @param bytes valid during the call only; whoever keeps them retains them
     */
    void data(int id, long offset, ByteBuf bytes) throws ProtocolViolation;

    /** A frame of an unknown type that may be ignored begins; its payload is skipped. */
    void ignored(int type);
}
