package io.serai.edge.component;

import io.serai.edge.link.Breaking;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkDialer;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.relay.PartnerService;
import io.serai.edge.relay.UploadVerdicts;
import io.serai.edge.ticket.SessionTickets;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.LinkTls;
import io.serai.edge.tls.LinkTrust;
import io.serai.endpoint.ActiveListeners;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Processor;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;

/** A server in a Camel context of its own that dials an edge and takes its sessions from {@code edge-link:dmz}. */
final class ServerUnderTest implements AutoCloseable {
    static final String ROUTE = "edge-sessions";

    final LinkTransport transport = LinkTransport.start(EdgeUnderTest.SETTINGS, 2);
    final ExecutorService workers = new ThreadPoolExecutor(8, 8, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(1_000));
    final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    final PartnerService service;
    final DefaultCamelContext camel = new DefaultCamelContext();
    final ActiveListeners listeners = new ActiveListeners(camel);
    private final LinkDialer dialer;

    /**
     * @param answering what the route of the sessions ends at
     */
    ServerUnderTest(String name, LinkIdentity identity, EdgeUnderTest edge, Processor answering) throws Exception {
        this(name, identity, edge, answering, Optional.empty());
    }

    /** @param tickets of its cluster; empty where sessions end with their link */
    ServerUnderTest(
            String name,
            LinkIdentity identity,
            EdgeUnderTest edge,
            Processor answering,
            Optional<SessionTickets> tickets)
            throws Exception {
        service = new PartnerService(workers, clock, new UploadVerdicts(Duration.ofMinutes(5)), tickets);
        LinkTls tls = LinkTls.of(
                LinkRole.SERVER, identity, LinkTrust.of(Map.of("edge-1", Set.of(EdgeUnderTest.IDENTITY.pin()))));
        dialer = new LinkDialer(
                EdgeUnderTest.setup(transport, tls, name, service, service),
                new LinkDialer.Target("edge-1", List.of(edge.inner)));
        camel.getRegistry().bind("dmz", service);
        camel.getShutdownStrategy().setTimeout(20);
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from("edge-link:dmz").routeId(ROUTE).process(answering);
            }
        });
        camel.start();
        dialer.start();
    }

    boolean isLinked() {
        return dialer.link().filter(Link::isUsable).isPresent();
    }

    /** As a machine that loses its power: nothing is said, and nothing more is heard of it. */
    void die() {
        dialer.link().ifPresent(Breaking::all);
        dialer.stop();
    }

    /** As a server stops: first its routes, then its links. */
    @Override
    public void close() {
        camel.stop();
        dialer.stop();
        transport.close();
        workers.shutdownNow();
        clock.shutdownNow();
    }
}
