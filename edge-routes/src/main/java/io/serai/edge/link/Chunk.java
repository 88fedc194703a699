package io.serai.edge.link;

import io.netty.buffer.ByteBuf;

/**
 * A piece of a file that was received. Whoever took it from the stream releases the bytes, and tells the stream when they
 * are consumed.
 *
 * @param offset where in the file the first byte belongs
 */
public record Chunk(long offset, ByteBuf bytes) {
    /** Pieces smaller than this are gathered, so that many small ones cannot hold much more memory than their bytes. */
    static final int GATHERED_BYTES = 4_096;

    int length() {
        return bytes.readableBytes();
    }

    /** Whether these bytes follow and fit behind this chunk's own, which then hold them. */
    boolean gathers(long nextOffset, ByteBuf more) {
        if (nextOffset != offset + length()
                || more.readableBytes() > bytes.maxFastWritableBytes()
                || bytes.isReadOnly()) {
            return false;
        }
        bytes.writeBytes(more);
        return true;
    }
}
