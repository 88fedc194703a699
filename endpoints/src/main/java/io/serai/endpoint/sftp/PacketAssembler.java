package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Puts SFTP packets together from the pieces in which a channel delivers them. A packet is {@code uint32 length} and
 * that many bytes; a length that is zero or beyond the limit ends the conversation before anything is allocated. Used by
 * one thread at a time.
 */
final class PacketAssembler {
    private static final int LENGTH_BYTES = 4;

    private final int maxPacketBytes;
    private final Consumer<byte[]> packets;

    private int length;
    private int lengthBytesSeen;
    private byte @Nullable [] packet;
    private int filled;

    /**
     * @param packets takes each packet without its length
     */
    PacketAssembler(int maxPacketBytes, Consumer<byte[]> packets) {
        this.maxPacketBytes = maxPacketBytes;
        this.packets = packets;
    }

    /** Takes the next piece; the array is not kept. */
    void accept(byte[] piece, int start, int count) {
        int at = start;
        int end = start + count;
        while (at < end) {
            if (packet == null) {
                length = (length << 8) | (piece[at++] & 0xff);
                lengthBytesSeen++;
                if (lengthBytesSeen == LENGTH_BYTES) {
                    packet = new byte[checkedLength()];
                    filled = 0;
                }
                continue;
            }
            int part = Math.min(end - at, packet.length - filled);
            System.arraycopy(piece, at, packet, filled, part);
            filled += part;
            at += part;
            if (filled == packet.length) {
                byte[] complete = packet;
                packet = null;
                length = 0;
                lengthBytesSeen = 0;
                packets.accept(complete);
            }
        }
    }

    private int checkedLength() {
        if (length < 1 || length > maxPacketBytes) {
            throw new SeraiException(
                    ErrorCode.TOO_LARGE,
                    "An SFTP packet announced " + Integer.toUnsignedString(length) + " bytes; 1 to " + maxPacketBytes
                            + " are allowed");
        }
        return length;
    }
}
