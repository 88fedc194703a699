package io.serai.cluster.schedule;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;

/**
 * Turns the fires of schedules into events, in one transaction each and exactly once for a schedule, route and planned
 * time: whichever node records the fire first queues the event.
 */
public final class ScheduleFires {
    private static final String RECORD = """
            insert into schedule_fire (schedule, route_id, fire_time) values (?, ?, ?)
            on conflict (schedule, route_id, fire_time) do nothing
            """;

    private static final String NAME_EVENT =
            "update schedule_fire set event_id = ? where schedule = ? and route_id = ? and fire_time = ?";

    private static final String LAST = "select max(fire_time) from schedule_fire where schedule = ? and route_id = ?";

    /** The last fire of each pair stays: it says from when on a fire was missed. */
    private static final String FORGET = """
            delete from schedule_fire f
             where f.fire_time < clock_timestamp() - ? * interval '1 millisecond'
               and exists (select 1 from schedule_fire later
                            where later.schedule = f.schedule and later.route_id = f.route_id
                              and later.fire_time > f.fire_time)
            """;

    private final Database database;
    private final EventQueue queue;

    public ScheduleFires(Database database, EventQueue queue) {
        this.database = database;
        this.queue = queue;
    }

    /**
     * Records a fire and queues its event.
     *
     * @param planned the time the schedule names, not the time at which a node came to it
     * @return the event; empty when this fire was recorded before, by whichever node
     */
    public Optional<EventId> fire(ScheduleName schedule, RouteId route, Instant planned, NewEvent event) {
        return database.transaction(connection -> {
            if (!record(connection, schedule, route, planned)) {
                return Optional.empty();
            }
            EventId id = queue.enqueue(connection, List.of(event)).get(0);
            nameEvent(connection, id, schedule, route, planned);
            return Optional.of(id);
        });
    }

    /**
     * Records a time as if it had fired, without an event: from then on fires count as missed. Does nothing when a fire
     * of the pair is recorded already.
     */
    public void begin(ScheduleName schedule, RouteId route, Instant from) {
        if (last(schedule, route).isEmpty()) {
            database.transaction(connection -> record(connection, schedule, route, from));
        }
    }

    /** The planned time of the last recorded fire. */
    public Optional<Instant> last(ScheduleName schedule, RouteId route) {
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LAST)) {
                statement.setString(1, schedule.value());
                statement.setString(2, route.value());
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return Optional.ofNullable(row.getObject(1, OffsetDateTime.class))
                            .map(OffsetDateTime::toInstant);
                }
            }
        });
    }

    /** Removes fires planned longer ago than this, but never the last of a schedule and route; the number removed. */
    public int forget(Duration olderThan) {
        return database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(FORGET)) {
                statement.setLong(1, olderThan.toMillis());
                return statement.executeUpdate();
            }
        });
    }

    private static boolean record(Connection connection, ScheduleName schedule, RouteId route, Instant planned)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(RECORD)) {
            statement.setString(1, schedule.value());
            statement.setString(2, route.value());
            statement.setObject(3, planned.atOffset(ZoneOffset.UTC));
            return statement.executeUpdate() == 1;
        }
    }

    private static void nameEvent(
            Connection connection, EventId event, ScheduleName schedule, RouteId route, Instant planned)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NAME_EVENT)) {
            statement.setLong(1, event.value());
            statement.setString(2, schedule.value());
            statement.setString(3, route.value());
            statement.setObject(4, planned.atOffset(ZoneOffset.UTC));
            statement.executeUpdate();
        }
    }
}
