package io.serai.route.arrival;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.EventQueue.Room;
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
    private final int pullCapacity;
    private final Map<RouteId, RouteSlots> routes = new LinkedHashMap<>();
    private int used;
    private int pullsUsed;
    private int rotation;

    /** @param pullCapacity how many of all may be pulls */
    EventSlots(int capacity, int pullCapacity) {
        this.capacity = capacity;
        this.pullCapacity = pullCapacity;
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

    /** Takes a slot of the event's route; empty when nobody consumes it any more. */
    Optional<RouteSlots> take(ClaimedEvent event) {
        RouteId route = event.route();
        RouteSlots slots = routes.get(route);
        if (slots == null) {
            return Optional.empty();
        }
        slots.used++;
        used++;
        pullsUsed += pulls(event);
        return Optional.of(slots);
    }

    void giveBack(RouteSlots slots, ClaimedEvent event) {
        slots.used--;
        used--;
        pullsUsed -= pulls(event);
    }

    private static int pulls(ClaimedEvent event) {
        return event.kind() == EventKind.PULL ? 1 : 0;
    }

    /**
     * What can be claimed now: the free slots of the node, dealt out one by one to the routes that have room, beginning
     * with another route each time.
     *
     * @param part of its capacity that the node uses at the moment, more than 0 and at most 1
     */
    Room free(double part) {
        return new Room(dealt((int) Math.ceil(capacity * part) - used), Math.max(0, pullCapacity - pullsUsed));
    }

    private Map<RouteId, Integer> dealt(int room) {
        int left = room;
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
