package io.serai.route;

import io.serai.config.name.RouteId;

/**
 * Where the consumers of events ({@code arrival:}, {@code site:}, {@code schedule:}) get their work: the node's one
 * dispatcher, found in Camel's registry by this type.
 */
public interface EventSource {
    /**
     * Begins to hand events of a route to its consumer.
     *
     * @param maxInFlight how many events of the route this node runs at the same time
     * @throws io.serai.config.error.SeraiException {@code DEFECT} when the route has a consumer of events already
     */
    Subscription subscribe(RouteId route, int maxInFlight, EventHandler handler);

    /** A consumer's standing order for events. */
    interface Subscription extends AutoCloseable {
        /** No further event is handed over; events that run go on. Idempotent. */
        @Override
        void close();
    }

    /** What a route does with an event. Called by the dispatcher's threads, by several at a time. */
    @FunctionalInterface
    interface EventHandler {
        /**
         * Runs the event to its end: returning means that it is completed; what is thrown decides by its kind whether it
         * is tried again, parked or given back.
         */
        void handle(EventContext context) throws Exception;
    }
}
