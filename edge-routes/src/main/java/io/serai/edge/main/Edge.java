package io.serai.edge.main;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.component.ListenerGate;
import io.serai.edge.enrol.Enrollee;
import io.serai.edge.enrol.EnrolmentCode;
import io.serai.edge.home.EdgeHome;
import io.serai.edge.home.KnownServers;
import io.serai.edge.link.CreditBudget;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkAcceptor;
import io.serai.edge.link.LinkNode;
import io.serai.edge.link.LinkSettings;
import io.serai.edge.link.LinkSetup;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.memory.MemoryWiper;
import io.serai.edge.message.LinkMessages.LinkStatus;
import io.serai.edge.message.Method;
import io.serai.edge.relay.Patience;
import io.serai.edge.relay.RelayedPartners;
import io.serai.edge.relay.SessionEnder;
import io.serai.edge.relay.SessionMoves;
import io.serai.edge.routefile.RouteFolder;
import io.serai.edge.tcp.RawArrivals;
import io.serai.edge.tcp.StreamSwitch;
import io.serai.edge.tcp.TcpRelays;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.LinkTls;
import io.serai.endpoint.ActiveListeners;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.impl.DefaultCamelContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running edge: waits for its servers, takes from them what it offers to partners, and relays to them what partners ask.
 * It dials nobody and keeps nothing but its key and the servers' pins.
 */
