package io.serai.edge.link;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.serai.edge.ProtocolViolation;
import java.util.ArrayDeque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a stream has received and nobody has taken yet, and the window that bounds it. Guarded by its stream's lock. */
final class ReceiveQueue {
    private final ByteBufAllocator allocator;
    private final ReceiveWindow window;
    private final ArrayDeque<Chunk> chunks = new ArrayDeque<>();
    private byte @Nullable [] ended;
    private boolean jumping;
    private boolean dropping;

    ReceiveQueue(ByteBufAllocator allocator, ReceiveWindow window) {
        this.allocator = allocator;
        this.window = window;
    }

    /** A DATA frame of so many bytes begins. */
    void begin(int count) throws ProtocolViolation {
        if (ended != null) {
            throw new ProtocolViolation("DATA after END");
        }
        if (!window.receive(count)) {
            throw new ProtocolViolation(
                    ProtocolViolation.Rule.FLOW_CONTROL, "DATA beyond the credit of " + window.granted());
        }
        dropping = jumping;
    }

    /** Keeps the next bytes of it; false if they are of before a jump, and so count as consumed at once. */
    boolean keep(long offset, ByteBuf bytes) {
        if (dropping || jumping) {
            return false;
        }
        if (bytes.readableBytes() >= Chunk.GATHERED_BYTES) {
            chunks.add(new Chunk(offset, bytes.retainedSlice()));
            return true;
        }
        Chunk last = chunks.peekLast();
        if (last == null || !last.gathers(offset, bytes)) {
            ByteBuf own = allocator.directBuffer(Chunk.GATHERED_BYTES, Chunk.GATHERED_BYTES);
            chunks.add(new Chunk(offset, own.writeBytes(bytes)));
        }
        return true;
    }

    void end(byte[] message) throws ProtocolViolation {
        if (ended != null) {
            throw new ProtocolViolation("a second END");
        }
        if (!jumping) {
            ended = message;
        }
    }

    @Nullable
    Chunk poll() {
        return chunks.poll();
    }

    /** The message of END, when all before it was taken. */
    Optional<byte[]> ended() {
        return chunks.isEmpty() ? Optional.ofNullable(ended) : Optional.empty();
    }

    /** Whether END has come, be there something before it that was not taken yet. */
    boolean hasEnd() {
        return ended != null;
    }

    /** Drops what is here and what is on its way; returns the credit to give for the former. */
    int jump() {
        jumping = true;
        ended = null;
        return clear();
    }

    /** What comes from now on is of after the jump. */
    void jumped() {
        jumping = false;
    }

    int clear() {
        int bytes = 0;
        for (Chunk chunk = chunks.poll(); chunk != null; chunk = chunks.poll()) {
            bytes += chunk.length();
            chunk.bytes().release();
        }
        return bytes == 0 ? 0 : window.consume(bytes);
    }

    ReceiveWindow window() {
        return window;
    }
}
