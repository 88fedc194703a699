package io.serai.cluster.node;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Guards a transaction by a fencing token: from the guard to its end nobody can take the node's work over.
 *
 * <p>The guard holds a key-share lock on the node's row. Renewals of the lease do not conflict with it; a takeover and a
 * new epoch do, and wait. Keep guarded transactions short: one in which the node says nothing for half its lease is rolled
 * back by the database, for a node that freezes in it would keep the others from its work.
 */
public final class NodeFence {
    private static final String GUARD = """
            select set_config('idle_in_transaction_session_timeout', coalesce(lease_millis / 2, 5000)::text, true)
            from node
            where name = ? and epoch = ? and state in ('active', 'draining') and lease_until > clock_timestamp()
            for key share""";

    private NodeFence() {}

    /**
     * Call this first in a transaction that does something in the name of the token's node.
     *
     * @throws SeraiException {@code FENCED} when the lease of this token has ended
     */
    public static void guard(Connection connection, FencingToken token) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(GUARD)) {
            statement.setString(1, token.node().value());
            statement.setLong(2, token.epoch());
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    throw fenced(token);
                }
            }
        }
    }

    static SeraiException fenced(FencingToken token) {
        return new SeraiException(
                ErrorCode.FENCED,
                "the lease of node " + token.node() + " with epoch " + token.epoch()
                        + " has ended; another node may do its work");
    }
}
