package io.serai.server.edge;

import io.serai.server.edge.EdgeLinks.EdgeView;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** What a server's health says of its links to edges. A server whose edges are down is ready all the same. */
public final class EdgeWarnings {
    private EdgeWarnings() {}

    /** {@code UP}, or {@code WARNING:} and what somebody should look at. */
    public static String of(EdgeLinks links) {
        return of(links, List.of());
    }

    /** @param others what should be looked at beside the links */
    public static String of(EdgeLinks links, Collection<String> others) {
        List<String> warnings = new ArrayList<>(others);
        for (EdgeView view : links.edges()) {
            String name = view.edge().name().value();
            if (EdgeRows.state(view).equals("down")) {
                warnings.add(
                        "edge " + name + " is down" + because(view.standing().failure()));
            } else if (view.standing().drifts() && view.standing().problem().isEmpty()) {
                warnings.add("edge " + name + " works with another configuration than its zone's");
            }
            if (!view.standing().problem().isEmpty()) {
                warnings.add("edge " + name + ": " + view.standing().problem());
            }
        }
        return warnings.isEmpty() ? "UP" : "WARNING: " + String.join("; ", warnings);
    }

    private static String because(String failure) {
        return failure.isBlank() ? "" : " (" + failure + ")";
    }
}
