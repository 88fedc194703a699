package io.serai.route.arrival;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.route.EventSource.EventHandler;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How many events the node and each route may run, and how many they do. Not thread-safe: the dispatcher's lock guards it.
 */
final class EventSlots {
    private final int capacity;
    private final Map<RouteId, RouteSlots> routes = new LinkedHashMap<>();
    private int used;
    private int rotation;

    EventSlots(int capacity) {
        this.capacity = capacity;
    }

    /** One route's share. */
    static final class RouteSlots {
        private final RouteId route;
        private final EventHandler handler;
        private final int most;
        private int used;
        private volatile boolean closed;

        private RouteSlots(RouteId route, EventHandler handler, int most) {
            this.route = route;
            this.handler = handler;
            this.most = most;
        }

        EventHandler handler() {
            return handler;
        }

        boolean isClosed() {
            return closed;
        }
    }

    RouteSlots add(RouteId route, EventHandler handler, int most) {
        if (routes.containsKey(route)) {
            throw new SeraiException(
                    ErrorCode.DEFECT, "Route " + route + " has a consumer of events already; a route can have one");
        }
        RouteSlots slots = new RouteSlots(route, handler, most);
        routes.put(route, slots);
        return slots;
    }

    void remove(RouteSlots slots) {
        slots.closed = true;
        routes.remove(slots.route, slots);
    }

    /** Takes a slot of the route; empty when nobody consumes it any more. */
    Optional<RouteSlots> take(RouteId route) {
        RouteSlots slots = routes.get(route);
        if (slots == null) {
            return Optional.empty();
        }
        slots.used++;
        used++;
        return Optional.of(slots);
    }

    void giveBack(RouteSlots slots) {
        slots.used--;
        used--;
    }

    /**
     * What can be claimed now: the free slots of the node, dealt out one by one to the routes that have room, beginning
     * with another route each time.
     */
    Map<RouteId, Integer> free() {
        int left = capacity - used;
        List<RouteSlots> order = new ArrayList<>(routes.values());
        if (left <= 0 || order.isEmpty()) {
            return Map.of();
        }
        Collections.rotate(order, -(rotation++ % order.size()));
        Map<RouteId, Integer> dealt = new HashMap<>();
        boolean dealing = true;
        while (dealing && left > 0) {
            dealing = false;
            for (RouteSlots slots : order) {
                int given = dealt.getOrDefault(slots.route, 0);
                if (left > 0 && slots.used + given < slots.most) {
                    dealt.put(slots.route, given + 1);
                    left--;
                    dealing = true;
                }
            }
        }
        return dealt;
    }
}
