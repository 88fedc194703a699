package io.serai.edge.tcp;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.endpoint.handover.HandoverListener;
import io.serai.endpoint.proxy.OwnSockets;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's side of passed-through connections: leads them to its own listener, which is told who the client is: with
 * the connection, or by a PROXY protocol header where a socket stands in between. An edge can name one of the listeners that are offered and nothing else.
 */
public final class PassThroughService implements StreamServer {
    private static final Logger LOG = LoggerFactory.getLogger(PassThroughService.class);
    private static final byte[] NOTHING = new byte[0];

    private final LinkTransport transport;
    private final Offered offered;
    private final TcpLimits limits;
    private final AtomicInteger open = new AtomicInteger();

    /** A listener of our own. */
    public sealed interface Own permits Bound, Handed {}

    /**
     * One at a port of this host.
     *
     * @param name of those of {@link OwnSockets} whose PROXY header it takes
     */
    public record Bound(InetSocketAddress address, String name) implements Own {}

    /** One that takes connections without a socket in between, which saves the copies and wake-ups of that. */
    public record Handed(HandoverListener listener) implements Own {}

    /** What edges may connect to. */
    public interface Offered {
        /** Which listener of our own the connection of this edge is for. Empty when none is offered under that name. */
        Optional<Own> listener(String edge, Accepted accepted);

        /** Whether this edge may have one more connection now. */
        default boolean mayConnect(String edge) {
            return true;
        }
    }

    public PassThroughService(LinkTransport transport, Offered offered, TcpLimits limits) {
        this.transport = transport;
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
        Optional<Own> listener = offered.listener(edge, accepted);
        if (listener.isEmpty()) {
            LOG.warn("{} passed a connection to the listener {}, which is not offered", link, accepted.listener());
            refuse(stream, Status.PERMISSION_DENIED, "no such listener is offered to this edge");
        } else if (!offered.mayConnect(edge)) {
            refuse(stream, Status.BUSY, "the edge asks for too many connections");
        } else if (open.incrementAndGet() > limits.most()) {
            open.decrementAndGet();
            refuse(stream, Status.BUSY, "the server has too many passed-through connections");
        } else {
            lead(stream, accepted, listener.get());
        }
    }

    private void lead(LinkStream stream, Accepted accepted, Own listener) {
        if (listener instanceof Handed handed) {
            hand(stream, accepted, handed.listener());
        } else if (listener instanceof Bound bound) {
            connect(stream, accepted, bound);
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

    private void connect(LinkStream stream, Accepted accepted, Bound listener) {
        Bootstrap bootstrap = transport
                .relayed(stream)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        limits.connectWithin().toMillis())
                .handler(new HeldBytes());
        // The listener takes the word of this socket about the client, and so must know it before it connects.
        ChannelFuture bound =
                bootstrap.bind(new InetSocketAddress(listener.address().getAddress(), 0));
        bound.addListener(done -> {
            if (done.isSuccess() && bound.channel().localAddress() instanceof InetSocketAddress local) {
                OwnSockets.add(local, listener.name());
                bound.channel().closeFuture().addListener(closed -> OwnSockets.remove(local));
                connect(bound.channel(), stream, accepted, listener.address());
            } else {
                unanswered(stream, accepted, listener.address(), done.cause());
            }
        });
    }

    private void connect(Channel channel, LinkStream stream, Accepted accepted, InetSocketAddress listener) {
        channel.connect(listener).addListener(done -> {
            if (done.isSuccess()) {
                relay(channel, stream, accepted);
            } else {
                channel.close();
                unanswered(stream, accepted, listener, done.cause());
            }
        });
    }

    private void unanswered(
            LinkStream stream, Accepted accepted, InetSocketAddress listener, @Nullable Throwable cause) {
        open.decrementAndGet();
        LOG.warn("The listener {} at {} does not answer", accepted.listener(), listener, cause);
        refuse(stream, Status.UNAVAILABLE, "the listener does not answer");
    }

    private void relay(Channel channel, LinkStream stream, Accepted accepted) {
        channel.writeAndFlush(ProxyProtocolHeader.of(accepted.client(), accepted.local()));
        stream.accept(NOTHING);
        TcpRelay.start(channel, stream, TcpRelay.Side.SERVING, limits, open::decrementAndGet);
    }
}
