package io.serai.server.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.serai.edge.link.Link;
import io.serai.edge.message.EdgeMessages.EdgeState;
import io.serai.server.edge.EdgeLinks;
import io.serai.server.edge.EdgeLinks.EdgeView;
import io.serai.server.edge.EdgeRows;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** This server's figures of its links to edges, one of each for every edge of every zone. */
public final class EdgeMeters {
    private final EdgeLinks links;
    private final Map<MultiGauge, ToDoubleFunction<EdgeView>> gauges = new LinkedHashMap<>();

    private EdgeMeters(EdgeLinks links) {
        this.links = links;
    }

    /** The one that is to be told before each look. */
    public static EdgeMeters register(MeterRegistry registry, EdgeLinks links) {
        EdgeMeters meters = new EdgeMeters(links);
        meters.addStates(registry);
        meters.addTraffic(registry);
        return meters;
    }

    private void addStates(MeterRegistry registry) {
        add(
                registry,
                "up",
                "Whether this server has a link that takes sessions",
                view -> EdgeRows.state(view).equals("up") ? 1 : 0);
        add(
                registry,
                "drift",
                "Whether the edge works with another configuration than it should",
                view -> view.standing().drifts() ? 1 : 0);
        add(
                registry,
                "draining",
                "Whether the edge takes no more sessions",
                view -> EdgeRows.state(view).equals("draining") ? 1 : 0);
        add(
                registry,
                "sessions",
                "Sessions of partners at the edge, with all servers",
                view -> view.standing().state().map(EdgeState::sessions).orElse(0));
        add(
                registry,
                "links",
                "Links that came up since this server began to dial the edge",
                view -> view.counts().ups());
        add(
                registry,
                "links.lost",
                "Links that were lost since then",
                view -> view.counts().losses());
    }

    private void addTraffic(MeterRegistry registry) {
        add(
                registry,
                "connections",
                "Connections of the link",
                view -> figures(view).size());
        add(
                registry,
                "round.trip.seconds",
                "The shortest round trip of a connection, by its last ping",
                view -> view.link()
                        .map(EdgeRows::roundTripNanos)
                        .filter(java.util.OptionalLong::isPresent)
                        .map(nanos -> nanos.getAsLong() / 1e9)
                        .orElse(Double.NaN));
        add(
                registry,
                "streams",
                "Streams that are open",
                view -> figures(view).stream()
                        .mapToInt(Link.ConnectionFigures::streams)
                        .sum());
        add(
                registry,
                "requests",
                "Requests that have not been answered",
                view -> figures(view).stream()
                        .mapToInt(Link.ConnectionFigures::requests)
                        .sum());
        add(
                registry,
                "unsent.bytes",
                "What the sockets have not taken yet",
                view -> figures(view).stream()
                        .mapToLong(Link.ConnectionFigures::unsentBytes)
                        .sum());
    }

    private static List<Link.ConnectionFigures> figures(EdgeView view) {
        return view.link().map(Link::figures).orElse(List.of());
    }

    private void add(MeterRegistry registry, String name, String description, ToDoubleFunction<EdgeView> figure) {
        gauges.put(
                MultiGauge.builder("serai.edge." + name)
                        .description(description)
                        .register(registry),
                figure);
    }

    /** Reads the figures anew; edges that are gone have none any more. */
    public void refresh() {
        List<EdgeView> views = links.edges();
        gauges.forEach((gauge, figure) -> gauge.register(
                views.stream()
                        .map(view -> MultiGauge.Row.of(
                                Tags.of(
                                        "edge",
                                        view.edge().name().value(),
                                        "zone",
                                        view.zone().objectName()),
                                figure.applyAsDouble(view)))
                        .toList(),
                true));
    }
}
