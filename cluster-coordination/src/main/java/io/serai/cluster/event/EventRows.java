package io.serai.cluster.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.FileId;
import io.serai.config.name.RouteId;
import io.serai.config.name.TransferId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Between rows of the event tables and records. */
final class EventRows {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<Map<String, String>> DETAIL = new TypeReference<>() {};

    private EventRows() {}

    static ClaimedEvent claimed(ResultSet row, FencingToken token) throws SQLException {
        return new ClaimedEvent(
                new EventId(row.getLong("id")),
                kind(row),
                new RouteId(row.getString("route_id")),
                row.getString("account"),
                Optional.ofNullable(row.getObject("transfer_id", UUID.class)).map(TransferId::new),
                Optional.ofNullable(row.getObject("file_id", UUID.class)).map(FileId::new),
                row.getString("path"),
                detail(row.getString("detail")),
                row.getInt("attempts") + 1,
                time(row, "created_at").orElseThrow(),
                token);
    }

    static EventKind kind(ResultSet row) throws SQLException {
        return EventKind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT));
    }

    static String word(EventKind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    static Optional<Instant> time(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getObject(column, OffsetDateTime.class)).map(OffsetDateTime::toInstant);
    }

    static Optional<String> text(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getString(column));
    }

    static @Nullable String json(Map<String, String> detail) {
        try {
            return detail.isEmpty() ? null : JSON.writeValueAsString(detail);
        } catch (JsonProcessingException e) {
            throw new SeraiException(ErrorCode.DEFECT, "an event's detail cannot be written as JSON", e);
        }
    }

    private static Map<String, String> detail(@Nullable String json) {
        try {
            return json == null ? Map.of() : JSON.readValue(json, DETAIL);
        } catch (JsonProcessingException e) {
            throw new SeraiException(ErrorCode.DEFECT, "an event's detail is not a JSON object of texts", e);
        }
    }

    /** The ids that a query or a {@code returning} gives, in their order. */
    static Set<Long> ids(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            Set<Long> ids = new LinkedHashSet<>();
            while (rows.next()) {
                ids.add(rows.getLong(1));
            }
            return ids;
        }
    }

    /** Text as PostgreSQL takes it: without NUL, and cut where it is longer than anyone reads. */
    static String storable(String text, int longest) {
        String clean = text.replace('\0', '\uFFFD');
        return clean.length() > longest ? clean.substring(0, longest - 1) + "…" : clean;
    }

    static SeraiException fenced(ClaimedEvent event) {
        return new SeraiException(
                ErrorCode.FENCED,
                "event " + event.id() + " is not held by node " + event.token().node() + " (epoch "
                        + event.token().epoch() + ") any more; nothing was written");
    }

    static SeraiException noSuchEvent(EventId id, String wanted) {
        return new SeraiException(ErrorCode.NO_SUCH_OBJECT, "there is no " + wanted + " event " + id);
    }
}
