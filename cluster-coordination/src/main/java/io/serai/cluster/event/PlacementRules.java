package io.serai.cluster.event;

import io.serai.cluster.database.Database;
import io.serai.config.name.RouteId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The placement rules of the cluster; claims read them where they are, so that a change is in force with the next. */
public final class PlacementRules {
    private static final String PUT = """
            insert into placement_rule (name, label, kind, account, route_id, wait_ms, changed_by)
            values (?, ?, ?, ?, ?, ?, ?)
            on conflict (name) do update
               set label = excluded.label, kind = excluded.kind, account = excluded.account,
                   route_id = excluded.route_id, wait_ms = excluded.wait_ms, changed_by = excluded.changed_by,
                   changed_at = clock_timestamp()
            """;
    private static final String LIST =
            "select name, label, kind, account, route_id, wait_ms from placement_rule order by name";

    private final Database database;

    public PlacementRules(Database database) {
        this.database = database;
    }

    /** Adds a rule, or replaces the one of that name. */
    public void put(PlacementRule rule, String by) {
        database.execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(PUT)) {
                statement.setString(1, rule.name());
                statement.setString(2, rule.label());
                statement.setString(3, rule.kind().map(EventRows::word).orElse(null));
                statement.setString(4, rule.account().orElse(null));
                statement.setString(5, rule.route().map(RouteId::value).orElse(null));
                statement.setLong(6, rule.patience().toMillis());
                statement.setString(7, by);
                statement.executeUpdate();
            }
        });
    }

    /** False when there is none of that name. */
    public boolean remove(String name) {
        return database.statement(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("delete from placement_rule where name = ?")) {
                statement.setString(1, name);
                return statement.executeUpdate() > 0;
            }
        });
    }

    public List<PlacementRule> list() {
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LIST);
                    ResultSet rows = statement.executeQuery()) {
                List<PlacementRule> rules = new ArrayList<>();
                while (rows.next()) {
                    rules.add(rule(rows));
                }
                return rules;
            }
        });
    }

    private static PlacementRule rule(ResultSet row) throws SQLException {
        return new PlacementRule(
                row.getString(1),
                row.getString(2),
                Optional.ofNullable(row.getString(3)).map(word -> EventKind.valueOf(word.toUpperCase(Locale.ROOT))),
                Optional.ofNullable(row.getString(4)),
                Optional.ofNullable(row.getString(5)).map(RouteId::new),
                Duration.ofMillis(row.getLong(6)));
    }
}
