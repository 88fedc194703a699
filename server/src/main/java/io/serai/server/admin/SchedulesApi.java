package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.parameter;
import static io.serai.server.admin.ApiOperation.post;

import io.serai.cluster.event.EventId;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.schedule.FireView;
import io.serai.cluster.schedule.ScheduleFires;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.Schedule;
import io.serai.route.schedule.Schedules;
import io.serai.route.schedule.Schedules.ClockView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Schedules over REST: when they fire next, what came of their fires; run now, pause, resume. */
public final class SchedulesApi {
    private static final Logger LOG = LoggerFactory.getLogger(SchedulesApi.class);
    private static final int MOST_ROWS = 1000;

    private final ObjectStore objects;
    private final ScheduleFires fires;
    private final Schedules schedules;

    public SchedulesApi(ObjectStore objects, ScheduleFires fires, Schedules schedules) {
        this.objects = objects;
        this.fires = fires;
        this.schedules = schedules;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get("/api/v1/schedules", "Schedules with their routes, next and last fires", this::list),
                get(
                        "/api/v1/schedules/{name}/fires",
                        "The fires of a schedule and what came of each, latest first",
                        this::fires,
                        parameter("limit", "at most so many, 50 unless given, 1000 at most")),
                post("/api/v1/schedules/{name}/run", Role.OPERATOR, "Make its events now", this::run),
                post("/api/v1/schedules/{name}/pause", Role.OPERATOR, "Stop its clock on all nodes", this::pause),
                post("/api/v1/schedules/{name}/resume", Role.OPERATOR, "Start its clock again", this::resume));
    }

    /**
     * A schedule of one route.
     *
     * @param state active, paused, disabled, unused (no route that runs here names it) or missing
     */
    private record Row(
            ScheduleName schedule,
            Optional<RouteId> route,
            String state,
            Optional<Instant> next,
            Optional<FireView> last) {}

    private Object list(ApiRequest request) {
        Set<ScheduleName> paused = Set.copyOf(fires.paused());
        Map<String, FireView> last = new HashMap<>();
        fires.lastFires().forEach(fire -> last.put(fire.schedule() + "/" + fire.route(), fire));
        Map<String, Row> rows = new TreeMap<>();
        for (ClockView clock : schedules.list()) {
            String key = clock.schedule() + "/" + clock.route();
            String state = state(clock, paused);
            rows.put(
                    key,
                    new Row(
                            clock.schedule(),
                            Optional.of(clock.route()),
                            state,
                            state.equals("active") ? clock.next() : Optional.empty(),
                            Optional.ofNullable(last.get(key))));
        }
        for (Schedule schedule : objects.all(Schedule.class)) {
            if (rows.values().stream().noneMatch(row -> row.schedule().equals(schedule.name()))) {
                rows.put(
                        schedule.name().value(),
                        new Row(schedule.name(), Optional.empty(), "unused", Optional.empty(), Optional.empty()));
            }
        }
        return Map.of("schedules", new ArrayList<>(rows.values()));
    }

    private String state(ClockView clock, Set<ScheduleName> paused) {
        if (clock.named()) {
            Optional<Schedule> object =
                    objects.find(Schedule.class, clock.schedule().value());
            if (object.isEmpty()) {
                return "missing";
            }
            if (!object.get().enabled()) {
                return "disabled";
            }
        }
        return paused.contains(clock.schedule()) ? "paused" : "active";
    }

    private Object fires(ApiRequest request) {
        ScheduleName name = known(request);
        return Map.of("fires", fires.fires(name, request.queryNumber("limit", 50, MOST_ROWS)));
    }

    private Object run(ApiRequest request) {
        ScheduleName name = known(request);
        Map<RouteId, EventId> made = schedules.runNow(name, request.caller().name());
        Map<String, EventId> events = new TreeMap<>();
        made.forEach((route, event) -> events.put(route.value(), event));
        return Map.of("schedule", name, "events", events);
    }

    private Object pause(ApiRequest request) {
        ScheduleName name = known(request);
        fires.pause(name, request.caller().name());
        return Map.of("schedule", name, "state", "paused");
    }

    private Object resume(ApiRequest request) {
        ScheduleName name = known(request);
        boolean wasPaused = fires.resume(name);
        if (wasPaused) {
            LOG.info("{} resumed the schedule {}", request.caller().name(), name);
        }
        return Map.of("schedule", name, "state", "active", "wasPaused", wasPaused);
    }

    /** A schedule that is an object, or a clock of a route's own. */
    private ScheduleName known(ApiRequest request) {
        ScheduleName name = new ScheduleName(request.pathValue("name"));
        boolean found = objects.find(Schedule.class, name.value()).isPresent()
                || schedules.list().stream().anyMatch(clock -> clock.schedule().equals(name));
        if (!found) {
            throw new SeraiException(ErrorCode.NO_SUCH_OBJECT, "There is no schedule \"" + name + "\"");
        }
        return name;
    }
}
