package io.serai.cluster.monitor;

import io.serai.cluster.database.Database;
import io.serai.config.name.RouteId;
import io.serai.config.name.TransferId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What each route took from its folder. A file is recorded in the transaction that writes its ledger row and event, so it
 * is taken either wholly or not; what is wished for it afterwards is owed until it is said to be done.
 */
public final class MonitoredFiles {
    private static final String KNOWN = """
            select f.path, f.size_bytes, f.modified_ms
              from monitored_file f
                   join unnest(?::text[], ?::bigint[], ?::bigint[]) as w (path, size_bytes, modified_ms)
                     on f.path = w.path and f.size_bytes = w.size_bytes and f.modified_ms = w.modified_ms
             where f.route_id = ?""";

    private static final String RECORD = """
            insert into monitored_file (route_id, path, size_bytes, modified_ms, transfer_id, sha256, afterwards_owed)
            values (?, ?, ?, ?, ?, ?, ?)
            on conflict (route_id, path, size_bytes, modified_ms) do nothing""";

    private static final String OWED = """
            select path, size_bytes, modified_ms from monitored_file
             where route_id = ? and afterwards_owed order by taken_at limit ?""";

    private static final String DONE = """
            update monitored_file set afterwards_owed = false
             where route_id = ? and path = ? and size_bytes = ? and modified_ms = ?""";

    private static final String OLD = """
            select path, size_bytes, modified_ms from monitored_file
             where route_id = ? and not afterwards_owed and path > ?
               and taken_at < clock_timestamp() - ? * interval '1 millisecond'
             order by path limit ?""";

    private static final String FORGET = """
            delete from monitored_file
             where route_id = ? and path = ? and size_bytes = ? and modified_ms = ? and not afterwards_owed""";

    private final Database database;

    public MonitoredFiles(Database database) {
        this.database = database;
    }

    /** Those of the files that were taken before. */
    public Set<MonitoredFile> alreadyTaken(RouteId route, Collection<MonitoredFile> seen) {
        if (seen.isEmpty()) {
            return Set.of();
        }
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(KNOWN)) {
                statement.setArray(
                        1,
                        connection.createArrayOf(
                                "text", seen.stream().map(MonitoredFile::path).toArray()));
                statement.setArray(
                        2,
                        connection.createArrayOf(
                                "int8",
                                seen.stream().map(MonitoredFile::sizeBytes).toArray()));
                statement.setArray(
                        3,
                        connection.createArrayOf(
                                "int8",
                                seen.stream().map(MonitoredFile::modifiedMillis).toArray()));
                statement.setString(4, route.value());
                return new HashSet<>(files(statement));
            }
        });
    }

    /**
     * Records a file in the caller's transaction.
     *
     * @param owed whether something is to be done with the file afterwards
     * @return false when it was recorded before; the caller then rolls back
     */
    public boolean record(
            Connection connection, RouteId route, MonitoredFile file, TransferId transfer, String sha256, boolean owed)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(RECORD)) {
            setKey(statement, route, file);
            statement.setObject(5, transfer.value());
            statement.setString(6, sha256);
            statement.setBoolean(7, owed);
            return statement.executeUpdate() == 1;
        }
    }

    /** Taken files whose wished end is still owed, oldest first. */
    public List<MonitoredFile> owed(RouteId route, int limit) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(OWED)) {
                statement.setString(1, route.value());
                statement.setInt(2, limit);
                return files(statement);
            }
        });
    }

    /** The file was deleted or moved, or is not there any more. Repeating it does nothing. */
    public void afterwardsDone(RouteId route, MonitoredFile file) {
        change(DONE, route, file);
    }

    /** Files that were taken longer ago than this and of which nothing is owed, by path, after a path. */
    public List<MonitoredFile> takenBefore(RouteId route, Duration age, String afterPath, int limit) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(OLD)) {
                statement.setString(1, route.value());
                statement.setString(2, afterPath);
                statement.setLong(3, age.toMillis());
                statement.setInt(4, limit);
                return files(statement);
            }
        });
    }

    /** A file that is gone from its folder need not be remembered. */
    public void forget(RouteId route, MonitoredFile file) {
        change(FORGET, route, file);
    }

    private void change(String sql, RouteId route, MonitoredFile file) {
        database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                setKey(statement, route, file);
                return statement.executeUpdate();
            }
        });
    }

    private static void setKey(PreparedStatement statement, RouteId route, MonitoredFile file) throws SQLException {
        statement.setString(1, route.value());
        statement.setString(2, file.path());
        statement.setLong(3, file.sizeBytes());
        statement.setLong(4, file.modifiedMillis());
    }

    private static List<MonitoredFile> files(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            List<MonitoredFile> files = new ArrayList<>();
            while (rows.next()) {
                files.add(new MonitoredFile(rows.getString(1), rows.getLong(2), rows.getLong(3)));
            }
            return files;
        }
    }
}
