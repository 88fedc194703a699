package io.serai.edge.link;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.frame.FrameType;
import io.serai.edge.frame.FrameWriter;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What a stream has to send: bytes that have credit, and END behind them. What does not follow the bytes before it costs the
 * credit of a whole buffer, since the receiver cannot gather it. Guarded by its stream's lock.
 */
final class SendQueue {
    /** What may wait here beyond what the connection has taken: four full frames. */
    private static final int MOST_BYTES = 4 * FrameType.FULL_DATA_BYTES;
    /** With no more than this here, more is wanted: who reads is woken once for several frames. */
    private static final int LOW_BYTES = MOST_BYTES / 2;

    private final ByteBufAllocator allocator;
    private final int id;
    private final SendWindow credit;
    private final ArrayDeque<Queued> frames = new ArrayDeque<>();
    private long next = Chunk.ANYWHERE;
    private int bytes;
    private boolean scheduled;
    private boolean ended;
    private boolean endSent;

    /** A frame and the credit that was taken for it. */
    private record Queued(ByteBuf frame, int cost) {}

    SendQueue(ByteBufAllocator allocator, int id, int earlyWindow) {
        this.allocator = allocator;
        this.id = id;
        this.credit = new SendWindow(earlyWindow);
    }

    /** How many bytes that follow the ones before it would take now. */
    int room() {
        return ended || bytes >= MOST_BYTES ? 0 : (int) Math.min(credit.left(), FrameType.FULL_DATA_BYTES);
    }

    /** How many bytes it would take now for this offset. */
    int room(long offset) {
        return credit.left() < Chunk.cost(next, offset, 1) ? 0 : room();
    }

    /** Takes as many bytes as it has room for, in one frame. */
    int add(ByteBuffer data, long offset) {
        int count = Math.min(data.remaining(), room(offset));
        if (count > 0) {
            int cost = Chunk.cost(next, offset, count);
            credit.take(cost);
            frames.add(new Queued(FrameWriter.data(allocator, id, offset, data, count), cost));
            bytes += count;
            next = offset + count;
        }
        return count;
    }

    void end(byte[] message) {
        ended = true;
        frames.add(new Queued(FrameWriter.message(allocator, FrameType.END, id, message), 0));
    }

    boolean isEnded() {
        return ended;
    }

    /** Whether the connection has taken END. */
    boolean isEndSent() {
        return endSent;
    }

    void grant(int more) throws ProtocolViolation {
        credit.grant(more);
    }

    /** The reader has jumped: drops what waits, and marks where the bytes of the new epoch begin. */
    void jump(long offset, int epoch) {
        clear();
        ended = false;
        endSent = false;
        next = Chunk.ANYWHERE;
        frames.add(new Queued(FrameWriter.seek(allocator, id, offset, epoch), 0));
    }

    /** The next frame; null when there is none, and then it has to be scheduled anew. */
    @Nullable
    ByteBuf poll() {
        Queued first = frames.poll();
        if (first == null) {
            scheduled = false;
            return null;
        }
        bytes -= fileBytes(first.frame());
        endSent |= ended && frames.isEmpty();
        return first.frame();
    }

    /** Whether it is time to put more in. */
    boolean isLow() {
        return bytes <= LOW_BYTES;
    }

    /** Whether it is to be put among those that have something to send: true once, until {@link #poll} is null. */
    boolean schedule() {
        boolean was = scheduled;
        scheduled = true;
        return !was;
    }

    /** Drops what waits; the credit for it is there again. */
    void clear() {
        for (Queued each = frames.poll(); each != null; each = frames.poll()) {
            credit.putBack(each.cost());
            each.frame().release();
        }
        bytes = 0;
    }

    private static int fileBytes(ByteBuf frame) {
        boolean data = frame.getUnsignedByte(3) == FrameType.DATA.number();
        return data ? frame.readableBytes() - FrameType.HEADER_BYTES - 8 : 0;
    }
}
