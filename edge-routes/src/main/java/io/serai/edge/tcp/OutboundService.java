package io.serai.edge.tcp;

import io.netty.channel.Channel;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Connect;
import io.serai.edge.message.TcpMessages.Connected;
import io.serai.edge.tcp.Movements.Movement;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An edge's side of outbound connections: connects for servers, where that is allowed. Safe for several threads. */
public final class OutboundService implements StreamServer {
    private static final Logger LOG = LoggerFactory.getLogger(OutboundService.class);

    private final AtomicInteger open = new AtomicInteger();
    private final Movements movements = new Movements();
    private volatile Terms terms;

    /** What may be connected to, and for how long. */
    private record Terms(OutboundConnector connector, TcpLimits limits) {}

    public OutboundService(OutboundConnector connector, TcpLimits limits) {
        terms = new Terms(connector, limits);
    }

    /** Other terms for new connections; those that are open go on under theirs. */
    public void change(OutboundConnector connector, TcpLimits limits) {
        terms = new Terms(connector, limits);
    }

    /** Connections that are open or being made. */
    public int connections() {
        return open.get();
    }

    @Override
    public void serve(Link link, LinkStream stream, byte[] payload) throws ProtocolViolation {
        Connect wanted = Connect.decode(payload);
        Terms now = terms;
        TcpLimits limits = now.limits();
        if (open.incrementAndGet() > limits.most()) {
            open.decrementAndGet();
            stream.result(Status.BUSY, new Failure("the edge has too many connections", 0).encode());
            return;
        }
        CompletableFuture<Channel> connecting = now.connector().connect(wanted);
        stream.onChange(() -> {
            if (stream.end().isPresent()) {
                connecting.cancel(false);
            }
        });
        connecting.whenComplete((channel, failure) -> {
            if (failure == null) {
                channel.eventLoop().execute(() -> relay(link, stream, wanted, channel, limits));
            } else {
                refuse(link, stream, wanted, TcpFailure.of(failure));
            }
        });
    }

    private void relay(Link link, LinkStream stream, Connect wanted, Channel channel, TcpLimits limits) {
        if (channel.remoteAddress() instanceof InetSocketAddress remote
                && channel.localAddress() instanceof InetSocketAddress local) {
            LOG.debug("{} is connected to {} ({}) for {}", link, remote, wanted.host(), wanted.purpose());
            stream.accept(new Connected(remote, local).encode());
            Movement movement = movements.join(link.peer().node(), wanted.together());
            TcpRelay.start(channel, stream, TcpRelay.Side.SERVING, limits, movement, () -> {
                movement.leave();
                open.decrementAndGet();
            });
        } else {
            open.decrementAndGet();
            channel.close();
            stream.result(Status.UNAVAILABLE, new Failure("the destination has closed the connection", 0).encode());
        }
    }

    private void refuse(Link link, LinkStream stream, Connect wanted, TcpFailure failure) {
        open.decrementAndGet();
        if (failure.status() == Status.PERMISSION_DENIED) {
            LOG.warn("{} for {}: {}; the zone's destinations say what is", link, wanted.purpose(), failure.text());
        }
        stream.result(failure.status(), new Failure(failure.text(), 0).encode());
    }
}
