package io.serai.cluster.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.edge.LinkPins;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The cluster's nodes as operators see them, and what operators do with them from any node. */
public final class Nodes {
    private static final String LIST = """
            select n.name, n.epoch, n.boot_id, n.version, n.address, n.state,
                   n.state in ('active', 'draining') and n.lease_until > clock_timestamp() as live,
                   n.started_at, n.renewed_at, n.lease_until,
                   (extract(epoch from n.lease_until - clock_timestamp()) * 1000)::bigint as left_millis,
                   n.lease_millis, n.renewals, n.capacity, n.labels, n.sessions, n.running_events, n.processor_load,
                   n.heap_used, n.trouble, n.wanted, n.wanted_by, n.wanted_at,
                   (select count(*) from takeover t where t.taken_by = n.name and t.node <> n.name) as takeovers,
                   (select count(*) from event e where e.state = 'claimed' and e.claimed_epoch = n.epoch) as claims
            from node n order by n.name""";

    private final Database database;

    public Nodes(Database database) {
        this.database = database;
    }

    /**
     * A node's row. What only newer versions tell is empty for a node that runs an older one.
     *
     * @param live whether its lease has not ended, by the database's clock
     * @param leaseLeft negative when it has ended
     * @param takeovers how many other nodes' boots it took over
     * @param claims events that it holds
     */
    public record NodeView(
            NodeName name,
            long epoch,
            UUID bootId,
            String version,
            String address,
            NodeState state,
            boolean live,
            Instant startedAt,
            Optional<Instant> renewedAt,
            Instant leaseUntil,
            Duration leaseLeft,
            Optional<Duration> lease,
            long renewals,
            Optional<Integer> capacity,
            List<String> labels,
            Optional<NodeLoad> load,
            Wanted wanted,
            long takeovers,
            long claims) {}

    /** What operators want of a node, and who said so when. */
    public record Wanted(WantedState state, Optional<String> by, Optional<Instant> at) {}

    /** All nodes that ever registered, by name. */
    public List<NodeView> list() {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LIST);
                    ResultSet rows = statement.executeQuery()) {
                List<NodeView> nodes = new ArrayList<>();
                while (rows.next()) {
                    nodes.add(view(rows));
                }
                return nodes;
            }
        });
    }

    private static NodeView view(ResultSet rows) throws SQLException {
        Array labels = rows.getArray("labels");
        return new NodeView(
                new NodeName(rows.getString("name")),
                rows.getLong("epoch"),
                rows.getObject("boot_id", UUID.class),
                rows.getString("version"),
                rows.getString("address"),
                NodeState.of(rows.getString("state")),
                rows.getBoolean("live"),
                rows.getTimestamp("started_at").toInstant(),
                instant(rows, "renewed_at"),
                rows.getTimestamp("lease_until").toInstant(),
                Duration.ofMillis(rows.getLong("left_millis")),
                Optional.ofNullable(rows.getObject("lease_millis", Long.class)).map(Duration::ofMillis),
                rows.getLong("renewals"),
                Optional.ofNullable(rows.getObject("capacity", Integer.class)),
                Arrays.asList((String[]) labels.getArray()),
                load(rows),
                new Wanted(
                        WantedState.of(rows.getString("wanted")),
                        Optional.ofNullable(rows.getString("wanted_by")),
                        instant(rows, "wanted_at")),
                rows.getLong("takeovers"),
                rows.getLong("claims"));
    }

    private static Optional<NodeLoad> load(ResultSet rows) throws SQLException {
        Integer sessions = rows.getObject("sessions", Integer.class);
        if (sessions == null) {
            return Optional.empty();
        }
        return Optional.of(new NodeLoad(
                sessions,
                rows.getInt("running_events"),
                rows.getDouble("processor_load"),
                rows.getDouble("heap_used"),
                Optional.ofNullable(rows.getString("trouble"))));
    }

    static Optional<Instant> instant(ResultSet rows, String column) throws SQLException {
        @Nullable Timestamp time = rows.getTimestamp(column);
        return Optional.ofNullable(time).map(Timestamp::toInstant);
    }

    /**
     * Says what is wanted of a node; it follows within about a second, and keeps to it after a restart.
     *
     * @throws SeraiException {@code NO_SUCH_OBJECT} if there is no such node, {@code INVALID} if it was removed
     */
    public void want(NodeName name, WantedState state, String by) {
        int changed = database.transaction(connection -> {
            String sql = """
                    update node set wanted = ?, wanted_by = ?, wanted_at = clock_timestamp()
                    where name = ? and state <> 'removed'""";
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setString(1, state.text());
                statement.setString(2, by);
                statement.setString(3, name.value());
                int count = statement.executeUpdate();
                NodeChannel.announce(connection);
                return count;
            }
        });
        if (changed == 0) {
            throw unknown(name, () -> new SeraiException(ErrorCode.INVALID, "node " + name + " was removed"));
        }
    }

    /**
     * Takes a node's name out of the cluster; it cannot register any more.
     *
     * @throws SeraiException {@code OBJECT_IN_USE} while it runs or its work is not yet taken over, {@code
     *     NO_SUCH_OBJECT} if there is none
     */
    public void remove(NodeName name) {
        int changed = database.transaction(connection -> {
            String sql = """
                    update node set state = 'removed'
                    where name = ? and state in ('stopped', 'dead', 'removed')
                      and not exists (select 1 from takeover t where t.node = node.name and t.finished_at is null)""";
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setString(1, name.value());
                int count = statement.executeUpdate();
                if (count == 1) {
                    LinkPins.forget(connection, name);
                }
                NodeChannel.announce(connection);
                return count;
            }
        });
        if (changed == 0) {
            throw unknown(
                    name,
                    () -> new SeraiException(
                            ErrorCode.OBJECT_IN_USE,
                            "node " + name + " is in use: stop it first, and wait until its work is taken over"));
        }
    }

    /** Whether a node's name was taken out of the cluster. */
    public boolean isRemoved(NodeName name) {
        return list().stream().anyMatch(node -> node.name().equals(name) && node.state() == NodeState.REMOVED);
    }

    /** Lets a removed name register again, in a transaction that lets the node in; false when it was not removed. */
    public static boolean readmit(Connection connection, NodeName name) throws SQLException {
        String sql = "update node set state = 'stopped' where name = ? and state = 'removed'";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, name.value());
            return statement.executeUpdate() == 1;
        }
    }

    private SeraiException unknown(NodeName name, java.util.function.Supplier<SeraiException> known) {
        return list().stream().anyMatch(node -> node.name().equals(name))
                ? known.get()
                : new SeraiException(ErrorCode.NO_SUCH_OBJECT, "there is no node " + name);
    }
}
