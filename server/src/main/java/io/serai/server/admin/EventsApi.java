package io.serai.server.admin;

import static io.serai.server.admin.ApiOperation.get;
import static io.serai.server.admin.ApiOperation.parameter;
import static io.serai.server.admin.ApiOperation.post;

import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.EventQueue.EventFilter;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import java.util.List;
import java.util.Map;

/** The event queue over REST. */
public final class EventsApi {
    private static final int MOST_ROWS = 1000;

    private final EventQueue queue;

    public EventsApi(EventQueue queue) {
        this.queue = queue;
    }

    public List<ApiOperation> operations() {
        return List.of(
                get(
                        "/api/v1/events",
                        "Events that wait, run or are parked, newest first",
                        this::find,
                        parameter("state", "ready, claimed, waiting or parked"),
                        parameter("route", "of this route only"),
                        parameter("party", "of this account or site only"),
                        parameter("before", "older than the event of this number"),
                        parameter("limit", "at most so many, 50 unless given, 1000 at most")),
                get("/api/v1/events/{id}", "A live or ended event with its attempts", this::show),
                post("/api/v1/events/{id}/retry", Role.OPERATOR, "Run a parked or waiting event now", this::retry),
                post("/api/v1/events/{id}/cancel", Role.OPERATOR, "End an event", this::cancel));
    }

    private Object find(ApiRequest request) {
        return Map.of(
                "events",
                queue.find(new EventFilter(
                        request.queryValue("state"),
                        request.queryValue("route").map(RouteId::new),
                        request.queryValue("party"),
                        request.queryValue("before").map(EventsApi::id),
                        request.queryNumber("limit", 50, MOST_ROWS))));
    }

    private Object show(ApiRequest request) {
        EventId id = id(request.pathValue("id"));
        return queue.get(id).orElseThrow(() -> new SeraiException(ErrorCode.NO_SUCH_OBJECT, "There is no event " + id));
    }

    private Object retry(ApiRequest request) {
        EventId id = id(request.pathValue("id"));
        queue.retryNow(id);
        return Map.of("id", id);
    }

    private Object cancel(ApiRequest request) {
        EventId id = id(request.pathValue("id"));
        queue.cancel(id, request.caller().name());
        return Map.of("id", id);
    }

    private static EventId id(String text) {
        try {
            return new EventId(Long.parseLong(text));
        } catch (NumberFormatException e) {
            throw new SeraiException(ErrorCode.INVALID, "\"" + text + "\" is not an event's number", e);
        }
    }
}
