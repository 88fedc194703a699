package io.serai.route.schedule;

import io.serai.cluster.event.EventId;
import io.serai.cluster.schedule.ClockLook;
import io.serai.cluster.schedule.ClockRow;
import io.serai.cluster.schedule.ScheduleFires;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The clock of one route: what is due is looked for in the database, by whichever node comes first. */
final class ScheduleClock {
    private static final Logger LOG = LoggerFactory.getLogger(ScheduleClock.class);
    /** How far a node's clock may be ahead of the database's when it strikes. */
    private static final Duration AHEAD = Duration.ofSeconds(5);

    private static final Duration WAIT_FOR_FORMER = Duration.ofSeconds(2);

    private final RouteId route;
    private final ScheduleName schedule;
    private final Supplier<Optional<Timing>> timing;
    private final Firing firing;
    private final ScheduleFires fires;
    private final boolean named;

    /** @param timing as things stand; empty while the Schedule object is missing or disabled */
    ScheduleClock(
            RouteId route,
            ScheduleName schedule,
            Supplier<Optional<Timing>> timing,
            Firing firing,
            ScheduleFires fires,
            boolean named) {
        this.route = route;
        this.schedule = schedule;
        this.timing = timing;
        this.firing = firing;
        this.fires = fires;
        this.named = named;
    }

    RouteId route() {
        return route;
    }

    ScheduleName schedule() {
        return schedule;
    }

    /** Whether it follows a Schedule object. */
    boolean isNamed() {
        return named;
    }

    Optional<Instant> next(Instant after) {
        return timing.get().flatMap(found -> found.next(after));
    }

    /** A schedule that the route had before begins anew when it is given back. */
    void replaceOthers() {
        fires.leaveOthers(schedule, route);
    }

    /** From now on fires count, unless they did before. */
    void begin() {
        fires.begin(schedule, route, Optional.empty());
    }

    boolean isDue(ClockRow row) {
        return timing.get()
                .filter(found -> !found.between(row.lookedUntil(), row.now(), 1).isEmpty())
                .isPresent();
    }

    /**
     * Decides about all that is due.
     *
     * @param struck the time at which the clock was to strike
     * @return when to look again before the next time of the schedule
     */
    Optional<Instant> look(Optional<Instant> struck) {
        Optional<Timing> present = timing.get();
        if (present.isEmpty()) {
            return Optional.empty();
        }
        boolean mayFire = firing.mayFire();
        return fires.look(schedule, route, look -> {
            Instant limit = struck.filter(at ->
                            at.isAfter(look.now()) && at.isBefore(look.now().plus(AHEAD)))
                    .orElse(look.now());
            if (look.isPaused()) {
                look.lookedUntil(limit);
                return Optional.empty();
            }
            boolean waiting = DueFires.decide(look, schedule, present.get(), firing, limit, mayFire);
            return waiting ? Optional.of(look.now().plus(WAIT_FOR_FORMER)) : Optional.empty();
        });
    }

    /** What was due until now is left out: the schedule was not in force. */
    void skipToNow() {
        fires.look(schedule, route, look -> {
            look.lookedUntil(look.now());
            return true;
        });
    }

    /** {@code OBJECT_IN_USE} while the event of a former fire is alive. */
    void requireIdle() {
        var unused = fires.look(schedule, route, this::idle);
    }

    private boolean idle(ClockLook look) throws SQLException {
        Optional<EventId> alive = look.alive();
        if (alive.isPresent()) {
            throw new SeraiException(
                    ErrorCode.OBJECT_IN_USE,
                    "The event " + alive.get() + " of schedule " + schedule + " and route " + route
                            + " is alive; wait for its end or cancel it");
        }
        return true;
    }

    /** Makes an event now, whatever the times say; {@code OBJECT_IN_USE} while that of a former fire is alive. */
    EventId runNow(String by) {
        return fires.look(schedule, route, look -> {
            var unused = idle(look);
            return look.fire(look.now(), firing.event(schedule, look.now()), "", Optional.of(by))
                    .orElseThrow(() -> new SeraiException(ErrorCode.CONFLICT, "It was run at this very moment"));
        });
    }

    /** A fire that fails is made up for by the next look; the clock goes on. */
    void quietly(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.warn("Route {}: the schedule {} could not queue its event; it is tried again", route, schedule, e);
        }
    }
}
