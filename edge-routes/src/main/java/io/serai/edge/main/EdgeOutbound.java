package io.serai.edge.main;

import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.message.EdgeMessages.Outbound;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Status;
import io.serai.edge.tcp.Destinations;
import io.serai.edge.tcp.OutboundConnector;
import io.serai.edge.tcp.OutboundService;
import io.serai.edge.tcp.StreamServer;
import io.serai.edge.tcp.TcpLimits;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way out of servers through this edge, under the terms that they give it themselves. */
final class EdgeOutbound implements StreamServer, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeOutbound.class);
    private static final int RESOLVERS = 8;
    private static final int NAMES_WAITING = 200;

    private final LinkTransport transport;
    private final Supplier<List<String>> inner;
    private final ThreadPoolExecutor resolvers = new ThreadPoolExecutor(
            RESOLVERS, RESOLVERS, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(NAMES_WAITING), task -> {
                Thread thread = new Thread(task, "edge-names");
                thread.setDaemon(true);
                return thread;
            });
    private @Nullable Outbound inForce;
    private volatile @Nullable OutboundService service;

    /** @param inner the ranges of this edge's inner side */
    EdgeOutbound(LinkTransport transport, Supplier<List<String>> inner) {
        this.transport = transport;
        this.inner = inner;
        resolvers.allowCoreThreadTimeOut(true);
    }

    /** Puts other terms in force for new connections; what could not be done, for operators, and nothing when all could. */
    synchronized List<String> apply(Outbound wanted) {
        if (wanted.equals(inForce)) {
            return List.of();
        }
        try {
            TcpLimits usual = TcpLimits.standard();
            Duration idle = wanted.idleMillis() > 0 ? Duration.ofMillis(wanted.idleMillis()) : usual.idle();
            TcpLimits limits = new TcpLimits(usual.connectWithin(), idle, usual.halfClosed(), usual.most());
            OutboundConnector connector = new OutboundConnector(
                    transport,
                    Destinations.of(wanted.destinations(), inner),
                    InetAddress::getAllByName,
                    resolvers,
                    limits.connectWithin());
            OutboundService serving = service;
            if (serving == null) {
                service = new OutboundService(connector, limits);
            } else {
                serving.change(connector, limits);
            }
            inForce = wanted;
            LOG.info("Servers may connect from here to {}", wanted.destinations());
            return List.of();
        } catch (SeraiException e) {
            return List.of("outbound: " + e.text());
        }
    }

    /** Connections that are open or being made. */
    int connections() {
        OutboundService serving = service;
        return serving == null ? 0 : serving.connections();
    }

    @Override
    public void serve(Link link, LinkStream stream, byte[] payload) throws ProtocolViolation {
        OutboundService serving = service;
        if (serving == null) {
            stream.result(Status.BUSY, new Failure("this edge has no configuration yet", 0).encode());
        } else {
            serving.serve(link, stream, payload);
        }
    }

    @Override
    public void close() {
        resolvers.shutdownNow();
    }
}
