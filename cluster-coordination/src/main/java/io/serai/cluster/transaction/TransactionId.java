package io.serai.cluster.transaction;

import com.arjuna.ats.arjuna.common.Uid;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import javax.transaction.xa.Xid;

/**
 * The global identifier of a transaction, the same in all resources that take part: a number that the transaction
 * manager made, and its {@link Owner}.
 *
 * @param hex the identifier's bytes
 */
record TransactionId(String hex, Owner owner) {
    /** The transaction manager's mark in the identifiers that it makes. */
    private static final int FORMAT = 131_077;

    /**
     * Who began a transaction: 28 characters, the most that an identifier has room for.
     *
     * @param cluster a mark of the cluster, 6 characters
     * @param boot the boot of the node
     */
    record Owner(String cluster, UUID boot) {
        private static final int CLUSTER_LENGTH = 6;
        private static final int LENGTH = 28;

        /** The owner that a boot of a node is in the cluster with this id. */
        static Owner of(UUID cluster, UUID boot) {
            return new Owner(encode(cluster).substring(0, CLUSTER_LENGTH), boot);
        }

        static Optional<Owner> parse(String text) {
            if (text.length() != LENGTH) {
                return Optional.empty();
            }
            try {
                ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(text.substring(CLUSTER_LENGTH)));
                UUID boot = new UUID(bytes.getLong(), bytes.getLong());
                return Optional.of(new Owner(text.substring(0, CLUSTER_LENGTH), boot));
            } catch (IllegalArgumentException | java.nio.BufferUnderflowException e) {
                return Optional.empty(); // another program's identifier
            }
        }

        private static String encode(UUID id) {
            byte[] bytes = ByteBuffer.allocate(16)
                    .putLong(id.getMostSignificantBits())
                    .putLong(id.getLeastSignificantBits())
                    .array();
            return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        }

        @Override
        public String toString() {
            return cluster + encode(boot);
        }
    }

    /** The identifier of a branch, if a node of Serai began its transaction. */
    static Optional<TransactionId> of(Xid xid) {
        return xid.getFormatId() == FORMAT ? of(xid.getGlobalTransactionId()) : Optional.empty();
    }

    static Optional<TransactionId> of(byte[] global) {
        if (global.length <= Uid.UID_SIZE) {
            return Optional.empty();
        }
        String owner = new String(Arrays.copyOfRange(global, Uid.UID_SIZE, global.length), StandardCharsets.ISO_8859_1);
        return Owner.parse(owner).map(parsed -> new TransactionId(HexFormat.of().formatHex(global), parsed));
    }

    byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }

    @Override
    public String toString() {
        return hex.substring(0, 2 * Uid.UID_SIZE);
    }
}
