package io.serai.endpoint;

import io.serai.config.name.SessionId;
import java.util.List;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.ServiceStatus;

/** The inbound consumers of a Camel context, found through its routes at every call. */
public final class ActiveListeners {
    private final CamelContext camel;

    public ActiveListeners(CamelContext camel) {
        this.camel = camel;
    }

    /** The listeners of all routes; one whose route is stopped is not among them. */
    public List<BoundListener> bound() {
        return consumers(BoundListener.class).toList();
    }

    /**
     * Ends a session, whichever consumer holds it; see {@link SessionControl#end}.
     *
     * @return whether one held it
     */
    public boolean end(SessionId session, String reason) {
        return consumers(SessionControl.class).anyMatch(consumer -> consumer.end(session, reason));
    }

    private <T> Stream<T> consumers(Class<T> type) {
        return camel.getRoutes().stream()
                .filter(this::isStarted)
                .map(Route::getConsumer)
                .filter(type::isInstance)
                .map(type::cast);
    }

    /** A route that is being removed has no status any more. */
    private boolean isStarted(Route route) {
        ServiceStatus status = camel.getRouteController().getRouteStatus(route.getRouteId());
        return status != null && status.isStarted();
    }
}
