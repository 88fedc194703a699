package io.serai.cluster.transaction;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * The table of decisions: it is the log of transactions with several resources. A commit is decided by the commit of the
 * transaction's own part in this database, a rollback by a row that comes before that. Whatever a node believes of
 * itself or of another, there is one outcome.
 */
final class TransactionOutcomes {
    /** From here to the commit little may pass: a node that freezes meanwhile keeps others waiting for its decision. */
    private static final String DECIDE = """
            with soon as (select set_config('idle_in_transaction_session_timeout', '5s', true))
            insert into transaction_outcome (gid, committed, node, participants)
            select ?, true, ?, ? from soon on conflict do nothing
            """;

    private static final String REFUSE =
            "insert into transaction_outcome (gid, committed, node, participants) values (?, false, ?, '{}')"
                    + " on conflict do nothing";

    private static final String READ = "select committed from transaction_outcome where gid = ?";

    private static final String DECIDED = """
            select gid, participants from transaction_outcome
             where committed and decided_at < clock_timestamp() - interval '1 second'
             order by decided_at limit ?""";

    private static final String FORGET = "delete from transaction_outcome where gid = any (?)";

    private static final String FORGET_OLD = """
            delete from transaction_outcome
             where decided_at < clock_timestamp() - case when committed then interval '30 days' else interval '1 day' end
            """;

    private static final String LIVE_BOOTS =
            "select boot_id from node where state in ('active', 'draining') and lease_until > clock_timestamp()";

    private final Database database;
    private final NodeName node;

    TransactionOutcomes(Database database, NodeName node) {
        this.database = database;
        this.node = node;
    }

    /** A commit that some participants, by their identities, may not have heard of. */
    record Decided(TransactionId id, Set<String> participants) {}

    /** Decides for commit, with the commit of this connection's transaction and no earlier. */
    void decide(Connection connection, TransactionId id, Collection<String> participants) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(DECIDE)) {
            statement.setBytes(1, id.bytes());
            statement.setString(2, node.value());
            statement.setArray(3, connection.createArrayOf("text", participants.toArray()));
            if (statement.executeUpdate() != 1) {
                throw new SeraiException(
                        ErrorCode.FENCED,
                        "transaction " + id + " was rolled back by another node, which found it without an owner");
            }
        }
    }

    /**
     * The outcome of a transaction, decided for rollback now if nothing was decided before. Waits for a decision that is
     * being made.
     */
    boolean settle(TransactionId id) {
        boolean refused = database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(REFUSE)) {
                statement.setBytes(1, id.bytes());
                statement.setString(2, node.value());
                return statement.executeUpdate() == 1;
            }
        });
        return !refused && isCommitted(id);
    }

    private boolean isCommitted(TransactionId id) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(READ)) {
                statement.setBytes(1, id.bytes());
                try (ResultSet rows = statement.executeQuery()) {
                    return rows.next() && rows.getBoolean(1);
                }
            }
        });
    }

    /** Commits of a second ago or longer, the oldest first. */
    List<Decided> decided(int limit) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(DECIDED)) {
                statement.setInt(1, limit);
                try (ResultSet rows = statement.executeQuery()) {
                    List<Decided> found = new ArrayList<>();
                    while (rows.next()) {
                        Set<String> participants = texts(rows.getArray(2));
                        TransactionId.of(rows.getBytes(1)).ifPresent(id -> found.add(new Decided(id, participants)));
                    }
                    return found;
                }
            }
        });
    }

    private static Set<String> texts(Array array) throws SQLException {
        Set<String> texts = new HashSet<>();
        for (Object text : (Object[]) array.getArray()) {
            texts.add(String.valueOf(text));
        }
        return texts;
    }

    void forget(Collection<TransactionId> ids) {
        if (ids.isEmpty()) {
            return;
        }
        byte[][] bytes = ids.stream().map(TransactionId::bytes).toArray(byte[][]::new);
        database.execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(FORGET)) {
                statement.setArray(1, connection.createArrayOf("bytea", bytes));
                statement.executeUpdate();
            }
        });
    }

    /** Rollbacks that no frozen node can be unaware of any more, and commits whose participants went away. */
    void forgetOld() {
        database.execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(FORGET_OLD)) {
                statement.executeUpdate();
            }
        });
    }

    /** Boots whose lease has not ended. */
    Set<UUID> liveBoots() {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LIVE_BOOTS);
                    ResultSet rows = statement.executeQuery()) {
                Set<UUID> boots = new HashSet<>();
                while (rows.next()) {
                    boots.add(rows.getObject(1, UUID.class));
                }
                return boots;
            }
        });
    }

    /** The id that this cluster has had since its first start. */
    static UUID clusterId(Database database) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("select id from cluster");
                    ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    throw new SeraiException(ErrorCode.DEFECT, "the database has no row that names the cluster");
                }
                return rows.getObject(1, UUID.class);
            }
        });
    }
}
