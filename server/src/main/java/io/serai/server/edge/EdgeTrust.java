package io.serai.server.edge;

import io.serai.config.object.Zone;
import io.serai.edge.tls.LinkTrust;
import io.serai.edge.tls.Pin;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The keys of edges, as the zones name them now. */
final class EdgeTrust implements LinkTrust {
    private volatile Map<String, Set<Pin>> pins = Map.of();

    void replace(Collection<Zone> zones) {
        Map<String, Set<Pin>> next = new HashMap<>();
        for (Zone zone : zones) {
            for (Zone.Edge edge : zone.edges()) {
                next.put(
                        edge.name().value(),
                        edge.pins().stream().map(Pin::new).collect(Collectors.toUnmodifiableSet()));
            }
        }
        pins = Map.copyOf(next);
    }

    @Override
    public boolean knows(Pin pin) {
        return pins.values().stream().anyMatch(known -> known.contains(pin));
    }

    @Override
    public boolean speaksFor(Pin pin, String node) {
        return pins.getOrDefault(node, Set.of()).contains(pin);
    }
}
