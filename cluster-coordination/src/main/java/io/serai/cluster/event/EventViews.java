package io.serai.cluster.event;

import io.serai.cluster.event.EventQueue.Attempt;
import io.serai.cluster.event.EventQueue.EventFilter;
import io.serai.cluster.event.EventQueue.EventView;
import io.serai.config.name.RouteId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads events for operators. */
final class EventViews {
    private static final List<String> STATES = List.of("ready", "claimed", "waiting", "parked");

    private static final String LIVE = """
            select id, kind, route_id, account, path, transfer_id, state, attempts, created_at,
                   due_at, claimed_by as node,
                   case when state = 'waiting' and waits_for is not null then 'SITE_FULL' else error_code end as error_code,
                   case when state = 'waiting' and waits_for is not null then 'waits for a place of ' || waits_for
                        else error_text end as error_text, error_step
              from event
            """;

    private static final String ENDED = """
            select id, kind, route_id, account, path, transfer_id, outcome as state, attempts, created_at,
                   null::timestamptz as due_at, node, null as error_code,
                   case when ended_by <> '' then 'cancelled by ' || ended_by end as error_text, null as error_step
              from event_history
            """;

    private static final String FIND = LIVE + """
             where (cast(? as text) is null or state = ?)
               and (cast(? as text) is null or route_id = ?)
               and (cast(? as text) is null or account = ?)
               and id < ?
             order by id desc limit ?
            """;

    private static final String GET = LIVE + " where id = ? union all " + ENDED + " where id = ? limit 1";

    private static final String ATTEMPTS = """
            select attempt, node, ended_at, error_code, error_text, error_step
              from event_attempt where event_id = ? order by ended_at
            """;

    private EventViews() {}

    static List<EventView> find(Connection connection, EventFilter filter) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(FIND)) {
            setTwice(statement, 1, filter.state());
            setTwice(statement, 3, filter.route().map(RouteId::value));
            setTwice(statement, 5, filter.fairShare());
            statement.setLong(7, filter.before().map(EventId::value).orElse(Long.MAX_VALUE));
            statement.setInt(8, Math.max(0, filter.limit()));
            try (ResultSet rows = statement.executeQuery()) {
                List<EventView> found = new ArrayList<>();
                while (rows.next()) {
                    found.add(view(rows, List.of()));
                }
                return found;
            }
        }
    }

    static Optional<EventView> get(Connection connection, EventId id) throws SQLException {
        List<Attempt> attempts = attempts(connection, id);
        try (PreparedStatement statement = connection.prepareStatement(GET)) {
            statement.setLong(1, id.value());
            statement.setLong(2, id.value());
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? Optional.of(view(rows, attempts)) : Optional.empty();
            }
        }
    }

    /** Reads all events, as {@link #depth} does: an index for it would slow every claim down. */
    static Duration oldestReady(Connection connection) throws SQLException {
        String sql = """
                select extract(epoch from clock_timestamp() - min(due_at)) * 1000 from event
                where state = 'ready' having count(*) > 0""";
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet rows = statement.executeQuery()) {
            return rows.next() ? Duration.ofMillis(Math.max(0, (long) rows.getDouble(1))) : Duration.ZERO;
        }
    }

    static Map<String, Long> depth(Connection connection) throws SQLException {
        Map<String, Long> depth = new LinkedHashMap<>();
        STATES.forEach(state -> depth.put(state, 0L));
        try (PreparedStatement statement =
                        connection.prepareStatement("select state, count(*) from event group by state");
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                depth.put(rows.getString(1), rows.getLong(2));
            }
        }
        return depth;
    }

    private static void setTwice(PreparedStatement statement, int first, Optional<String> value) throws SQLException {
        for (int index = first; index < first + 2; index++) {
            if (value.isPresent()) {
                statement.setString(index, value.get());
            } else {
                statement.setNull(index, Types.VARCHAR);
            }
        }
    }

    private static List<Attempt> attempts(Connection connection, EventId id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ATTEMPTS)) {
            statement.setLong(1, id.value());
            try (ResultSet rows = statement.executeQuery()) {
                List<Attempt> attempts = new ArrayList<>();
                while (rows.next()) {
                    attempts.add(new Attempt(
                            rows.getInt("attempt"),
                            rows.getString("node"),
                            EventRows.time(rows, "ended_at").orElseThrow(),
                            rows.getString("error_code"),
                            rows.getString("error_text"),
                            EventRows.text(rows, "error_step")));
                }
                return attempts;
            }
        }
    }

    private static EventView view(ResultSet row, List<Attempt> attempts) throws SQLException {
        String state = row.getString("state");
        return new EventView(
                new EventId(row.getLong("id")),
                EventRows.kind(row),
                new RouteId(row.getString("route_id")),
                row.getString("account"),
                row.getString("path"),
                EventRows.text(row, "transfer_id"),
                state,
                row.getInt("attempts"),
                EventRows.time(row, "created_at").orElseThrow(),
                EventRows.time(row, "due_at").filter(due -> state.equals("waiting")),
                EventRows.text(row, "node"),
                error(row),
                EventRows.text(row, "error_step"),
                attempts);
    }

    private static Optional<String> error(ResultSet row) throws SQLException {
        Optional<String> code = EventRows.text(row, "error_code");
        Optional<String> text = EventRows.text(row, "error_text");
        return code.isPresent() ? code.map(c -> c + text.map(t -> ": " + t).orElse("")) : text;
    }
}
