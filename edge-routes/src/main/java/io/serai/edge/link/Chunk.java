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

    /** As the end of what came before: whatever comes first follows it. */
    static final long ANYWHERE = -1;

    /**
     * What a DATA frame costs of the credit. Both sides count alike.
     *
     * @param end where the DATA before it ended
     */
    static int cost(long end, long offset, int count) {
        return end == ANYWHERE || end == offset ? count : Math.max(count, GATHERED_BYTES);
    }

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
