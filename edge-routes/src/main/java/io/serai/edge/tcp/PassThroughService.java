package io.serai.edge.tcp;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.RawTicket;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.endpoint.handover.HandedConnection;
import io.serai.endpoint.handover.HandoverListener;
import java.net.SocketAddress;
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
    private final Optional<RawDialer> raw;
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

    /** @param raw what dials raw connections; empty when all bytes go over the links */
    public PassThroughService(Offered offered, TcpLimits limits, Optional<RawDialer> raw) {
        this.offered = offered;
        this.limits = limits;
        this.raw = raw;
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
            Optional<RawTicket> ticket = accepted.ticket();
            SocketAddress address = link.address();
            if (raw.isPresent() && ticket.isPresent() && raw.get().isWorthTrying(address)) {
                raw.get()
                        .dial(address, ticket.get())
                        .whenComplete((socket, failure) ->
                                handLater(Optional.ofNullable(socket), stream, accepted, listener.get()));
            } else {
                hand(Optional.empty(), stream, accepted, listener.get());
            }
        }
    }

    private void handLater(
            Optional<RawSocket> socket, LinkStream stream, Accepted accepted, HandoverListener listener) {
        try {
            hand(socket, stream, accepted, listener);
        } catch (RuntimeException e) { // nobody else would tell the edge
            LOG.error("A connection that an edge passes through could not be served", e);
            refuse(stream, Status.INTERNAL, "it could not be served");
        }
    }

    private void hand(Optional<RawSocket> socket, LinkStream stream, Accepted accepted, HandoverListener listener) {
        HandedConnection connection;
        if (socket.isPresent()) {
            RawConnection own =
                    new RawConnection(socket.get(), stream, accepted, limits.halfClosed(), open::decrementAndGet);
            own.begin();
            connection = own;
        } else {
            connection = new PassedConnection(stream, accepted, limits.halfClosed(), open::decrementAndGet);
        }
        if (!listener.take(connection)) {
            refuse(stream, Status.UNAVAILABLE, "the listener takes no more connections");
        }
    }

    private static void refuse(LinkStream stream, Status status, String text) {
        stream.result(status, new Failure(text, 0).encode());
    }
}
