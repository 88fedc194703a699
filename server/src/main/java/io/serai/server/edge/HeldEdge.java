package io.serai.server.edge;

import io.serai.config.object.Zone;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkDialer;
import io.serai.edge.message.EdgeMessages.EdgeState;
import java.util.Optional;

/** An edge that this server has a link to, or dials. */
final class HeldEdge {
    private final LinkDialer dialer;
    private final EdgeService service;
    private volatile Zone zone;
    private volatile Zone.Edge edge;

    HeldEdge(Zone zone, Zone.Edge edge, LinkDialer dialer, EdgeService service) {
        this.zone = zone;
        this.edge = edge;
        this.dialer = dialer;
        this.service = service;
    }

    /** Whether the link can stay: the edge is where it was, in the same zone, and its key still counts. */
    boolean stillServes(Zone newZone, Zone.Edge newEdge) {
        boolean keyCounts = link().map(
                        link -> newEdge.pins().contains(link.peer().pin().hex()))
                .orElse(!newEdge.pins().isEmpty());
        return newZone.name().equals(zone.name()) && newEdge.addresses().equals(edge.addresses()) && keyCounts;
    }

    void follow(Zone newZone, Zone.Edge newEdge) {
        zone = newZone;
        edge = newEdge;
    }

    Zone zone() {
        return zone;
    }

    Zone.Edge edge() {
        return edge;
    }

    void start() {
        dialer.start();
    }

    void stop() {
        dialer.stop();
    }

    Optional<Link> link() {
        return dialer.link();
    }

    String lastFailure() {
        return dialer.lastFailure();
    }

    String lastLoss() {
        return dialer.lastLoss();
    }

    /** What the edge said of itself over the link that is up now. */
    Optional<EdgeState> state() {
        return link().flatMap(service::state);
    }
}
