package io.serai.edge.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Encodes frames, each into one buffer: a header that travels alone would be copied together with what follows it before
 * it is encrypted.
 */
public final class FrameWriter {
    private static final int TEXT_CHARACTERS = 1_000;

    private FrameWriter() {}

    /** A frame whose payload is a message, or nothing. */
    public static ByteBuf message(ByteBufAllocator allocator, FrameType type, int id, byte[] payload) {
        return header(allocator, type, id, payload.length).writeBytes(payload);
    }

    /** A frame whose payload is a number (a method, a kind, a status) and a message. */
    public static ByteBuf coded(ByteBufAllocator allocator, FrameType type, int id, int code, byte[] payload) {
        return header(allocator, type, id, 2 + payload.length).writeShort(code).writeBytes(payload);
    }

    public static ByteBuf ping(ByteBufAllocator allocator, FrameType type, long token) {
        return header(allocator, type, 0, 8).writeLong(token);
    }

    /** Takes this many bytes of the buffer, at most {@link FrameType#DATA_BYTES}. */
    public static ByteBuf data(ByteBufAllocator allocator, int id, long offset, ByteBuffer bytes, int count) {
        ByteBuf frame = header(allocator, FrameType.DATA, id, 8 + count).writeLong(offset);
        int limit = bytes.limit();
        frame.writeBytes(bytes.limit(bytes.position() + count));
        bytes.limit(limit);
        return frame;
    }

    /**
     * @param bytes further bytes that the peer may send
     * @param durableOffset up to where an upload is known to be on disk; 0 when nothing is said about it
     */
    public static ByteBuf credit(ByteBufAllocator allocator, int id, int bytes, long durableOffset) {
        return header(allocator, FrameType.CREDIT, id, 12).writeInt(bytes).writeLong(durableOffset);
    }

    public static ByteBuf seek(ByteBufAllocator allocator, int id, long offset, int epoch) {
        return header(allocator, FrameType.SEEK, id, 12).writeLong(offset).writeInt(epoch);
    }

    public static ByteBuf reset(ByteBufAllocator allocator, int id, int code, String text) {
        String shortened = text.length() > TEXT_CHARACTERS ? text.substring(0, TEXT_CHARACTERS) : text;
        return coded(allocator, FrameType.RESET, id, code, shortened.getBytes(StandardCharsets.UTF_8));
    }

    private static ByteBuf header(ByteBufAllocator allocator, FrameType type, int id, int payloadBytes) {
        if (!type.allows(payloadBytes)) {
            throw new IllegalArgumentException(type + " cannot carry " + payloadBytes + " bytes");
        }
        return allocator
                .directBuffer(FrameType.HEADER_BYTES + payloadBytes)
                .writeMedium(payloadBytes)
                .writeByte(type.number())
                .writeInt(id);
    }
}
