package io.serai.edge.message;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Writes the fields of a message in the wire format of Protocol Buffers (proto3): ascending field numbers, default values
 * left out, so one message has exactly one encoding.
 */
final class FieldWriter {
    static final int VARINT = 0;
    static final int FIXED64 = 1;
    static final int BYTES = 2;
    static final int FIXED32 = 5;

    private static final int FIRST_BYTES = 128;

    private byte[] buffer = new byte[FIRST_BYTES];
    private int length;

    /** An unsigned or non-negative number; 0 is left out. */
    FieldWriter number(int field, long value) {
        return value == 0 ? this : present(field, value);
    }

    FieldWriter number(int field, OptionalLong value) {
        return value.isEmpty() ? this : present(field, value.getAsLong());
    }

    FieldWriter flag(int field, boolean value) {
        return number(field, value ? 1 : 0);
    }

    FieldWriter text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    FieldWriter text(int field, Optional<String> value) {
        return value.isEmpty() ? this : presentBytes(field, value.get().getBytes(StandardCharsets.UTF_8));
    }

    FieldWriter texts(int field, Collection<String> values) {
        values.forEach(value -> presentBytes(field, value.getBytes(StandardCharsets.UTF_8)));
        return this;
    }

    FieldWriter bytes(int field, byte[] value) {
        return value.length == 0 ? this : presentBytes(field, value);
    }

    /** A message within this one; written even if it is empty, since being there may mean something. */
    FieldWriter message(int field, FieldWriter nested) {
        return presentBytes(field, nested.done());
    }

    FieldWriter uuid(int field, UUID value) {
        byte[] bytes = new byte[16];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (byte) (value.getMostSignificantBits() >>> 56 - 8 * i);
            bytes[8 + i] = (byte) (value.getLeastSignificantBits() >>> 56 - 8 * i);
        }
        return presentBytes(field, bytes);
    }

    /** The encoding; the writer's own copy is wiped, for it may hold a secret. */
    byte[] done() {
        byte[] result = Arrays.copyOf(buffer, length);
        Arrays.fill(buffer, (byte) 0);
        length = 0;
        return result;
    }

    private FieldWriter present(int field, long value) {
        varint((long) field << 3 | VARINT);
        varint(value);
        return this;
    }

    private FieldWriter presentBytes(int field, byte[] value) {
        varint((long) field << 3 | BYTES);
        varint(value.length);
        reserve(value.length);
        System.arraycopy(value, 0, buffer, length, value.length);
        length += value.length;
        return this;
    }

    private void varint(long value) {
        reserve(10);
        long left = value;
        while ((left & ~0x7fL) != 0) {
            buffer[length++] = (byte) (left & 0x7f | 0x80);
            left >>>= 7;
        }
        buffer[length++] = (byte) left;
    }

    private void reserve(int more) {
        if (buffer.length - length < more) {
            byte[] old = buffer;
            buffer = Arrays.copyOf(old, Math.max(2 * old.length, length + more));
            Arrays.fill(old, (byte) 0);
        }
    }
}
