package io.serai.edge.message;

import io.serai.edge.ProtocolViolation;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/**
 * Reads the fields of a message in the wire format of Protocol Buffers. Fields may come in any order, unknown ones are
 * skipped, of one that comes twice the last counts; groups are refused. Every length is checked against what is there and
 * against the limit of its field before anything is allocated, and text must be valid UTF-8.
 */
final class FieldReader {
    private final byte[] bytes;
    private final int end;
    private int at;
    private int field;
    private int wireType;
    private boolean taken = true;

    FieldReader(byte[] bytes) {
        this(bytes, 0, bytes.length);
    }

    private FieldReader(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /** Moves to the next field, skipping the current one if nobody took it; false at the end of the message. */
    boolean next() throws ProtocolViolation {
        if (!taken) {
            skip();
        }
        if (at == end) {
            return false;
        }
        long tag = varint();
        long number = tag >>> 3;
        if (number == 0 || number > 0x1fff_ffff) {
            throw new ProtocolViolation("a message with the field number " + number);
        }
        field = (int) number;
        wireType = (int) (tag & 7);
        taken = false;
        return true;
    }

    int field() {
        return field;
    }

    long number() throws ProtocolViolation {
        expect(FieldWriter.VARINT);
        return varint();
    }

    /** A number that must lie between 0 and the limit. */
    long number(long limit) throws ProtocolViolation {
        long value = number();
        if (value < 0 || value > limit) {
            throw new ProtocolViolation("the field " + field + " has the value " + Long.toUnsignedString(value));
        }
        return value;
    }

    int integer(int limit) throws ProtocolViolation {
        return (int) number(limit);
    }

    boolean flag() throws ProtocolViolation {
        return number() != 0;
    }

    byte[] bytes(int limit) throws ProtocolViolation {
        int count = length(limit);
        byte[] value = Arrays.copyOfRange(bytes, at, at + count);
        at += count;
        return value;
    }

    String text(int limitBytes) throws ProtocolViolation {
        int count = length(limitBytes);
        ByteBuffer encoded = ByteBuffer.wrap(bytes, at, count);
        at += count;
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(encoded).toString();
        } catch (CharacterCodingException e) {
            throw new ProtocolViolation("the text of field " + field + " is not UTF-8");
        }
    }

    UUID uuid() throws ProtocolViolation {
        if (length(16) != 16) {
            throw new ProtocolViolation("the field " + field + " is not an id of 16 bytes");
        }
        ByteBuffer id = ByteBuffer.wrap(bytes, at, 16);
        at += 16;
        return new UUID(id.getLong(), id.getLong());
    }

    /** The fields of the message in this field; to be read before this reader goes on. */
    FieldReader message() throws ProtocolViolation {
        int count = length(end - at);
        FieldReader nested = new FieldReader(bytes, at, at + count);
        at += count;
        return nested;
    }

    private void expect(int type) throws ProtocolViolation {
        if (wireType != type) {
            throw new ProtocolViolation("the field " + field + " has the wire type " + wireType);
        }
        taken = true;
    }

    private int length(int limit) throws ProtocolViolation {
        expect(FieldWriter.BYTES);
        long count = varint();
        if (count < 0 || count > end - at || count > limit) {
            throw new ProtocolViolation("the field " + field + " is too long: " + Long.toUnsignedString(count));
        }
        return (int) count;
    }

    private void skip() throws ProtocolViolation {
        switch (wireType) {
            case FieldWriter.VARINT -> varint();
            case FieldWriter.FIXED64 -> forward(8);
            case FieldWriter.BYTES -> forward(length(end - at));
            case FieldWriter.FIXED32 -> forward(4);
            default -> throw new ProtocolViolation("a field of the wire type " + wireType);
        }
        taken = true;
    }

    private void forward(int count) throws ProtocolViolation {
        if (end - at < count) {
            throw new ProtocolViolation("a message that ends within a field");
        }
        at += count;
    }

    private long varint() throws ProtocolViolation {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            if (at == end) {
                throw new ProtocolViolation("a message that ends within a number");
            }
            byte b = bytes[at++];
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw new ProtocolViolation("a number of more than 10 bytes");
    }
}
