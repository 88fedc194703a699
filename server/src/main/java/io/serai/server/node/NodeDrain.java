package io.serai.server.node;

import io.serai.route.arrival.EventDispatcher;
import io.serai.route.session.PartnerSessions;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The drain before a stop: nothing new, what runs finishes up to a limit, the rest is broken off or given back. */
final class NodeDrain {
    private static final Logger LOG = LoggerFactory.getLogger(NodeDrain.class);
    private static final Duration LOOK = Duration.ofMillis(50);
    private static final Duration LONGEST_END = Duration.ofSeconds(10);

    private final PartnerSessions sessions;
    private final EventDispatcher dispatcher;
    private final NodeEdges edges;
    private final Duration limit;

    NodeDrain(PartnerSessions sessions, EventDispatcher dispatcher, NodeEdges edges, Duration limit) {
        this.edges = edges;
        this.sessions = sessions;
        this.dispatcher = dispatcher;
        this.limit = limit;
    }

    void run() {
        long deadline = System.nanoTime() + limit.toNanos();
        edges.drain();
        sessions.drain();
        if (!dispatcher.drain(limit)) {
            LOG.warn("Events still ran after {} s; they were given back to the queue", limit.toSeconds());
        }
        while (sessions.openTransfers() > 0 && System.nanoTime() < deadline) {
            LockSupport.parkNanos(LOOK.toNanos());
        }
        int left = sessions.openTransfers();
        if (left > 0) {
            LOG.warn("{} transfers of partners are broken off; uploads are kept as parts", left);
        }
        edges.awaitMoved();
        edges.letGo(sessions);
        sessions.endAll("the server stops");
        if (!sessions.awaitBrokenOff(LONGEST_END)) {
            LOG.warn(
                    "Transfers could not be broken off within {} s; their bytes are looked after at the next start",
                    LONGEST_END.toSeconds());
        }
    }
}
