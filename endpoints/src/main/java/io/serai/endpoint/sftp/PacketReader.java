package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Reads the fields of one SFTP packet. A field that reaches beyond the packet is a
 * {@link java.nio.BufferUnderflowException}; nothing is allocated before that is known.
 */
final class PacketReader {
    private final ByteBuffer packet;

    PacketReader(byte[] packet) {
        this.packet = ByteBuffer.wrap(packet);
    }

    int uint8() {
        return packet.get() & 0xff;
    }

    /** A uint32 as its 32 bits. */
    int uint32() {
        return packet.getInt();
    }

    /** A uint32 as a number. */
    long unsigned32() {
        return packet.getInt() & 0xffffffffL;
    }

    /** A file offset or size; beyond 2^63 - 1 there are none. */
    long offset() {
        long value = packet.getLong();
        if (value < 0) {
            throw new SeraiException(ErrorCode.BAD_OFFSET, "A file offset of 2^63 or more");
        }
        return value;
    }

    /** The bytes of a string, without a copy. */
    ByteBuffer bytes() {
        int length = packet.getInt();
        if (length < 0 || length > packet.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer slice = packet.slice(packet.position(), length);
        packet.position(packet.position() + length);
        return slice;
    }

    /** A string in strict UTF-8. */
    String text() {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(bytes())
                    .toString();
        } catch (CharacterCodingException e) {
            throw new SeraiException(ErrorCode.NAME_INVALID, "A name that is not UTF-8", e);
        }
    }
}
