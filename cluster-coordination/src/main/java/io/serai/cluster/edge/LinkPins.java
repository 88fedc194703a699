package io.serai.cluster.edge;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/** The pins of the servers' link keys. Each server records its own; one that is removed from the cluster loses it. */
public final class LinkPins {
    private final Database database;

    public LinkPins(Database database) {
        this.database = database;
    }

    /**
     * The servers' pins at one moment.
     *
     * @param revision grows with each change
     * @param pins SHA-256 of the public key, in hexadecimal
     */
    public record Pins(UUID cluster, long revision, SortedMap<NodeName, String> pins) {
        public Pins {
            pins = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(pins));
        }
    }

    /** Records a server's pin; nothing changes when it is recorded already. */
    public void record(NodeName node, String pin) {
        database.execute(connection -> {
            lock(connection);
            String sql = """
                    insert into server_link (node, pin) values (?, ?)
                    on conflict (node) do update set pin = excluded.pin, recorded_at = clock_timestamp()
                    where server_link.pin <> excluded.pin""";
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setString(1, node.value());
                statement.setString(2, pin);
                if (statement.executeUpdate() == 1) {
                    advance(connection);
                }
            }
        });
    }

    /** Takes a server's pin away, in a transaction that takes the server out of the cluster. */
    public static void forget(Connection connection, NodeName node) throws SQLException {
        lock(connection);
        try (PreparedStatement statement = connection.prepareStatement("delete from server_link where node = ?")) {
            statement.setString(1, node.value());
            if (statement.executeUpdate() == 1) {
                advance(connection);
            }
        }
    }

    /** All pins, in one snapshot with their revision. */
    public Pins read() {
        return database.statement(connection -> {
            String sql = """
                    select (select id from cluster), r.revision, s.node, s.pin
                    from server_link_revision r left join server_link s on true""";
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(sql)) {
                Map<NodeName, String> pins = new TreeMap<>();
                UUID cluster = null;
                long revision = 0;
                while (rows.next()) {
                    cluster = rows.getObject(1, UUID.class);
                    revision = rows.getLong(2);
                    String node = rows.getString(3);
                    if (node != null) {
                        pins.put(new NodeName(node), rows.getString(4));
                    }
                }
                if (cluster == null) {
                    throw new SeraiException(ErrorCode.DEFECT, "table cluster or server_link_revision has no row");
                }
                return new Pins(cluster, revision, new TreeMap<>(pins));
            }
        });
    }

    /** Changes follow one another, so that a higher revision is always the later one. */
    private static void lock(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select revision from server_link_revision for update")) {
            if (!rows.next()) {
                throw new SeraiException(ErrorCode.DEFECT, "table server_link_revision has no row");
            }
        }
    }

    private static void advance(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("update server_link_revision set revision = revision + 1");
        }
    }
}
