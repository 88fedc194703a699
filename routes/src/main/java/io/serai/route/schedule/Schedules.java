package io.serai.route.schedule;

import io.serai.cluster.event.EventId;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.schedule.ClockRow;
import io.serai.cluster.schedule.QuartzSettings;
import io.serai.cluster.schedule.ScheduleFires;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.Calendar;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Route;
import io.serai.config.object.Schedule;
import io.serai.route.NodeParts;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.camel.CamelContext;
import org.apache.camel.support.service.ServiceSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clocks of this node's routes. Quartz' clustered store wakes one node when something is due; that node looks in the
 * database which times have come since the last look and decides about each, in one transaction. Every node also sweeps
 * through all clocks now and then, so that a strike that nobody took is only late: what happened is decided by the rows,
 * never by who was awake. Changed Schedule and Calendar objects take effect at once.
 */
public final class Schedules extends ServiceSupport {
    private static final Logger LOG = LoggerFactory.getLogger(Schedules.class);
    private static final Duration SWEEP = Duration.ofSeconds(10);

    private final CamelContext camel;
    private final ObjectStore objects;
    private final ScheduleFires fires;
    private final InstantSource clock;
    private final Striking striking;
    private final Map<RouteId, ScheduleClock> clocks = new ConcurrentHashMap<>();
    private @Nullable ScheduledExecutorService sweeper;

    /** @param shared how Quartz reaches its store; empty for triggers in memory */
    public Schedules(
            CamelContext camel,
            ObjectStore objects,
            ScheduleFires fires,
            Optional<QuartzSettings> shared,
            InstantSource clock) {
        this.camel = camel;
        this.objects = objects;
        this.fires = fires;
        this.clock = clock;
        this.striking = new Striking(camel, this, shared);
        objects.onChange(this::changed);
    }

    /** The clocks of a context, made when they are first needed. */
    public static Schedules of(CamelContext camel) throws Exception {
        synchronized (camel.getRegistry()) {
            Schedules present = camel.hasService(Schedules.class);
            if (present == null) {
                present = new Schedules(
                        camel,
                        NodeParts.require(camel, ObjectStore.class),
                        NodeParts.require(camel, ScheduleFires.class),
                        Optional.ofNullable(camel.getRegistry().findSingleByType(QuartzSettings.class)),
                        InstantSource.system());
                camel.addService(present, true, true);
            }
            return present;
        }
    }

    /**
     * A route's clock as operators see it.
     *
     * @param named whether it follows a Schedule object
     */
    public record ClockView(ScheduleName schedule, RouteId route, boolean named, Optional<Instant> next) {}

    /** Fires for a route by a Schedule object until {@link #remove}. */
    public void add(RouteId route, Timing.Named schedule, Firing firing) {
        ScheduleName name = schedule.name();
        put(new ScheduleClock(route, name, () -> timing(name), firing, fires, true));
    }

    /** Fires for a route by a timing of its own until {@link #remove}. */
    public void add(RouteId route, Timing timing, Firing firing) {
        put(new ScheduleClock(route, timing.name(), () -> Optional.of(timing), firing, fires, false));
    }

    private void put(ScheduleClock added) {
        clocks.put(added.route(), added);
        added.quietly(() -> {
            added.replaceOthers();
            added.begin();
            look(added, Optional.empty());
        });
    }

    /** The route's clock stops here; that of a route that is no more stops on every node. */
    public void remove(RouteId route) {
        ScheduleClock removed = clocks.remove(route);
        if (removed == null) {
            return;
        }
        if (objects.find(Route.class, route.value()).isEmpty()) {
            removed.quietly(() -> {
                striking.disarm(route, removed.schedule());
                fires.forget(removed.schedule(), route);
            });
        } else {
            striking.forget(route, removed.schedule());
        }
    }

    /** The clocks that run here, by route. */
    public List<ClockView> list() {
        return clocks.values().stream()
                .sorted((a, b) -> a.route().compareTo(b.route()))
                .map(each -> new ClockView(each.schedule(), each.route(), each.isNamed(), each.next(clock.instant())))
                .toList();
    }

    /**
     * Makes the event of every route that the schedule is for, or of none.
     *
     * @throws SeraiException {@code NO_SUCH_OBJECT} when no running route names it, {@code OBJECT_IN_USE} while the event
     *     of a former fire is alive
     */
    public Map<RouteId, EventId> runNow(ScheduleName schedule, String by) {
        List<ScheduleClock> named = of(each -> each.schedule().equals(schedule));
        if (named.isEmpty()) {
            throw new SeraiException(
                    ErrorCode.NO_SUCH_OBJECT, "No route that runs here names the schedule \"" + schedule + "\"");
        }
        // Else the events that were made would keep the next try from making the others.
        named.forEach(ScheduleClock::requireIdle);
        Map<RouteId, EventId> made = new HashMap<>();
        named.forEach(each -> made.put(each.route(), each.runNow(by)));
        LOG.info("{} ran the schedule {} now: {}", by, schedule, made);
        return made;
    }

