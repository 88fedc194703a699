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
    private final ArrayDeque<Kept> chunks = new ArrayDeque<>();
    private long next = Chunk.ANYWHERE;
    /** What the frame that has begun costs more than its bytes, until its first piece is kept. */
    private int extra;
    /** What was taken or dropped has cost so much more than its bytes; it goes back with the next credit. */
    private int extraDue;

    private byte @Nullable [] ended;
    private boolean jumping;
    private boolean dropping;

    /** A piece, and what it costs of the credit more than its bytes. */
    private record Kept(Chunk chunk, int extra) {}

    ReceiveQueue(ByteBufAllocator allocator, ReceiveWindow window) {
        this.allocator = allocator;
        this.window = window;
    }

    /** A DATA frame of so many bytes begins. */
    void begin(long offset, int count) throws ProtocolViolation {
        if (ended != null) {
            throw new ProtocolViolation("DATA after END");
        }
        int cost = Chunk.cost(next, offset, count);
        next = offset + count;
        extra = cost - count;
        if (!window.receive(cost)) {
            throw new ProtocolViolation(
                    ProtocolViolation.Rule.FLOW_CONTROL, "DATA beyond the credit of " + window.granted());
        }
        dropping = jumping;
    }

    /** Keeps the next bytes of it; false if they are of before a jump, and so count as consumed at once. */
    boolean keep(long offset, ByteBuf bytes) {
        int more = extra;
        extra = 0;
        if (dropping || jumping) {
            extraDue += more;
            return false;
        }
        if (bytes.readableBytes() >= Chunk.GATHERED_BYTES) {
            chunks.add(new Kept(new Chunk(offset, bytes.retainedSlice()), more));
            return true;
        }
        Kept last = chunks.peekLast();
        if (last == null || !last.chunk().gathers(offset, bytes)) {
            ByteBuf own = allocator.directBuffer(Chunk.GATHERED_BYTES, Chunk.GATHERED_BYTES);
            chunks.add(new Kept(new Chunk(offset, own.writeBytes(bytes)), more));
        } else {
            extraDue += more;
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
        Kept first = chunks.poll();
        if (first == null) {
            return null;
        }
        extraDue += first.extra();
        return first.chunk();
    }

    /** Counts bytes as consumed, with what they have cost beside; returns the further credit to give now, or 0. */
    int consume(int bytes) {
        int cost = bytes + extraDue;
        extraDue = 0;
        return window.consume(cost);
    }

    boolean hasPieces() {
        return !chunks.isEmpty();
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
        next = Chunk.ANYWHERE;
    }

    int clear() {
        int bytes = 0;
        for (Chunk chunk = poll(); chunk != null; chunk = poll()) {
            bytes += chunk.length();
            chunk.bytes().release();
        }
        return bytes == 0 ? 0 : consume(bytes);
    }

    ReceiveWindow window() {
        return window;
    }
}
