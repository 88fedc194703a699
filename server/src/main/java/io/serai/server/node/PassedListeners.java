package io.serai.server.node;

import io.serai.cluster.object.ObjectStore;
import io.serai.config.name.ZoneName;
import io.serai.config.object.Zone;
import io.serai.endpoint.BoundListener;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.Route;
import org.apache.camel.ServiceStatus;
import org.apache.camel.builder.RouteBuilder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's listeners for connections that edges pass through: one for each such listener of a zone, on loopback, which takes
 * connections of this process alone. They follow the zones. Its methods take turns.
 */
final class PassedListeners {
    private static final Logger LOG = LoggerFactory.getLogger(PassedListeners.class);
    private static final String ID_PREFIX = "serai-passed-";

    private final NodeCamel camel;
    private final ObjectStore objects;
    private final Function<Zone.Listener, String> endpoints;
    /** The endpoints of the routes that run, by route id. */
    private final Map<String, String> running = new HashMap<>();

    /** @param endpoints the URI of the endpoint that answers for a listener */
    PassedListeners(NodeCamel camel, ObjectStore objects, Function<Zone.Listener, String> endpoints) {
        this.camel = camel;
        this.objects = objects;
        this.endpoints = endpoints;
    }

    private static String id(ZoneName zone, String listener) {
        return ID_PREFIX + zone + "-" + listener;
    }

    /** Those of a context. */
    static List<BoundListener> of(CamelContext camel) {
        return camel.getRoutes().stream()
                .filter(route -> route.getRouteId().startsWith(ID_PREFIX))
                .map(Route::getConsumer)
                .filter(BoundListener.class::isInstance)
                .map(BoundListener.class::cast)
                .toList();
    }

    /** Brings them to what the zones say. */
    synchronized void follow() {
        Map<String, String> wanted = new HashMap<>();
        for (Zone zone : objects.all(Zone.class)) {
            for (Zone.Listener listener : zone.listeners()) {
                if (listener.mode() == Zone.Mode.TCP) {
                    wanted.put(id(zone.name(), listener.name()), endpoints.apply(listener));
                }
            }
        }
        for (Map.Entry<String, String> route : Map.copyOf(running).entrySet()) {
            if (!route.getValue().equals(wanted.get(route.getKey()))) {
                remove(route.getKey(), route.getValue());
            }
        }
        wanted.forEach((id, from) -> {
            if (!running.containsKey(id)) {
                add(id, from);
            }
        });
    }

    /** Where this listener of this zone is answered; empty when the zone passes nothing of that name through. */
    Optional<InetSocketAddress> address(ZoneName zone, String listener) {
        String id = id(zone, listener);
        Route route = camel.context().getRoute(id);
        ServiceStatus status = camel.context().getRouteController().getRouteStatus(id);
        return route != null
                        && status != null
                        && status.isStarted()
                        && route.getConsumer() instanceof BoundListener bound
                ? Optional.of(bound.address())
                : Optional.empty();
    }

    private void add(String id, String from) {
        try {
            camel.addRoutes(new RouteBuilder() {
                @Override
                public void configure() {
                    // spotless:off
                    from(from)
                        .routeId(id)
                        .errorHandler(noErrorHandler())
                        .noStreamCaching()
                        .noMessageHistory()
                        .to("partner-session:local");
                    // spotless:on
                }
            });
            running.put(id, from);
        } catch (RuntimeException e) { // the others are not to suffer
            LOG.error("Connections that edges pass through are not answered: {}", id, e);
        }
    }

    private void remove(String id, String from) {
        running.remove(id);
        CamelContext context = camel.context();
        try {
            if (context.getRoute(id) != null) {
                context.getRouteController().stopRoute(id);
                context.removeRoute(id);
            }
            Endpoint endpoint = context.hasEndpoint(from);
            if (endpoint != null) {
                context.removeEndpoint(endpoint);
            }
        } catch (Exception e) { // Camel declares any
            LOG.warn("What is left of {} could not be removed", id, e);
        }
    }
}