    /** When a Schedule object fires as things stand. */
    private Optional<Timing> timing(ScheduleName name) {
        Optional<Schedule> found = objects.find(Schedule.class, name.value());
        if (found.isEmpty()) {
            LOG.warn("The schedule {} does not exist; the routes that name it wait for it", name);
        }
        return found.filter(Schedule::enabled).flatMap(this::timing);
    }

    private Optional<Timing> timing(Schedule schedule) {
        if (schedule.calendar().isEmpty()) {
            return Optional.of(Timing.Cron.of(schedule, Optional.empty()));
        }
        Optional<Calendar> calendar =
                objects.find(Calendar.class, schedule.calendar().get().value());
        if (calendar.isEmpty()) {
            LOG.warn("The schedule {} waits for its calendar, which does not exist", schedule.name());
        }
        return calendar.map(found -> Timing.Cron.of(schedule, calendar));
    }

    private void changed(List<ObjectStore.Change> changes) {
        for (ObjectStore.Change change : changes) {
            if (change.key().kind() == ObjectKind.SCHEDULE) {
                boolean comesIntoForce =
                        change.after() instanceof Schedule after && after.enabled() && !wasInForce(change.before());
                of(each -> each.isNamed()
                                && each.schedule().value().equals(change.key().name()))
                        .forEach(each -> changed(each, comesIntoForce));
            } else if (change.key().kind() == ObjectKind.CALENDAR) {
                of(ScheduleClock::isNamed).forEach(each -> changed(each, false));
            }
        }
    }

    private static boolean wasInForce(@Nullable Object before) {
        return before instanceof Schedule schedule && schedule.enabled();
    }

    /** What was due while the schedule was not in force was not missed. */
    private void changed(ScheduleClock changed, boolean comesIntoForce) {
        changed.quietly(() -> {
            if (comesIntoForce) {
                changed.skipToNow();
            }
            striking.forget(changed.route(), changed.schedule());
            look(changed, Optional.empty());
        });
    }

    private List<ScheduleClock> of(Predicate<ScheduleClock> which) {
        return clocks.values().stream().filter(which).toList();
    }

    /** Quartz woke this node for a clock. */
    void struck(RouteId route, ScheduleName schedule, Optional<Instant> planned) {
        ScheduleClock struck = clocks.get(route);
        if (struck != null && struck.schedule().equals(schedule)) {
            struck.quietly(() -> look(struck, planned));
        } else if (objects.find(Route.class, route.value()).isEmpty()) {
            striking.disarm(route, schedule);
        }
    }

    private void look(ScheduleClock looked, Optional<Instant> struck) {
        Optional<Instant> again = looked.look(struck);
        arm(looked, again, struck);
    }

    private void arm(ScheduleClock looked, Optional<Instant> again, Optional<Instant> struck) {
        Instant now = clock.instant();
        // A clock that struck early by this node's time must not be set to the same time again.
        Instant after = struck.filter(at -> at.isAfter(now)).orElse(now);
        again.or(() -> looked.next(after)).ifPresent(at -> striking.arm(looked.route(), looked.schedule(), at));
    }

    @Override
    protected void doStart() {
        sweeper = camel.getExecutorServiceManager().newSingleThreadScheduledExecutor(this, "schedule-sweep");
        var unused =
                sweeper.scheduleWithFixedDelay(this::sweep, SWEEP.toSeconds(), SWEEP.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    protected void doStop() {
        if (sweeper != null) {
            camel.getExecutorServiceManager().shutdownNow(sweeper);
        }
        clocks.clear();
    }

    /** One read finds the clocks with something due; none is the rule. */
    private void sweep() {
        try {
            Map<RouteId, ClockRow> rows = new HashMap<>();
            for (ClockRow row : fires.clocks()) {
                ScheduleClock here = clocks.get(row.route());
                if (here != null && here.schedule().equals(row.schedule())) {
                    rows.put(row.route(), row);
                }
            }
            clocks.values().forEach(each -> each.quietly(() -> sweep(each, rows.get(each.route()))));
        } catch (RuntimeException e) { // the next sweep may find the database again
            LOG.debug("The clocks were not swept", e);
        }
    }

    private void sweep(ScheduleClock swept, @Nullable ClockRow row) {
        if (row == null) {
            swept.begin();
        } else if (swept.isDue(row)) {
            look(swept, Optional.empty());
        } else {
            arm(swept, Optional.empty(), Optional.empty());
        }
    }
}
