package io.serai.server.edge;

import io.serai.config.name.EdgeName;
import io.serai.config.name.ZoneName;
import io.serai.config.object.Zone;
import io.serai.edge.relay.PassedSessions;
import io.serai.endpoint.BoundListener;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.handover.HandoverListener;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.Route;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.support.SynchronizationAdapter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's listeners for connections that edges pass through. They bind no port, so that nobody else reaches them: for each
 * such listener of a zone one for each of its edges, so that an edge can fill up what is its own and no more, and its
 * sessions are known by it. They follow the zones; what could not be opened is tried again. Those that change them take turns.
 */
public final class PassedListeners {
    private static final Logger LOG = LoggerFactory.getLogger(PassedListeners.class);
    private static final String ID_PREFIX = "serai-passed-";
    /** No name holds it. */
    private static final String BETWEEN_NAMES = "/";

    private static final String ASKED = "SeraiPassedOperation";

    private final Supplier<CamelContext> camel;
    private final Supplier<List<Zone>> zones;
    private final Parts parts;
    /** The endpoints of the routes that run, by place. One that stops is none of them any more. */
    private final Map<Place, String> running = new ConcurrentHashMap<>();

    private final Map<Place, String> failures = new HashMap<>();
    /** What is shown, also while a route that stops holds up the others. */
    private volatile Map<String, String> shown = Map.of();

    /**
     * What they are made of.
     *
     * @param endpoints the URI of the endpoint that answers for a listener, for the sockets of that name
     * @param sessions what an edge of a zone may do
     * @param answering the URI of what answers partners
     */
    public record Parts(
            BiFunction<Zone.Listener, String, String> endpoints,
            BiFunction<ZoneName, EdgeName, PassedSessions> sessions,
            String answering) {}

    private record Place(ZoneName zone, EdgeName edge, String listener) {
        String name() {
            return zone + BETWEEN_NAMES + edge + BETWEEN_NAMES + listener;
        }

        String routeId() {
            return ID_PREFIX + name();
        }
    }

    public PassedListeners(Supplier<CamelContext> camel, Supplier<List<Zone>> zones, Parts parts) {
        this.camel = camel;
        this.zones = zones;
        this.parts = parts;
    }

    /** Those of a context. */
    public static List<BoundListener> of(CamelContext camel) {
        return camel.getRoutes().stream()
                .filter(route -> route.getRouteId().startsWith(ID_PREFIX))
                .map(Route::getConsumer)
                .filter(BoundListener.class::isInstance)
                .map(BoundListener.class::cast)
                .toList();
    }

    /** Brings them to what the zones say. */
    public synchronized void follow() {
        Map<Place, String> wanted = wanted();
        for (Map.Entry<Place, String> route : Map.copyOf(running).entrySet()) {
            if (!route.getValue().equals(wanted.get(route.getKey()))) {
                remove(route.getKey(), route.getValue());
            }
        }
        failures.keySet().retainAll(wanted.keySet());
        wanted.forEach((place, from) -> {
            if (!running.containsKey(place)) {
                add(place, from);
            }
        });
        shown = said();
    }

    private Map<Place, String> wanted() {
        Map<Place, String> wanted = new HashMap<>();
        for (Zone zone : zones.get()) {
            for (Zone.Listener listener : zone.listeners()) {
                if (listener.mode() == Zone.Mode.TCP) {
                    for (Zone.Edge edge : zone.edges()) {
                        Place place = new Place(zone.name(), edge.name(), listener.name());
                        wanted.put(place, parts.endpoints().apply(listener, place.name()));
                    }
                }
            }
        }
        return wanted;
    }

    /** Tries again what could not be opened. */
    public synchronized void retry() {
        if (!failures.isEmpty()) {
            follow();
        }
    }

    /** What could not be opened and why, by zone, edge and listener; never waits for what is brought to the zones now. */
    public Map<String, String> troubles() {
        return shown;
    }

    private Map<String, String> said() {
        Map<String, String> troubles = new TreeMap<>();
        failures.forEach((place, why) -> troubles.put(
                place.name(),
                "connections of the listener " + place.listener() + " that the edge " + place.edge()
                        + " passes through are not answered here; it is tried again: " + why));
        return Collections.unmodifiableMap(troubles);
    }

    /**
     * What answers this listener of this zone for this edge; empty when the zone passes nothing of that name through.
     * While it is opened or closed it takes nothing.
     */
    public Optional<HandoverListener> listener(ZoneName zone, EdgeName edge, String listener) {
        Place place = new Place(zone, edge, listener);
        Route route = running.containsKey(place) ? camel.get().getRoute(place.routeId()) : null;
        return route != null && route.getConsumer() instanceof HandoverListener found
                ? Optional.of(found)
                : Optional.empty();
    }

    private void add(Place place, String from) {
        PassedSessions sessions = parts.sessions().apply(place.zone(), place.edge());
        try {
            camel.get().addRoutes(new RouteBuilder() {
                @Override
                public void configure() {
                    // spotless:off
                    from(from)
                        .routeId(place.routeId())
                        .errorHandler(noErrorHandler())
                        .noStreamCaching()
                        .noMessageHistory()
                        .process(exchange -> ask(sessions, exchange))
                        .to(parts.answering())
                        .process(PassedListeners::answered);
                    // spotless:on
                }
            });
            running.put(place, from);
            if (failures.remove(place) != null) {
                LOG.info("Connections that edges pass through are answered now: {}", place.name());
            }
        } catch (Exception e) { // Camel declares any, and the others are not to suffer
            remove(place, from);
            String why = reason(e);
            if (!why.equals(failures.put(place, why))) {
                LOG.error(
                        "Connections that edges pass through are not answered, and it is tried again: {}",
                        place.name(),
                        e);
            }
        }
    }

    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    private static void ask(PassedSessions sessions, Exchange exchange) {
        if (exchange.getIn().getBody() instanceof PartnerOperation<?> operation) {
            PassedSessions.Asked asked = sessions.asks(operation);
            exchange.setProperty(ASKED, asked);
            // Where the desk fails, nothing else says so.
            exchange.getExchangeExtension().addOnCompletion(new SynchronizationAdapter() {
                @Override
                public void onFailure(Exchange failed) {
                    asked.answered(null);
                }
            });
            Optional<LoginResult> answer = asked.refusal();
            exchange.getMessage().setBody(answer.isPresent() ? answer.get() : sessions.marked(operation));
            exchange.setRouteStop(answer.isPresent());
        }
    }

    private static void answered(Exchange exchange) {
        if (exchange.getProperty(ASKED) instanceof PassedSessions.Asked asked) {
            asked.answered(exchange.getMessage().getBody());
        }
    }

    private void remove(Place place, String from) {
        running.remove(place);
        CamelContext context = camel.get();
        try {
            if (context.getRoute(place.routeId()) != null) {
                context.getRouteController().stopRoute(place.routeId());
                context.removeRoute(place.routeId());
            }
            Endpoint endpoint = context.hasEndpoint(from);
            if (endpoint != null) {
                context.removeEndpoint(endpoint);
            }
        } catch (Exception e) { // Camel declares any
            LOG.warn("What is left of {} could not be removed", place.name(), e);
        }
    }
}
