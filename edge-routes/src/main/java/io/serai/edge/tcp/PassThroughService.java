package io.serai.edge.tcp;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.endpoint.handover.HandoverListener;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's side of passed-through connections: hands them to its own listener, with the edge's word about who the client is.
 * An edge can name one of the listeners that are offered and nothing else.
 */
public final class PassThroughService implements StreamServer {
    private static final Logger LOG = LoggerFactory.getLogger(PassThroughService.class);

    private final Offered offered;
    private final TcpLimits limits;
    private final AtomicInteger open = new AtomicInteger();

    /** What edges may connect to. */
    public interface Offered {
        /** Which listener of our own the connection of this edge is for. Empty when none is offered under that name. */
        Optional<HandoverListener> listener(String edge, Accepted accepted);

        /** Whether this edge may have one more connection now. */
        default boolean mayConnect(String edge) {
            return true;
        }
    }

    public PassThroughService(Offered offered, TcpLimits limits) {
        this.offered = offered;
        this.limits = limits;
    }

    /** Connections that are open or being made. */
    public int connections() {
        return open.get();
    }

    @Override
    public void serve(Link link, LinkStream stream, byte[] payload) throws ProtocolViolation {
        Accepted accepted = Accepted.decode(payload);
        String edge = link.peer().node();
        Optional<HandoverListener> listener = offered.listener(edge, accepted);
        if (listener.isEmpty()) {
            LOG.warn("{} passed a connection to the listener {}, which is not offered", link, accepted.listener());
            refuse(stream, Status.PERMISSION_DENIED, "no such listener is offered to this edge");
        } else if (!offered.mayConnect(edge)) {
            refuse(stream, Status.BUSY, "the edge asks for too many connections");
        } else if (open.incrementAndGet() > limits.most()) {
            open.decrementAndGet();
            refuse(stream, Status.BUSY, "the server has too many passed-through connections");
        } else {
            hand(stream, accepted, listener.get());
        }
    }

    private void hand(LinkStream stream, Accepted accepted, HandoverListener listener) {
        if (!listener.take(new PassedConnection(stream, accepted, limits.halfClosed(), open::decrementAndGet))) {
            refuse(stream, Status.UNAVAILABLE, "the listener takes no more connections");
        }
    }

    private static void refuse(LinkStream stream, Status status, String text) {
        stream.result(status, new Failure(text, 0).encode());
    }
}
