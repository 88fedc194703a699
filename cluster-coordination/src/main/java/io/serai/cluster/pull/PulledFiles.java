package io.serai.cluster.pull;

import io.serai.cluster.database.Database;
import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import io.serai.config.name.TransferId;
import java.sql.Array;
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
 * What each route fetched from each site. A file is recorded in the transaction that writes its ledger row and event, so
 * it is fetched either wholly or not; what is wished for it at the site afterwards is owed until it is said to be done.
 */
public final class PulledFiles {
    private static final String KNOWN = """
            select f.path, f.size_bytes, f.modified_ms
              from pulled_file f
                   join unnest(?::text[], ?::bigint[], ?::bigint[]) as w (path, size_bytes, modified_ms)
                     on f.path = w.path and f.size_bytes = w.size_bytes and f.modified_ms = w.modified_ms
             where f.route_id = ? and f.site = ?
            """;

    private static final String RECORD = """
            insert into pulled_file (route_id, site, path, size_bytes, modified_ms, transfer_id, afterwards_owed, sha256)
            values (?, ?, ?, ?, ?, ?, ?, ?)
            on conflict (route_id, site, path, size_bytes, modified_ms) do nothing
            """;

    private static final String OWED = """
            select path, size_bytes, modified_ms from pulled_file
             where route_id = ? and site = ? and afterwards_owed order by pulled_at limit ?
            """;

    private static final String DONE = """
            update pulled_file set afterwards_owed = false
             where route_id = ? and site = ? and path = ? and size_bytes = ? and modified_ms = ?
            """;

    private static final String FORGET = """
            delete from pulled_file
             where not afterwards_owed and pulled_at < clock_timestamp() - ? * interval '1 millisecond'
            """;

    private final Database database;

    public PulledFiles(Database database) {
        this.database = database;
    }

    /** Those of the listed files that were fetched before. */
    public Set<RemoteFile> alreadyPulled(RouteId route, SiteName site, Collection<RemoteFile> listed) {
        if (listed.isEmpty()) {
            return Set.of();
        }
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(KNOWN)) {
                statement.setArray(
                        1,
                        array(
                                connection,
                                "text",
                                listed.stream().map(RemoteFile::path).toArray()));
                statement.setArray(
                        2,
                        array(
                                connection,
                                "int8",
                                listed.stream().map(RemoteFile::sizeBytes).toArray()));
                statement.setArray(
                        3,
                        array(
                                connection,
                                "int8",
                                listed.stream().map(RemoteFile::modifiedMillis).toArray()));
                statement.setString(4, route.value());
                statement.setString(5, site.value());
                return new HashSet<>(files(statement, route, site));
            }
        });
    }

    /**
     * Records a fetch in the caller's transaction.
     *
     * @param sha256 of the bytes that came; kept when the ledger has forgotten the transfer
     * @return false when another node's fetch of the same file was recorded first; the caller then rolls back
     */
    public boolean record(
            Connection connection, RemoteFile file, TransferId transfer, String sha256, Afterwards afterwards)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(RECORD)) {
            setKey(statement, file);
            statement.setObject(6, transfer.value());
            statement.setBoolean(7, afterwards == Afterwards.OWED);
            statement.setString(8, sha256);
            return statement.executeUpdate() == 1;
        }
    }

    /** Fetched files whose end at the site is still owed, oldest first. */
    public List<RemoteFile> owed(RouteId route, SiteName site, int limit) {
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(OWED)) {
                statement.setString(1, route.value());
                statement.setString(2, site.value());
                statement.setInt(3, limit);
                return files(statement, route, site);
            }
        });
    }

    /** The file was deleted or moved at the site, or is not there any more. Repeating it does nothing. */
    public void afterwardsDone(RemoteFile file) {
        database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(DONE)) {
                setKey(statement, file);
                return statement.executeUpdate();
            }
        });
    }

    /**
     * Forgets fetches longer ago than this with nothing owed; the number of them. A forgotten file that is still at its
     * site would be fetched again.
     */
    public int forget(Duration olderThan) {
        return database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(FORGET)) {
                statement.setLong(1, olderThan.toMillis());
                return statement.executeUpdate();
            }
        });
    }

    private static void setKey(PreparedStatement statement, RemoteFile file) throws SQLException {
        statement.setString(1, file.route().value());
        statement.setString(2, file.site().value());
        statement.setString(3, file.path());
        statement.setLong(4, file.sizeBytes());
        statement.setLong(5, file.modifiedMillis());
    }

    private static Array array(Connection connection, String type, Object[] values) throws SQLException {
        return connection.createArrayOf(type, values);
    }

    private static List<RemoteFile> files(PreparedStatement statement, RouteId route, SiteName site)
            throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            List<RemoteFile> files = new ArrayList<>();
            while (rows.next()) {
                files.add(new RemoteFile(route, site, rows.getString(1), rows.getLong(2), rows.getLong(3)));
            }
            return files;
        }
    }
}
