package io.serai.cluster.schedule;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventQueue;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The fires of schedules. A fire is one row, unique for its schedule, route and planned time, written in the transaction
 * that queues its event; whichever node wakes, wakes again or wakes late, each fire is decided once. Until when the times
 * of a schedule have been looked through is in the same transaction, so that nothing due is forgotten while no node runs.
 */
public final class ScheduleFires {
    private static final String BEGIN = """
            insert into schedule_clock (schedule, route_id, looked_until)
            values (?, ?, coalesce(?, clock_timestamp()))
            on conflict (schedule, route_id) do update set left_at = null, looked_until =
                case when schedule_clock.left_at < clock_timestamp() - interval '10 minutes'
                     then excluded.looked_until else schedule_clock.looked_until end
             where schedule_clock.left_at is not null""";

    private static final String CLOCKS =
            "select schedule, route_id, looked_until, clock_timestamp() from schedule_clock" + " where left_at is null";

    private static final String VIEW = """
            select f.schedule, f.route_id, f.fire_time, f.recorded_at, f.outcome, f.note, f.asked_by, f.event_id,
                   coalesce(h.outcome, e.state)
              from schedule_fire f
                   left join event e on e.id = f.event_id
                   left join event_history h on h.id = f.event_id
            """;

    private static final String OF_SCHEDULE =
            VIEW + " where f.schedule = ? order by f.fire_time desc, f.route_id limit ?";

    private static final String LAST_OF_EACH = """
            select v.* from schedule_clock c cross join lateral (
            """ + VIEW + """
             where f.schedule = c.schedule and f.route_id = c.route_id order by f.fire_time desc limit 1) v""";

    private static final String PAUSE = """
            insert into schedule_pause (schedule, paused_by) values (?, ?) on conflict (schedule) do nothing""";

    private static final String RESUME = "delete from schedule_pause where schedule = ?";

    /** What was due while it was paused is not made up for. */
    private static final String SKIP_PAUSE =
            "update schedule_clock set looked_until = clock_timestamp() where schedule = ?";

    private static final String PAUSED = "select schedule from schedule_pause";

    private static final String FORGET_CLOCK = "delete from schedule_clock where schedule = ? and route_id = ?";

    private static final String LEAVE_OTHERS = """
            update schedule_clock set left_at = clock_timestamp()
             where schedule <> ? and route_id = ? and left_at is null""";

    private static final String FORGET_LEFT =
            "delete from schedule_clock where left_at < clock_timestamp() - ? * interval '1 millisecond'";

    private static final String FORGET = """
            delete from schedule_fire f
             where f.fire_time < clock_timestamp() - ? * interval '1 millisecond'
               and exists (select 1 from schedule_fire later
                            where later.schedule = f.schedule and later.route_id = f.route_id
                              and later.fire_time > f.fire_time)
            """;

    private final Database database;
    private final EventQueue queue;
    private final FireCounts counts = new FireCounts();

    public ScheduleFires(Database database, EventQueue queue) {
        this.database = database;
        this.queue = queue;
    }

    /** What to do while looking. */
    @FunctionalInterface
    public interface Looking<T> {
        T at(ClockLook look) throws SQLException;
    }

    /** Looks at a clock in one transaction; {@link #begin} came before. */
    public <T> T look(ScheduleName schedule, RouteId route, Looking<T> looking) {
        List<FireCounts.Kind> recorded = new ArrayList<>();
        T result = database.transaction(connection -> {
            recorded.clear();
            return looking.at(new ClockLook(connection, queue, schedule, route, recorded));
        });
        counts.add(recorded);
        return result;
    }

    /** What this node has decided. */
    public FireCounts counts() {
        return counts;
    }

