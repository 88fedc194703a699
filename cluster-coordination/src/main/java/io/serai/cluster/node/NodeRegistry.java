package io.serai.cluster.node;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** The statements on the table of nodes by which a lease is taken, kept and ended. The database's clock decides. */
final class NodeRegistry {
    private final NodeIdentity identity;
    private final Duration ttl;

    NodeRegistry(NodeIdentity identity, Duration ttl) {
        this.identity = identity;
        this.ttl = ttl;
    }

    /** What came of an attempt to register. */
    sealed interface Registration {
        /** The node is registered. */
        record Registered(FencingToken token) implements Registration {}

        /** Another boot has the name until then, unless it renews. */
        record HeldByAnother(UUID bootId, String address, Instant until) implements Registration {}

        /** An operator took the name out of the cluster. */
        record Removed() implements Registration {}
    }

    private record Row(long epoch, UUID bootId, String address, NodeState state, boolean live, Instant until) {}

    /**
     * Registers with a new epoch.
     *
     * @param deadBoots boots of this name whose process is known to be dead, or that are this one
     * @param loss why this very process lost its last lease, if it had one
     */
    Registration register(Connection connection, Set<UUID> deadBoots, Optional<LossReason> loss) throws SQLException {
        Optional<Row> found = lockRow(connection);
        if (found.isEmpty()) {
            return new Registration.Registered(insert(connection));
        }
        Row row = found.get();
        if (row.state() == NodeState.REMOVED) {
            return new Registration.Removed();
        }
        boolean ours = row.bootId().equals(identity.bootId()) || deadBoots.contains(row.bootId());
        if (row.live() && !ours) {
            return new Registration.HeldByAnother(row.bootId(), row.address(), row.until());
        }
        recordTakeover(connection, row, loss);
        FencingToken token = update(connection);
        NodeChannel.announce(connection);
        return new Registration.Registered(token);
    }

    SeraiException removed() {
        return new SeraiException(
                ErrorCode.INVALID,
                "the node \"" + identity.name() + "\" was removed from the cluster and does nothing: give this server"
                        + " another node.name, or let it in again with \"serai nodes invite\" and \"serai join\"");
    }

