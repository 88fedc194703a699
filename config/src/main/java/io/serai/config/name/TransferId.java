package io.serai.config.name;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/** One row of the ledger: one file moving one way between us and one peer. */
public record TransferId(UUID value) {
    private static final byte[] DOMAIN = "serai transfer".getBytes(StandardCharsets.US_ASCII);

    /** A new id from the platform's secure random source. */
    public static TransferId random() {
        return new TransferId(UUID.randomUUID());
    }

    /**
     * The id of an upload over a link, which both ends reckon: a UUID of version 8 (RFC 9562 section 5.8) from SHA-256. So an edge
     * knows it without an answer, and cannot choose one that another transfer has.
     *
     * @param link random, by the server
     * @param upload random, by the edge
     */
    public static TransferId of(SessionId session, UUID link, UUID upload) {
        try {
            ByteBuffer hash = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256")
                    .digest(ByteBuffer.allocate(DOMAIN.length + 48)
                            .put(DOMAIN)
                            .putLong(session.value().getMostSignificantBits())
                            .putLong(session.value().getLeastSignificantBits())
                            .putLong(link.getMostSignificantBits())
                            .putLong(link.getLeastSignificantBits())
                            .putLong(upload.getMostSignificantBits())
                            .putLong(upload.getLeastSignificantBits())
                            .array()));
            long high = hash.getLong() & ~0xf000L | 0x8000L;
            long low = hash.getLong() & 0x3fffffffffffffffL | 0x8000000000000000L;
            return new TransferId(new UUID(high, low));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java has no SHA-256", e);
        }
    }

    public static TransferId parse(String text) {
        return new TransferId(UUID.fromString(text));
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