    /**
     * Makes a clock's row if there is none: from then on fires count. What was due before is not made up for, whatever
     * fired before that.
     *
     * @param from empty for now, by the database's clock
     */
    public void begin(ScheduleName schedule, RouteId route, Optional<Instant> from) {
        database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(BEGIN)) {
                setKey(statement, 1, schedule, route);
                statement.setObject(
                        3,
                        from.map(at -> at.atOffset(ZoneOffset.UTC)).orElse(null),
                        java.sql.Types.TIMESTAMP_WITH_TIMEZONE);
                return statement.executeUpdate();
            }
        });
    }

    /** All clocks that were ever begun and not forgotten. */
    public List<ClockRow> clocks() {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(CLOCKS);
                    ResultSet rows = statement.executeQuery()) {
                List<ClockRow> clocks = new ArrayList<>();
                while (rows.next()) {
                    clocks.add(new ClockRow(
                            new ScheduleName(rows.getString(1)),
                            new RouteId(rows.getString(2)),
                            time(rows, 3),
                            time(rows, 4)));
                }
                return clocks;
            }
        });
    }

    /** A schedule was taken from a route: when it is given back, it begins anew. */
    public void forget(ScheduleName schedule, RouteId route) {
        forget(FORGET_CLOCK, schedule, route);
    }

    /**
     * A route was given this schedule, so it left any other one. One that is given back within ten minutes goes on, for the
     * change may be taken back; after that it begins anew.
     */
    public void leaveOthers(ScheduleName schedule, RouteId route) {
        forget(LEAVE_OTHERS, schedule, route);
    }

    private void forget(String sql, ScheduleName schedule, RouteId route) {
        database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                setKey(statement, 1, schedule, route);
                return statement.executeUpdate();
            }
        });
    }

    /** The last fires of a schedule, latest first. */
    public List<FireView> fires(ScheduleName schedule, int limit) {
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(OF_SCHEDULE)) {
                statement.setString(1, schedule.value());
                statement.setInt(2, limit);
                return views(statement);
            }
        });
    }

    /** The last fire of each schedule and route. */
    public List<FireView> lastFires() {
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LAST_OF_EACH)) {
                return views(statement);
            }
        });
    }

    /** No fires until {@link #resume}; repeating it does nothing. */
    public void pause(ScheduleName schedule, String by) {
        database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(PAUSE)) {
                statement.setString(1, schedule.value());
                statement.setString(2, by);
                return statement.executeUpdate();
            }
        });
    }

    /** Fires again; what was due meanwhile is left out. False when it was not paused. */
    public boolean resume(ScheduleName schedule) {
        return database.transaction(connection -> {
            try (PreparedStatement remove = connection.prepareStatement(RESUME);
                    PreparedStatement skip = connection.prepareStatement(SKIP_PAUSE)) {
                remove.setString(1, schedule.value());
                if (remove.executeUpdate() == 0) {
                    return false;
                }
                skip.setString(1, schedule.value());
                skip.executeUpdate();
                return true;
            }
        });
    }

    /** The schedules that are paused. */
    public List<ScheduleName> paused() {
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(PAUSED);
                    ResultSet rows = statement.executeQuery()) {
                List<ScheduleName> names = new ArrayList<>();
                while (rows.next()) {
                    names.add(new ScheduleName(rows.getString(1)));
                }
                return names;
            }
        });
    }

    /** Removes fires planned longer ago than this, but never the last of a schedule and route; the number removed. */
    public int forget(Duration olderThan) {
        return database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(FORGET);
                    PreparedStatement clocks = connection.prepareStatement(FORGET_LEFT)) {
                clocks.setLong(1, olderThan.toMillis());
                clocks.executeUpdate();
                statement.setLong(1, olderThan.toMillis());
                return statement.executeUpdate();
            }
        });
    }

    private static List<FireView> views(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            List<FireView> views = new ArrayList<>();
            while (rows.next()) {
                long event = rows.getLong(8);
                Optional<EventId> eventId = rows.wasNull() ? Optional.empty() : Optional.of(new EventId(event));
                views.add(new FireView(
                        new ScheduleName(rows.getString(1)),
                        new RouteId(rows.getString(2)),
                        time(rows, 3),
                        time(rows, 4),
                        rows.getString(5),
                        Optional.ofNullable(rows.getString(6)),
                        Optional.ofNullable(rows.getString(7)),
                        eventId,
                        Optional.ofNullable(rows.getString(9))));
            }
            return views;
        }
    }

    private static Instant time(ResultSet rows, int column) throws SQLException {
        return rows.getObject(column, OffsetDateTime.class).toInstant();
    }

    private static void setKey(PreparedStatement statement, int from, ScheduleName schedule, RouteId route)
            throws SQLException {
        statement.setString(from, schedule.value());
        statement.setString(from + 1, route.value());
    }
}
