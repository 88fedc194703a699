package io.serai.edge.frame;

import java.util.Arrays;
import java.util.Optional;

/** Every frame of the link, its number and the sizes that its payload may have. */
public enum FrameType {
    HELLO(0x01, 0, 16_384),
    PING(0x02, 8, 8),
    PONG(0x03, 8, 8),
    LINK_STATUS(0x04, 0, 16_384),
    BYE(0x05, 0, 4_096),
    REQUEST(0x10, 2, FrameType.MESSAGE_BYTES),
    REPLY(0x11, 2, FrameType.MESSAGE_BYTES),
    CANCEL(0x12, 0, 0),
    EVENT(0x13, 2, FrameType.MESSAGE_BYTES),
    OPEN(0x20, 2, 65_536),
    OPENED(0x21, 0, 16_384),
    DATA(0x22, 9, FrameType.DATA_BYTES + 8),
    CREDIT(0x23, 12, 12),
    END(0x24, 0, 16_384),
    RESULT(0x25, 2, 16_384),
    RESET(0x26, 2, 4_096),
    SEEK(0x27, 12, 12);

    /** The most that any frame may carry. */
    public static final int MESSAGE_BYTES = 262_144;

    /** The most file bytes in one DATA frame. */
    public static final int DATA_BYTES = 65_536;
    /** What is sent in a frame: with its header and offset it fills four TLS records, and leaves no small fifth one. */
    public static final int FULL_DATA_BYTES = 4 * 16_384 - 16;

    /** Length (24 bits), type (8), id (32). */
    public static final int HEADER_BYTES = 8;

    /** A type with this bit that is unknown is skipped; without it, it ends the connection. */
    public static final int IGNORABLE = 0x80;

    private static final FrameType[] BY_NUMBER = new FrameType[256];

    static {
        for (FrameType type : values()) {
            BY_NUMBER[type.number] = type;
        }
    }

    private final int number;
    private final int minBytes;
    private final int maxBytes;

    FrameType(int number, int minBytes, int maxBytes) {
        this.number = number;
        this.minBytes = minBytes;
        this.maxBytes = maxBytes;
    }

    public int number() {
        return number;
    }

    /** Whether a payload may be this long. */
    public boolean allows(int payloadBytes) {
        return payloadBytes >= minBytes && payloadBytes <= maxBytes;
    }

    /** Whether frames of this type speak of the connection as a whole, and so have the id 0. */
    public boolean isOfTheConnection() {
        return number <= BYE.number || this == EVENT;
    }

    /** The type of that number, if it is known. */
    public static Optional<FrameType> of(int number) {
        return Optional.ofNullable(BY_NUMBER[number & 0xff]);
    }

    /** The number that a payload of a REQUEST, REPLY, EVENT, OPEN, RESULT or RESET begins with. */
    public static int code(byte[] payload) {
        return (payload[0] & 0xff) << 8 | payload[1] & 0xff;
    }

    /** What follows that number. */
    public static byte[] messageOf(byte[] payload) {
        return Arrays.copyOfRange(payload, 2, payload.length);
    }
}
