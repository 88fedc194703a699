package io.serai.edge.message;

import io.serai.edge.ProtocolViolation;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;

/**
 * What proves of a raw connection which passed-through connection it is for: the server shows one half at the edge's link
 * address, and the edge answers with the other. Random, told over the link alone, and good for one connection.
 */
public final class RawTicket {
    /** Of each half. */
    public static final int HALF_BYTES = 32;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final byte[] bytes;

    private RawTicket(byte[] bytes) {
        this.bytes = bytes;
    }

    public static RawTicket random() {
        byte[] bytes = new byte[2 * HALF_BYTES];
        RANDOM.nextBytes(bytes);
        return new RawTicket(bytes);
    }

    /** Empty where there is none. */
    static Optional<RawTicket> of(byte[] bytes) throws ProtocolViolation {
        if (bytes.length == 0) {
            return Optional.empty();
        }
        if (bytes.length != 2 * HALF_BYTES) {
            throw new ProtocolViolation("a ticket of " + bytes.length + " bytes");
        }
        return Optional.of(new RawTicket(bytes.clone()));
    }

    byte[] encode() {
        return bytes.clone();
    }

    /** What the server shows. */
    public byte[] shown() {
        return Arrays.copyOf(bytes, HALF_BYTES);
    }

    /** What the edge answers. */
    public byte[] answer() {
        return Arrays.copyOfRange(bytes, HALF_BYTES, bytes.length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RawTicket ticket && Arrays.equals(bytes, ticket.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Not what it says. */
    @Override
    public String toString() {
        return "raw ticket";
    }
}
