package io.serai.cluster.schedule;

import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;

/**
 * One look at a clock, in one transaction that holds the clock's row: what it decides happens wholly or not at all, and
 * no other node looks meanwhile.
 */
public final class ClockLook {
    private static final String LOCK = """
            select c.looked_until, clock_timestamp(), exists (select 1 from schedule_pause p where p.schedule = c.schedule)
              from schedule_clock c where c.schedule = ? and c.route_id = ? for update of c""";

    private static final String ALIVE = """
            select e.id from (
                select event_id from schedule_fire
                 where schedule = ? and route_id = ? and event_id is not null order by fire_time desc limit 200) f
              join event e on e.id = f.event_id
             where e.state in ('ready', 'claimed', 'waiting') limit 1""";

    private static final String RECORD = """
            insert into schedule_fire (schedule, route_id, fire_time, outcome, note, asked_by) values (?, ?, ?, ?, ?, ?)
            on conflict (schedule, route_id, fire_time) do nothing""";

    private static final String NAME_EVENT =
            "update schedule_fire set event_id = ? where schedule = ? and route_id = ? and fire_time = ?";

    private static final String LOOKED =
            "update schedule_clock set looked_until = greatest(looked_until, ?) where schedule = ? and route_id = ?";

    private final Connection connection;
    private final EventQueue queue;
    private final ScheduleName schedule;
    private final RouteId route;
    private final Instant since;
    private final Instant now;
    private final boolean paused;
    private final List<FireCounts.Kind> recorded;

    /** @param recorded takes what is recorded, for whoever counts it once it is committed */
    ClockLook(
            Connection connection,
            EventQueue queue,
            ScheduleName schedule,
            RouteId route,
            List<FireCounts.Kind> recorded)
            throws SQLException {
        this.recorded = recorded;
        this.connection = connection;
        this.queue = queue;
        this.schedule = schedule;
        this.route = route;
        try (PreparedStatement statement = connection.prepareStatement(LOCK)) {
            statement.setString(1, schedule.value());
            statement.setString(2, route.value());
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    throw new SeraiException(
                            ErrorCode.CONFLICT, "The schedule " + schedule + " was taken from route " + route);
                }
                this.since = row.getObject(1, OffsetDateTime.class).toInstant();
                this.now = row.getObject(2, OffsetDateTime.class).toInstant();
                this.paused = row.getBoolean(3);
            }
        }
    }

    /** Times until then have been decided. */
    public Instant since() {
        return since;
    }

    /** The database's clock. */
    public Instant now() {
        return now;
    }

    public boolean isPaused() {
        return paused;
    }

    /** The event of a former fire that has not ended and is not parked. */
    public Optional<EventId> alive() throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ALIVE)) {
            statement.setString(1, schedule.value());
            statement.setString(2, route.value());
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(new EventId(row.getLong(1))) : Optional.empty();
            }
        }
    }

    /**
     * Records a fire and queues its event; empty when this fire was recorded before.
     *
     * @param note says why the fire is late; empty for one in time
     */
    public Optional<EventId> fire(Instant planned, NewEvent event, String note, Optional<String> askedBy)
            throws SQLException {
        if (!record(planned, FireOutcome.QUEUED, note, askedBy)) {
            return Optional.empty();
        }
        recorded.add(
                askedBy.isPresent()
                        ? FireCounts.Kind.ASKED
                        : note.isEmpty() ? FireCounts.Kind.QUEUED : FireCounts.Kind.LATE);
        EventId id = queue.enqueue(connection, List.of(event)).get(0);
        try (PreparedStatement statement = connection.prepareStatement(NAME_EVENT)) {
            statement.setLong(1, id.value());
            setKey(statement, 2);
            setTime(statement, 4, planned);
            statement.executeUpdate();
        }
        return Optional.of(id);
    }

    /** Records that a fire made no event. */
    public void leaveOut(Instant planned, FireOutcome outcome, String note) throws SQLException {
        if (record(planned, outcome, note, Optional.empty())) {
            recorded.add(FireCounts.Kind.valueOf(outcome.name()));
        }
    }

    /** All times until then are decided. */
    public void lookedUntil(Instant until) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LOOKED)) {
            setTime(statement, 1, until);
            setKey(statement, 2);
            statement.executeUpdate();
        }
    }

    private boolean record(Instant planned, FireOutcome outcome, String note, Optional<String> askedBy)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(RECORD)) {
            setKey(statement, 1);
            setTime(statement, 3, planned);
            statement.setString(4, outcome.text());
            statement.setString(5, note.isEmpty() ? null : note);
            statement.setString(6, askedBy.orElse(null));
            return statement.executeUpdate() == 1;
        }
    }

    private void setKey(PreparedStatement statement, int from) throws SQLException {
        statement.setString(from, schedule.value());
        statement.setString(from + 1, route.value());
    }

    private static void setTime(PreparedStatement statement, int at, Instant time) throws SQLException {
        statement.setObject(at, time.atOffset(ZoneOffset.UTC));
    }
}
