package io.serai.cluster.node;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The cluster's nodes as operators see them. */
public final class Nodes {
    private final Database database;

    public Nodes(Database database) {
        this.database = database;
    }

    /**
     * A node's row.
     *
     * @param live whether its lease has not ended, by the database's clock
     */
    public record NodeView(
            NodeName name,
            long epoch,
            String version,
            String address,
            NodeState state,
            boolean live,
            Instant startedAt) {}

    /** All nodes that ever registered, by name. */
    public List<NodeView> list() {
        String query = """
                select name, epoch, version, address, state,
                       state in ('active', 'draining') and lease_until > clock_timestamp(), started_at
                from node order by name""";
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(query);
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
        return new NodeView(
                new NodeName(rows.getString(1)),
                rows.getLong(2),
                rows.getString(3),
                rows.getString(4),
                NodeState.of(rows.getString(5)),
                rows.getBoolean(6),
                rows.getTimestamp(7).toInstant());
    }

    /**
     * Takes a node's name out of the cluster; it cannot register any more.
     *
     * @throws SeraiException {@code OBJECT_IN_USE} while it runs or its work is not yet taken over, {@code
     *     NO_SUCH_OBJECT} if there is none
     */
    public void remove(NodeName name) {
        int changed = database.transaction(connection -> {
            String sql = "update node set state = 'removed' where name = ? and state in ('stopped', 'dead', 'removed')";
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setString(1, name.value());
                return statement.executeUpdate();
            }
        });
        if (changed == 1) {
            return;
        }
        boolean known = list().stream().anyMatch(node -> node.name().equals(name));
        throw known
                ? new SeraiException(ErrorCode.OBJECT_IN_USE, "node " + name + " is in use: stop it first")
                : new SeraiException(ErrorCode.NO_SUCH_OBJECT, "there is no node " + name);
    }
}
