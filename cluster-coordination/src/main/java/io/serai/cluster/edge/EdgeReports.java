package io.serai.cluster.edge;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.FencingToken;
import io.serai.config.name.EdgeName;
import io.serai.config.name.NodeName;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How each server's links to edges are, for all servers, and which edges operators drain. */
public final class EdgeReports {
    private final Database database;

    public EdgeReports(Database database) {
        this.database = database;
    }

    /**
     * What one server says of one edge.
     *
     * @param report in JSON
     * @param age by the database's clock
     */
    public record Report(NodeName node, EdgeName edge, String report, Duration age) {}

    /** The edges that are drained, and the revision of that. */
    public record Drains(long revision, Map<EdgeName, Drain> edges) {
        public Drains {
            edges = Map.copyOf(edges);
        }
    }

    /** Who drained an edge, and when. */
    public record Drain(String by, Instant at) {}

    /** Replaces what a server says; edges that it does not name any more are forgotten. */
    public void report(NodeName node, FencingToken token, Map<EdgeName, String> reports) {
        database.execute(connection -> {
            String sql = """
                    insert into edge_report (node, edge, epoch, report) values (?, ?, ?, ?::jsonb)
                    on conflict (node, edge) do update
                       set epoch = excluded.epoch, report = excluded.report, reported_at = clock_timestamp()""";
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (Map.Entry<EdgeName, String> report : new java.util.TreeMap<>(reports).entrySet()) {
                    statement.setString(1, node.value());
                    statement.setString(2, report.getKey().value());
                    statement.setLong(3, token.epoch());
                    statement.setString(4, report.getValue());
                    statement.addBatch();
                }
                int[] unused = statement.executeBatch();
            }
            forgetOthers(connection, node, reports);
        });
    }

    private static void forgetOthers(Connection connection, NodeName node, Map<EdgeName, String> reports)
            throws SQLException {
        String sql = "delete from edge_report where node = ? and not edge = any (?)";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            Array edges = connection.createArrayOf(
                    "text", reports.keySet().stream().map(EdgeName::value).toArray());
            statement.setString(1, node.value());
            statement.setArray(2, edges);
            int unused = statement.executeUpdate();
        }
    }

    /** What the servers that live say. */
    public List<Report> list() {
        return database.statement(connection -> {
            String sql = """
                    select r.node, r.edge, r.report,
                           (extract(epoch from clock_timestamp() - r.reported_at) * 1000)::bigint as age_millis
                    from edge_report r join node n on n.name = r.node and n.epoch = r.epoch
                    where n.state in ('active', 'draining') and n.lease_until > clock_timestamp()
                    order by r.edge, r.node""";
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(sql)) {
                List<Report> reports = new ArrayList<>();
                while (rows.next()) {
                    reports.add(new Report(
                            new NodeName(rows.getString("node")),
                            new EdgeName(rows.getString("edge")),
                            rows.getString("report"),
                            Duration.ofMillis(rows.getLong("age_millis"))));
                }
                return reports;
            }
        });
    }

    // ---- drain ----

    /** Whether that changed anything. */
    public boolean drain(EdgeName edge, String by) {
        return change("insert into edge_drain (edge, wanted_by) values (?, ?) on conflict (edge) do nothing", edge, by);
    }

    /** Whether that changed anything. */
    public boolean undrain(EdgeName edge) {
        return change("delete from edge_drain where edge = ?", edge);
    }

    private boolean change(String sql, EdgeName edge, String... more) {
        return database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql);
                    PreparedStatement advance =
                            connection.prepareStatement("update edge_drain_revision set revision = revision + 1")) {
                statement.setString(1, edge.value());
                for (int i = 0; i < more.length; i++) {
                    statement.setString(2 + i, more[i]);
                }
                boolean changed = statement.executeUpdate() == 1;
                if (changed) {
                    int unused = advance.executeUpdate();
                }
                return changed;
            }
        });
    }

    /** In one snapshot. */
    public Drains drains() {
        return database.statement(connection -> {
            String sql = """
                    select r.revision, d.edge, d.wanted_by, d.wanted_at
                    from edge_drain_revision r left join edge_drain d on true""";
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(sql)) {
                long revision = 0;
                Map<EdgeName, Drain> edges = new HashMap<>();
                while (rows.next()) {
                    revision = rows.getLong(1);
                    String edge = rows.getString(2);
                    if (edge != null) {
                        edges.put(
                                new EdgeName(edge),
                                new Drain(
                                        rows.getString(3), rows.getTimestamp(4).toInstant()));
                    }
                }
                return new Drains(revision, edges);
            }
        });
    }
}
