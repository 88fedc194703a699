package io.serai.server.edge;

import io.serai.config.object.Zone;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkDialer;
import io.serai.edge.message.EdgeMessages.EdgeState;
import io.serai.edge.message.EdgeMessages.EdgeState.Routes;
import java.util.Optional;

/** An edge that this server has a link to, or dials. */
final class HeldEdge {
    private final LinkDialer dialer;
    private final EdgeService service;
    private final LinkCounts counts;
    private volatile Zone zone;
    private volatile Zone.Edge edge;

    HeldEdge(Zone zone, Zone.Edge edge, LinkDialer dialer, EdgeService service, LinkCounts counts) {
        this.zone = zone;
        this.edge = edge;
        this.dialer = dialer;
        this.service = service;
        this.counts = counts;
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

    LinkCounts.Counts counts() {
        return counts.counts();
    }

    /** Who says what it offers to partners, as it said last. */
    Routes routes() {
        return state().map(EdgeState::routes).orElse(Routes.OF_SERVERS);
    }

    /** What the edge said of itself over the link that is up now. */
    Optional<EdgeState> state() {
        return link().flatMap(service::state);
    }
}
