package io.serai.cluster.lease;

import io.serai.cluster.node.NodeFence;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Guards a transaction by a lease: from the guard to its end nobody else can acquire that lease. */
public final class LeaseFence {
    private static final String GUARD = """
            select 1 from lease where name = ? and token = ? and until > clock_timestamp() for key share""";

    private LeaseFence() {}

    /**
     * Call this first in a transaction that does something under a lease.
     *
     * @throws SeraiException {@code FENCED} when the lease, or the node lease of its holder, has ended
     */
    public static void guard(Connection connection, LeaseToken token) throws SQLException {
        NodeFence.guard(connection, token.holder());
        try (PreparedStatement statement = connection.prepareStatement(GUARD)) {
            statement.setString(1, token.name().toString());
            statement.setLong(2, token.token());
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    throw new SeraiException(
                            ErrorCode.FENCED,
                            "the lease " + token.name() + " with token " + token.token()
                                    + " has ended; another node may hold it");
                }
            }
        }
    }
}
