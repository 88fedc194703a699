package io.serai.edge.frame;

import io.netty.buffer.ByteBuf;
import io.serai.edge.ProtocolViolation;
import java.util.Arrays;
import java.util.Optional;

/**
 * Decodes frames from bytes as they come, whatever the pieces are. File bytes are handed on as slices of those pieces, so
 * they are never copied; other payloads are gathered in an array that grows with what has really arrived. A length that
 * its type does not allow is refused when the header is complete, before anything is kept.
 *
 * <p>The first frame must be HELLO, and there is only one; or it is the BYE of a side that refuses the other one's. After a violation the reader must not be used again. Not safe
 * for several threads.
 */
public final class FrameReader {
    private static final int FIRST_PIECE_BYTES = 4_096;
    private static final byte[] NOTHING = new byte[0];

    private enum State {
        HEADER,
        PAYLOAD,
        DATA_OFFSET,
        DATA,
        SKIP
    }

    private State state = State.HEADER;
    private FrameType type = FrameType.HELLO;
    private boolean greeted;
    private int id;
    private int expected;
    private long dataOffset;
    private final byte[] head = new byte[FrameType.HEADER_BYTES];
    private int headFilled;
    private byte[] payload = NOTHING;
    private int filled;

    /** Takes all bytes of the buffer. */
    public void read(ByteBuf in, FrameHandler handler) throws ProtocolViolation {
        boolean again = true;
        while (again) {
            again = switch (state) {
                case HEADER -> readHeader(in, handler);
                case PAYLOAD -> readPayload(in, handler);
                case DATA_OFFSET -> readDataOffset(in, handler);
                case DATA -> readData(in, handler);
                case SKIP -> skip(in);
            };
        }
    }

    /** Whether the bytes so far end between two frames. */
    public boolean isBetweenFrames() {
        return state == State.HEADER && headFilled == 0;
    }

    private boolean readHead(ByteBuf in, int bytes) {
        int take = Math.min(bytes - headFilled, in.readableBytes());
        in.readBytes(head, headFilled, take);
        headFilled += take;
        if (headFilled < bytes) {
            return false;
        }
        headFilled = 0;
        return true;
    }

    private boolean readHeader(ByteBuf in, FrameHandler handler) throws ProtocolViolation {
        if (!readHead(in, FrameType.HEADER_BYTES)) {
            return false;
        }
        int length = (head[0] & 0xff) << 16 | (head[1] & 0xff) << 8 | head[2] & 0xff;
        int number = head[3] & 0xff;
        id = intAt(4);
        expected = length;
        Optional<FrameType> known = FrameType.of(number);
        if (!greeted && known.orElse(null) != FrameType.HELLO && known.orElse(null) != FrameType.BYE) {
            throw new ProtocolViolation("the first frame is not HELLO");
        }
        if (known.isEmpty()) {
            return beginUnknown(number, handler);
        }
        type = known.get();
        if (greeted && type == FrameType.HELLO) {
            throw new ProtocolViolation("a second HELLO");
        }
        greeted |= type == FrameType.HELLO;
        if (!type.allows(length)) {
            throw new ProtocolViolation("a " + type + " of " + length + " bytes");
        }
        if (id < 0 || (id == 0) != type.isOfTheConnection()) {
            throw new ProtocolViolation("a " + type + " with the id " + id);
        }
        if (type == FrameType.DATA) {
            state = State.DATA_OFFSET;
        } else {
            payload = length == 0 ? NOTHING : new byte[Math.min(length, FIRST_PIECE_BYTES)];
            filled = 0;
            state = State.PAYLOAD;
        }
        return true;
    }

    private boolean beginUnknown(int number, FrameHandler handler) throws ProtocolViolation {
        if ((number & FrameType.IGNORABLE) == 0) {
            throw new ProtocolViolation("a frame of the unknown type " + number);
        }
        if (expected > FrameType.MESSAGE_BYTES) {
            throw new ProtocolViolation("a frame of " + expected + " bytes of the unknown type " + number);
        }
        handler.ignored(number);
        state = State.SKIP;
        return true;
    }

    private boolean readPayload(ByteBuf in, FrameHandler handler) throws ProtocolViolation {
        while (filled < expected && in.isReadable()) {
            if (filled == payload.length) {
                payload = Arrays.copyOf(payload, Math.min(expected, 4 * payload.length));
            }
            int take = Math.min(payload.length - filled, in.readableBytes());
            in.readBytes(payload, filled, take);
            filled += take;
        }
        if (filled < expected) {
            return false;
        }
        byte[] whole = payload;
        payload = NOTHING;
        state = State.HEADER;
        handler.frame(type, id, whole);
        return true;
    }

    private boolean readDataOffset(ByteBuf in, FrameHandler handler) throws ProtocolViolation {
        if (!readHead(in, 8)) {
            return false;
        }
        dataOffset = (long) intAt(0) << 32 | intAt(4) & 0xffffffffL;
        expected -= 8;
        if (dataOffset < 0 || dataOffset + expected < 0) {
            throw new ProtocolViolation("a DATA at the offset " + dataOffset);
        }
        handler.dataBegins(id, dataOffset, expected);
        state = State.DATA;
        return true;
    }

    private boolean readData(ByteBuf in, FrameHandler handler) throws ProtocolViolation {
        int take = Math.min(expected, in.readableBytes());
        if (take == 0) {
            return false;
        }
        ByteBuf piece = in.readSlice(take);
        long offset = dataOffset;
        dataOffset += take;
        expected -= take;
        if (expected == 0) {
            state = State.HEADER;
        }
        handler.data(id, offset, piece);
        return true;
    }

    private boolean skip(ByteBuf in) {
        int take = Math.min(expected, in.readableBytes());
        in.skipBytes(take);
        expected -= take;
        if (expected > 0) {
            return false;
        }
        state = State.HEADER;
        return true;
    }

    private int intAt(int at) {
        return (head[at] & 0xff) << 24 | (head[at + 1] & 0xff) << 16 | (head[at + 2] & 0xff) << 8 | head[at + 3] & 0xff;
    }
}