public final class Edge implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Edge.class);
    private static final Duration SYNC_EVERY = Duration.ofSeconds(10);
    private static final Duration UNSERVED_PATIENCE = Duration.ofSeconds(10);
    private static final int STOP_SECONDS = 30;
    private static final int ENDERS = 16;
    private static final int MOVERS = 16;

    private final LinkTransport transport;
    private final LinkAcceptor acceptor;
    private final InetSocketAddress address;
    private final DefaultCamelContext camel = new DefaultCamelContext();
    private final ExecutorService enders = Executors.newFixedThreadPool(ENDERS);
    /** Of their own: while servers wait for their database all of them may wait for a long time. */
    private final ExecutorService movers = Executors.newFixedThreadPool(MOVERS);

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final RelayedPartners partners;
    private final TcpRelays relays;
    private final EdgeOutbound outbound;
    private final EdgeSync sync;
    private final ListenerGate gate;
    private final MemoryWiper wiper = new MemoryWiper(this::carried);
    private final AtomicBoolean closed = new AtomicBoolean();

    private Edge(EdgeSettings settings, EdgeHome home, KnownServers servers, String version) {
        LinkSettings limits = LinkSettings.standard();
        ActiveListeners listeners = new ActiveListeners(camel);
        transport = LinkTransport.start(limits, Math.max(2, Runtime.getRuntime().availableProcessors()));
        outbound = new EdgeOutbound(
                transport,
                new InnerSide(settings.link().getAddress(), () -> acceptor().links()));
        RawArrivals raw = new RawArrivals(limits.connections().handshakeWithin());
        relays = new TcpRelays(transport, this::pick, Optional.of(raw));
        partners = new RelayedPartners(
                this::pick,
                new SessionEnder(listeners::end, enders),
                Patience.standard(),
                Optional.of(new SessionMoves(movers, clock, UNSERVED_PATIENCE)));
        EdgeListeners routes = new EdgeListeners(camel);
        Optional<OwnFiles> own = settings.routes()
                .map(from ->
                        new OwnFiles(new RouteFolder(from.folder(), settings.home()), from.takes(), routes::beans));
        sync = new EdgeSync(
                partners, servers, new EdgeSync.Parts(routes, own, outbound, this::held), this::acceptor, SYNC_EVERY);
        LinkSetup setup = new LinkSetup(
                transport,
                LinkTls.of(LinkRole.EDGE, home.identity(), servers),
                limits,
                new CreditBudget(limits.flow().budgetBytes()),
                new LinkNode(
                        servers.edge(),
                        servers.cluster(),
                        UUID.randomUUID(),
                        version,
                        List.of(),
                        "",
                        LinkNode.MINOR_MIN,
                        LinkNode.MINOR_MAX),
                new StreamSwitch(Map.of(Method.TCP_CONNECT, outbound), sync),
                sync,
                InstantSource.system());
        acceptor = new LinkAcceptor(setup, raw::front);
        gate = new ListenerGate(
                camel,
                () -> !sync.isDraining() && acceptor.pick(Set.of()).isPresent(),
                () -> held() == 0,
                UNSERVED_PATIENCE);
        camel.setNameStrategy(new org.apache.camel.impl.engine.ExplicitCamelContextNameStrategy("serai-edge"));
        camel.getRegistry().bind("internal", RelayedPartners.class, partners);
        camel.getRegistry().bind("internal", TcpRelays.class, relays);
        camel.getShutdownStrategy().setTimeout(STOP_SECONDS);
        camel.getShutdownStrategy().setShutdownNowOnTimeout(true);
        camel.getShutdownStrategy().setLogInflightExchangesOnTimeout(false);
        camel.start();
        address = acceptor.start(settings.link());
    }

    /** The best server for a partner who comes now: none while the edge is drained. */
    private Optional<Link> pick(Set<Link> tried) {
        wiper.visit();
        return sync.isDraining() ? Optional.empty() : acceptor.pick(tried);
    }

    /** Partners who are there: sessions and connections that are passed through. */
    private int held() {
        return partners.sessionCount() + relays.passed().get();
    }

    /** All for whom bytes are passed on here: partners, and connections of servers to partners. */
    private int carried() {
        return held() + outbound.connections();
    }

    private LinkAcceptor acceptor() {
        return acceptor;
    }

    /**
     * Starts the edge; one that is not enrolled waits for the server that knows the code first.
     *
     * @param code of {@code serai edge enrol}; not used by an edge that is enrolled already
     * @throws SeraiException what keeps it from starting, with the mend
     */
    public static Edge start(EdgeSettings settings, Optional<EnrolmentCode> code, String version)
            throws InterruptedException {
        EdgeHome home = new EdgeHome(settings.home(), settings.keyPassphrase());
        if (!home.isEnrolled()) {
            enrol(
                    home,
                    settings,
                    code.orElseThrow(() -> new SeraiException(
                            ErrorCode.INVALID,
                            "This edge is not enrolled: run \"serai edge enrol\" on a server, then \"serai-edge --enrol CODE\""
                                    + " here")));
        } else if (code.isPresent()) {
            LOG.warn(
                    "This edge is enrolled already, so the code is not used; to enrol it anew, remove {} first",
                    settings.home().resolve("keys"));
        }
        Edge edge = new Edge(settings, home, new KnownServers(home), version);
        edge.sync.start();
        edge.gate.start();
        edge.wiper.start();
        LOG.info("The edge waits for its servers at {}", edge.address);
        return edge;
    }

    private static void enrol(EdgeHome home, EdgeSettings settings, EnrolmentCode code) throws InterruptedException {
        try (Enrollee enrollee =
                new Enrollee(home.identity(), code, settings.link(), Enrollee.Limits.STANDARD, home::keep)) {
            LOG.info("Waiting at {} for the server that made the code", enrollee.address());
            LOG.info("This machine is now the edge {}", enrollee.await().edge());
        }
    }

    /** Where servers reach it. */
    public InetSocketAddress address() {
        return address;
    }

    /** The listeners that are open, with the ports that they have. */
    public ActiveListeners listeners() {
        return new ActiveListeners(camel);
    }

    /** Takes no more partners, gives those that are there some time, and says goodbye to the servers. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        wiper.close();
        gate.close();
        sync.close();
        acceptor.tell(new LinkStatus(true, false, 0, 0, 0));
        camel.stop();
        acceptor.stop();
        outbound.close();
        transport.close();
        clock.shutdownNow();
        movers.shutdownNow();
        enders.shutdownNow();
        LOG.info("Stopped");
    }
}