    private Optional<Row> lockRow(Connection connection) throws SQLException {
        String query = """
                select epoch, boot_id, address, state,
                       state in ('active', 'draining') and lease_until > clock_timestamp(), lease_until
                from node where name = ? for update""";
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            statement.setString(1, identity.name().value());
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    return Optional.empty();
                }
                return Optional.of(new Row(
                        rows.getLong(1),
                        rows.getObject(2, UUID.class),
                        rows.getString(3),
                        NodeState.of(rows.getString(4)),
                        rows.getBoolean(5),
                        rows.getTimestamp(6).toInstant()));
            }
        }
    }

    private FencingToken insert(Connection connection) throws SQLException {
        String sql = """
                insert into node (name, epoch, boot_id, version, address, capacity, labels, lease_millis, state,
                    renewed_at, lease_until)
                values (?, nextval('node_epoch'), ?, ?, ?, ?, ?, ?, 'active', clock_timestamp(),
                    clock_timestamp() + ? * interval '1 millisecond')
                returning epoch""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, identity.name().value());
            bindSelf(connection, statement, 2);
            return token(statement);
        }
    }

    private FencingToken update(Connection connection) throws SQLException {
        String sql = """
                update node set epoch = nextval('node_epoch'), boot_id = ?, version = ?, address = ?, capacity = ?,
                    labels = ?, lease_millis = ?, state = 'active', trouble = null, sessions = null,
                    running_events = null, renewed_at = clock_timestamp(), started_at = clock_timestamp(),
                    lease_until = clock_timestamp() + ? * interval '1 millisecond'
                where name = ?
                returning epoch""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bindSelf(connection, statement, 1);
            statement.setString(8, identity.name().value());
            return token(statement);
        }
    }

    private void bindSelf(Connection connection, PreparedStatement statement, int from) throws SQLException {
        statement.setObject(from, identity.bootId());
        statement.setString(from + 1, identity.version());
        statement.setString(from + 2, identity.address());
        statement.setInt(from + 3, identity.capacity());
        statement.setArray(
                from + 4, connection.createArrayOf("text", identity.labels().toArray()));
        statement.setLong(from + 5, ttl.toMillis());
        statement.setLong(from + 6, ttl.toMillis());
    }

    private FencingToken token(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            rows.next();
            return new FencingToken(identity.name(), rows.getLong(1));
        }
    }

    /** The former epoch of this name left work to this node, unless another has it already; now the cause is known. */
    private void recordTakeover(Connection connection, Row row, Optional<LossReason> loss) throws SQLException {
        boolean same = row.bootId().equals(identity.bootId());
        String cause = row.state() == NodeState.STOPPED
                ? LossReason.STOPPED.text()
                : same ? loss.map(LossReason::text).orElse("silent") : "died";
        DeadBoot former = new DeadBoot(identity.name(), row.epoch(), row.bootId());
        TakeoverTable.record(connection, former, identity.name(), cause);
        TakeoverTable.explain(connection, row.epoch(), cause);
    }

    /** Prolongs the lease and says how busy the node is; what operators want of it, or empty when the lease has ended. */
    Optional<WantedState> renew(Connection connection, FencingToken token, String address, NodeLoad load)
            throws SQLException {
        String sql = """
                update node set lease_until = clock_timestamp() + ? * interval '1 millisecond',
                    renewed_at = clock_timestamp(), renewals = renewals + 1, address = ?, sessions = ?,
                    running_events = ?, processor_load = ?, heap_used = ?, trouble = ?
                where name = ? and epoch = ? and state in ('active', 'draining') and lease_until > clock_timestamp()
                returning wanted""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, ttl.toMillis());
            statement.setString(2, address);
            statement.setInt(3, load.sessions());
            statement.setInt(4, load.runningEvents());
            statement.setDouble(5, load.processorLoad());
            statement.setDouble(6, load.heapUsed());
            statement.setString(7, load.trouble().orElse(null));
            setToken(statement, 8, token);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? Optional.of(WantedState.of(rows.getString(1))) : Optional.empty();
            }
        }
    }

    WantedState wanted(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select wanted from node where name = ?")) {
            statement.setString(1, identity.name().value());
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? WantedState.of(rows.getString(1)) : WantedState.ACTIVE;
            }
        }
    }

    void follow(Connection connection, FencingToken token, WantedState state) throws SQLException {
        boolean unused = changeState(
                connection,
                token,
                switch (state) {
                    case ACTIVE -> NodeState.ACTIVE;
                    case DRAINING -> NodeState.DRAINING;
                });
    }

    /**
     * Ends the lease; whatever the node has left is for whoever looks first: another node, or its own next start. Waits
     * for the node's transactions that are guarded by its row: what they commit must be seen by whoever takes over.
     */
    void stop(Connection connection, FencingToken token, UUID bootId) throws SQLException {
        lockRow(connection, token);
        if (changeState(connection, token, NodeState.STOPPED)) {
            DeadBoot stopped = new DeadBoot(token.node(), token.epoch(), bootId);
            TakeoverTable.record(connection, stopped, token.node(), LossReason.STOPPED.text());
        }
    }

    /** Lets the lease end now, so that others do this node's work at once. */
    void surrender(Connection connection, FencingToken token) throws SQLException {
        String sql = """
                update node set lease_until = least(lease_until, clock_timestamp())
                where name = ? and epoch = ? and state in ('active', 'draining')""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            setToken(statement, 1, token);
            statement.executeUpdate();
        }
        NodeChannel.announce(connection);
    }

    private static void lockRow(Connection connection, FencingToken token) throws SQLException {
        String sql = "select 1 from node where name = ? and epoch = ? for update";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            setToken(statement, 1, token);
            statement.execute();
        }
    }

    private static boolean changeState(Connection connection, FencingToken token, NodeState state) throws SQLException {
        String sql = "update node set state = ? where name = ? and epoch = ? and state in ('active', 'draining')";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, state.text());
            setToken(statement, 2, token);
            boolean changed = statement.executeUpdate() == 1;
            NodeChannel.announce(connection);
            return changed;
        }
    }

    private static void setToken(PreparedStatement statement, int from, FencingToken token) throws SQLException {
        NodeName name = token.node();
        statement.setString(from, name.value());
        statement.setLong(from + 1, token.epoch());
    }
}
