package io.serai.cluster.ledger;

import io.serai.cluster.node.FencingToken;
import io.serai.config.name.FileId;
import io.serai.config.name.TransferId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How rows of the ledger are written and read. A row that has ended is never changed by {@link #put}. */
public final class TransferTable {
    static final String COLUMNS =
            "id, file_id, kind, state, account, site, protocol, listener, path, size_bytes, sha256,"
                    + " peer, session_id, route_id, event_id, node, attempts, error_code, error_text, started_at, ended_at";

    // The age of a transfer is counted by its node; when it began and ended is said by the database's clock.
    private static final String PUT = """
            insert into transfer (id, file_id, direction, kind, state, account, site, protocol, listener, path,
                size_bytes, sha256, peer, session_id, route_id, event_id, node, epoch, attempts, error_code, error_text,
                started_at, ended_at, content_until)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                clock_timestamp() - ? * interval '1 millisecond',
                case when ? then clock_timestamp() end,
                clock_timestamp() + ? * interval '1 second')
            on conflict (id) do update set state = excluded.state, size_bytes = excluded.size_bytes,
                sha256 = excluded.sha256, error_code = excluded.error_code, error_text = excluded.error_text,
                ended_at = excluded.ended_at, content_until = excluded.content_until
            where transfer.state = 'running'""";

    private TransferTable() {}

    /**
     * A row to write.
     *
     * @param ageMillis how long ago the transfer began
     * @param contentSeconds how long its content is kept; null when there is none
     */
    public record Entry(
            TransferRow row,
            FencingToken token,
            long ageMillis,
            @Nullable Long contentSeconds) {}

    /** Inserts the row, or updates one that says running; false when the transfer has ended before. */
    public static boolean put(Connection connection, Entry entry) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(PUT)) {
            bind(statement, entry);
            return statement.executeUpdate() == 1;
        }
    }

    /** Writes many rows, as {@link #put}. */
    static void putAll(Connection connection, Iterable<Entry> entries) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(PUT)) {
            for (Entry entry : entries) {
                bind(statement, entry);
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    private static void bind(PreparedStatement statement, Entry entry) throws SQLException {
        TransferRow row = entry.row();
        boolean inbound = row.kind() == TransferKind.UPLOAD || row.kind() == TransferKind.PULL;
        Object[] values = {
            row.id().value(),
            row.file().value(),
            inbound ? "in" : "out",
            word(row.kind()),
            word(row.state()),
            row.account(),
            row.site(),
            row.protocol(),
            row.listener(),
            clean(row.path()),
            row.sizeBytes(),
            row.sha256(),
            clean(row.peer()),
            row.session() == null ? null : UUID.fromString(row.session()),
            row.route(),
            row.event(),
            row.node(),
            entry.token().epoch(),
            row.attempts(),
            row.errorCode(),
            clean(row.errorText()),
            entry.ageMillis(),
            row.state() != TransferState.RUNNING,
            entry.contentSeconds()
        };
        for (int i = 0; i < values.length; i++) {
            bind(statement, i + 1, values[i]);
        }
    }

    private static void bind(PreparedStatement statement, int index, @Nullable Object value) throws SQLException {
        switch (index) {
            case 15 -> statement.setObject(index, value, java.sql.Types.VARCHAR);
            case 14 -> statement.setObject(index, value, java.sql.Types.OTHER);
            case 16, 24 -> statement.setObject(index, value, java.sql.Types.BIGINT);
            default -> statement.setObject(index, value);
        }
    }

    static TransferRow read(ResultSet rows) throws SQLException {
        return new TransferRow(
                new TransferId(rows.getObject("id", UUID.class)),
                new FileId(rows.getObject("file_id", UUID.class)),
                TransferKind.valueOf(rows.getString("kind").toUpperCase(Locale.ROOT)),
                TransferState.valueOf(rows.getString("state").toUpperCase(Locale.ROOT)),
                rows.getString("account"),
                rows.getString("site"),
                rows.getString("protocol"),
                rows.getString("listener"),
                rows.getString("path"),
                rows.getLong("size_bytes"),
                rows.getString("sha256"),
                rows.getString("peer"),
                rows.getString("session_id"),
                rows.getString("route_id"),
                rows.getObject("event_id", Long.class),
                rows.getString("node"),
                rows.getInt("attempts"),
                rows.getString("error_code"),
                rows.getString("error_text"),
                rows.getTimestamp("started_at").toInstant(),
                instant(rows.getTimestamp("ended_at")));
    }

    private static @Nullable Instant instant(@Nullable Timestamp timestamp) {
        return timestamp == null ? null : timestamp.toInstant();
    }

    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Outside text as PostgreSQL can hold it. */
    static @Nullable String clean(@Nullable String text) {
        return text == null ? null : text.replace('\0', '\ufffd');
    }
}
