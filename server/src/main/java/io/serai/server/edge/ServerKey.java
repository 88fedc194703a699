package io.serai.server.edge;

import io.serai.cluster.edge.LinkPins;
import io.serai.config.name.NodeName;
import io.serai.config.object.Zone;
import io.serai.edge.tls.LinkIdentity;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * This server's link key. It is opened, or made, and its pin recorded for the edges when a zone names an edge: a server
 * without edges has none, and nothing that is wrong with one keeps it from starting. Thread-safe.
 */
final class ServerKey {
    private final Supplier<LinkIdentity> keys;
    private final NodeName self;
    private final LinkPins pins;
    private @Nullable LinkIdentity identity;

    ServerKey(Supplier<LinkIdentity> keys, NodeName self, LinkPins pins) {
        this.keys = keys;
        this.self = self;
        this.pins = pins;
    }

    synchronized LinkIdentity open() {
        LinkIdentity opened = identity;
        if (opened == null) {
            opened = keys.get();
            pins.record(self, opened.pin().hex());
            identity = opened;
        }
        return opened;
    }

    /** Opens it if there are edges; whether that was the first time. */
    synchronized boolean openFor(List<Zone> zones) {
        if (identity != null || zones.stream().allMatch(zone -> zone.edges().isEmpty())) {
            return false;
        }
        return open() == identity;
    }
}
