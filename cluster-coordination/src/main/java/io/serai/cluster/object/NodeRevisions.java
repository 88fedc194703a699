package io.serai.cluster.object;

import io.serai.cluster.node.FencingToken;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** The statements on the revisions that nodes have in force. A node counts while its lease runs. */
final class NodeRevisions {
    private static final String REPORT = """
            insert into config_node (node, epoch, revision) values (?, ?, ?)
            on conflict (node) do update
               set epoch = excluded.epoch, revision = excluded.revision, reported_at = clock_timestamp()
             where config_node.epoch <= excluded.epoch
            """;

    private static final String LIVE = """
            select c.node, c.epoch, c.revision
              from config_node c join node n on n.name = c.node and n.epoch = c.epoch
             where n.state in ('active', 'draining') and n.lease_until > clock_timestamp()
             order by c.node
            """;

    private static final String OLDER = """
            select n.name
              from node n left join config_node c on c.node = n.name and c.epoch = n.epoch
             where n.state in ('active', 'draining') and n.lease_until > clock_timestamp() and c.node is null
             order by n.name
            """;

    private NodeRevisions() {}

    /** A live boot of a node, with the revision that it has in force. */
    record Live(String node, long epoch, long revision) {
        NodeRevision asRevision() {
            return new NodeRevision(new NodeName(node), revision);
        }
    }

    static void report(Connection connection, FencingToken token, long revision) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(REPORT)) {
            statement.setString(1, token.node().value());
            statement.setLong(2, token.epoch());
            statement.setLong(3, revision);
            statement.executeUpdate();
        }
    }

    static void forget(Connection connection, FencingToken token) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("delete from config_node where node = ? and epoch = ?")) {
            statement.setString(1, token.node().value());
            statement.setLong(2, token.epoch());
            statement.executeUpdate();
        }
    }

    static List<Live> live(Connection connection) throws SQLException {
        List<Live> live = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(LIVE);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                live.add(new Live(rows.getString(1), rows.getLong(2), rows.getLong(3)));
            }
        }
        return live;
    }

    /** Live nodes that take no part in deciding: they start at this moment, or are of a release that cannot. */
    static List<String> withoutPart(Connection connection) throws SQLException {
        List<String> names = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(OLDER);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                names.add(rows.getString(1));
            }
        }
        return names;
    }
}
