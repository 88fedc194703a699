package io.serai.server.edge;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.edge.link.Link;
import io.serai.edge.message.EdgeMessages.EdgeState;
import io.serai.server.edge.EdgeLinks.EdgeView;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** How one server sees one edge, as rows for operators and the other servers. */
public final class EdgeRows {
    private static final ObjectMapper JSON = new ObjectMapper();

    private EdgeRows() {}

    /** The row of one server's view. */
    public static Map<String, Object> row(EdgeView view) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("state", state(view));
        row.put("failure", view.standing().failure());
        row.put("loss", view.standing().loss());
        view.link().ifPresent(link -> addLink(row, link));
        Optional<EdgeState> said = view.standing().state();
        row.put("sessions", said.map(EdgeState::sessions).orElse(null));
        row.put("configuration", said.map(EdgeState::digest).orElse(null));
        row.put("wantedConfiguration", view.standing().wanted());
        row.put("drift", view.standing().drifts());
        row.put("problem", view.standing().problem());
        row.put(
                "routes",
                said.map(state -> state.routes().name().toLowerCase(Locale.ROOT).replace('_', ' '))
                        .orElse(null));
        row.put("links", view.counts().ups());
        row.put("linksLost", view.counts().losses());
        row.put("violations", view.counts().violations());
        return row;
    }

    static String json(EdgeView view) {
        try {
            return JSON.writeValueAsString(row(view));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** {@code up}, {@code draining}, {@code down} or {@code not enrolled}. */
    public static String state(EdgeView view) {
        if (view.edge().pins().isEmpty()) {
            return "not enrolled";
        }
        return view.link().map(link -> link.takesSessions() ? "up" : "draining").orElse("down");
    }

    private static void addLink(Map<String, Object> row, Link link) {
        List<Link.ConnectionFigures> figures = link.figures();
        row.put("software", link.peer().software());
        row.put("minor", link.peer().minor());
        row.put("address", String.valueOf(link.peer().address()));
        row.put("pin", link.peer().pin().hex());
        row.put("connections", figures.size());
        row.put(
                "streams",
                figures.stream().mapToInt(Link.ConnectionFigures::streams).sum());
        row.put(
                "requestsInFlight",
                figures.stream().mapToInt(Link.ConnectionFigures::requests).sum());
        row.put(
                "unsentBytes",
                figures.stream().mapToLong(Link.ConnectionFigures::unsentBytes).sum());
        roundTripNanos(link).ifPresent(nanos -> row.put("roundTripMicros", nanos / 1_000));
        row.put(
                "bytesRead",
                figures.stream().mapToLong(Link.ConnectionFigures::bytesRead).sum());
        row.put(
                "bytesWritten",
                figures.stream().mapToLong(Link.ConnectionFigures::bytesWritten).sum());
    }

    /** The shortest one of its connections; empty before the first is known. */
    public static java.util.OptionalLong roundTripNanos(Link link) {
        return link.figures().stream()
                .mapToLong(Link.ConnectionFigures::roundTripNanos)
                .filter(nanos -> nanos > 0)
                .min();
    }
}
