package io.serai.route.arrival;

import io.serai.cluster.storage.Storage;
import io.serai.config.name.RouteId;
import io.serai.route.EventSource;
import io.serai.route.RouteEntry;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;

/** Takes the route's events from the node's dispatcher while the route is started. */
public class ArrivalConsumer extends DefaultConsumer {
    private final ArrivalEndpoint endpoint;
    private final EventSource events;
    private final RouteEntry entry;
    private EventSource.@Nullable Subscription subscription;

    public ArrivalConsumer(ArrivalEndpoint endpoint, Processor processor, EventSource events, Storage storage) {
        super(endpoint, processor);
        this.endpoint = endpoint;
        this.events = events;
        this.entry = new RouteEntry(this, storage);
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        subscription = events.subscribe(new RouteId(getRouteId()), endpoint.getMaxInFlight(), entry::run);
    }

    @Override
    protected void doStop() throws Exception {
        EventSource.Subscription taken = subscription;
        if (taken != null) {
            taken.close();
        }
        super.doStop();
    }
}
