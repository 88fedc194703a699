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
    }

    private record Row(long epoch, UUID bootId, String address, NodeState state, boolean live, Instant until) {}

    /** Registers with a new epoch; {@code deadBoots} are boots of this name whose process is known to be dead. */
    Registration register(Connection connection, Set<UUID> deadBoots) throws SQLException {
        Optional<Row> found = lockRow(connection);
        if (found.isEmpty()) {
            return new Registration.Registered(insert(connection));
        }
        Row row = found.get();
        if (row.state() == NodeState.REMOVED) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the node \"" + identity.name() + "\" was removed from the cluster: give this server another"
                            + " node.name");
        }
        boolean ours = row.bootId().equals(identity.bootId()) || deadBoots.contains(row.bootId());
        if (row.live() && !ours) {
            return new Registration.HeldByAnother(row.bootId(), row.address(), row.until());
        }
        recordTakeover(connection, row);
        return new Registration.Registered(update(connection));
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
                insert into node (name, epoch, boot_id, version, address, state, lease_until)
                values (?, nextval('node_epoch'), ?, ?, ?, 'active', clock_timestamp() + make_interval(secs => ?))
                returning epoch""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, identity.name().value());
            statement.setObject(2, identity.bootId());
            statement.setString(3, identity.version());
            statement.setString(4, identity.address());
            statement.setDouble(5, seconds(ttl));
            return token(statement);
        }
    }

    private FencingToken update(Connection connection) throws SQLException {
        String sql = """
                update node set epoch = nextval('node_epoch'), boot_id = ?, version = ?, address = ?, state = 'active',
                    started_at = clock_timestamp(), lease_until = clock_timestamp() + make_interval(secs => ?)
                where name = ?
                returning epoch""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, identity.bootId());
            statement.setString(2, identity.version());
            statement.setString(3, identity.address());
            statement.setDouble(4, seconds(ttl));
            statement.setString(5, identity.name().value());
            return token(statement);
        }
    }

    private FencingToken token(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            rows.next();
            return new FencingToken(identity.name(), rows.getLong(1));
        }
    }

    /** The former epoch of this name left work to this node. */
    private void recordTakeover(Connection connection, Row row) throws SQLException {
        Takeover.record(connection, new DeadBoot(identity.name(), row.epoch(), row.bootId()), identity.name());
    }

    /** Prolongs the lease; false when it has ended. */
    boolean renew(Connection connection, FencingToken token) throws SQLException {
        String sql = """
                update node set lease_until = clock_timestamp() + make_interval(secs => ?)
                where name = ? and epoch = ? and state in ('active', 'draining') and lease_until > clock_timestamp()""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setDouble(1, seconds(ttl));
            setToken(statement, 2, token);
            return statement.executeUpdate() == 1;
        }
    }

    void drain(Connection connection, FencingToken token) throws SQLException {
        changeState(connection, token, NodeState.DRAINING);
    }

    void stop(Connection connection, FencingToken token) throws SQLException {
        changeState(connection, token, NodeState.STOPPED);
    }

    private static void changeState(Connection connection, FencingToken token, NodeState state) throws SQLException {
        String sql = "update node set state = ? where name = ? and epoch = ? and state in ('active', 'draining')";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, state.text());
            setToken(statement, 2, token);
            statement.executeUpdate();
        }
    }

    private static void setToken(PreparedStatement statement, int from, FencingToken token) throws SQLException {
        NodeName name = token.node();
        statement.setString(from, name.value());
        statement.setLong(from + 1, token.epoch());
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}
