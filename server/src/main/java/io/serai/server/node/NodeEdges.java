package io.serai.server.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.Fence;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.object.SharedChanges;
import io.serai.cluster.secret.SharedSecrets;
import io.serai.config.name.EdgeName;
import io.serai.config.name.NodeName;
import io.serai.config.name.ZoneName;
import io.serai.config.object.Zone;
import io.serai.config.secret.SecretText;
import io.serai.config.settings.NodeSettings;
import io.serai.edge.link.LinkSettings;
import io.serai.edge.message.Method;
import io.serai.edge.message.TcpMessages;
import io.serai.edge.relay.EdgeAlarms;
import io.serai.edge.relay.EdgeLimits;
import io.serai.edge.relay.PartnerService;
import io.serai.edge.relay.PassedSessions;
import io.serai.edge.relay.UploadVerdicts;
import io.serai.edge.tcp.PassThroughService;
import io.serai.edge.tcp.RawDialer;
import io.serai.edge.tcp.StreamSwitch;
import io.serai.edge.tcp.TcpLimits;
import io.serai.edge.ticket.SessionTickets;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkKeyFile;
import io.serai.edge.tls.LinkRole;
import io.serai.endpoint.handover.HandoverListener;
import io.serai.route.session.PartnerSessions;
import io.serai.route.site.outbound.OutboundPaths;
import io.serai.server.edge.EdgeEnrolments;
import io.serai.server.edge.EdgeLinks;
import io.serai.server.edge.EdgeTogether;
import io.serai.server.edge.PassedListeners;
import io.serai.server.edge.ZoneChecks;
import io.serai.server.edge.ZoneDesk;
import io.serai.server.edge.ZoneOutbound;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.camel.builder.RouteBuilder;

/** A node's part with edges: its links, the enrolments that it has begun, and a route for each zone that takes its sessions. */
final class NodeEdges {
    /** What a zone's route is called: this and the zone's name. */
    static final String ID_PREFIX = "serai-zone-";

    private static final int WORKERS = 64;
    private static final int WAITING_MOST = 2_000;
    private static final Duration VERDICTS_KEPT = Duration.ofMinutes(5);
    private static final Duration TICKETS_VALID = Duration.ofHours(24);
    private static final Duration ENROLMENT_PAUSE = Duration.ofSeconds(2);

    private static final String ANSWERING = "partner-session:local";
    private static final long RETRY_SECONDS = 10;

    /** Sessions that are idle are ended by who answers them. */
    private static final TcpLimits PASSED =
            new TcpLimits(Duration.ofSeconds(10), Duration.ofHours(24), Duration.ofMinutes(1), 10_000);

    private final NodeCamel camel;
    private final JdbcObjectStore objects;
    private final EdgeLinks links;
    private final EdgeEnrolments enrolments;
    private final SessionTickets tickets;
    private final EdgeAlarms alarms;
    private final ZoneOutbound outbound;
    private final PassedListeners passed;
    private final Optional<RawDialer> raw;
    private final Map<ZoneName, PartnerService> services = new ConcurrentHashMap<>();
    private final ExecutorService workers = new ThreadPoolExecutor(
            WORKERS, WORKERS, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(WAITING_MOST), named("edge-work"));
    private final ExecutorService following = Executors.newSingleThreadExecutor(named("edge-passed"));
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(named("edge-clock"));
    private volatile boolean draining;

    /** What it stands on. */
    record Ground(
            Database database,
            Fence fence,
            NodeCamel camel,
            JdbcObjectStore objects,
            NodeListeners listeners,
            SharedSecrets secrets,
            String version,
            EdgeAlarms alarms) {}

    private NodeEdges(NodeSettings settings, Ground ground, SharedChanges shared) {
        this.camel = ground.camel();
        this.objects = ground.objects();
        this.tickets = tickets(ground.secrets(), settings.node().name());
        this.alarms = ground.alarms();
        this.links = new EdgeLinks(new EdgeLinks.Ground(
                objects,
                objects::revision,
                new EdgeTogether(ground.database(), settings.node().name(), ground.fence(), ground.alarms()),
                settings.node().name(),
                () -> key(settings),
                "serai " + ground.version(),
                LinkSettings.standard().withDataConnections(settings.edges().dataConnections()),
                ground.listeners().shownAtEdges(),
                this::desk));
        this.enrolments = new EdgeEnrolments(
                links,
                objects,
                (seen, zone, by) -> put(seen, zone, by, shared),
                InstantSource.system(),
                ENROLMENT_PAUSE);
        this.outbound = new ZoneOutbound(objects, links);
        this.passed = new PassedListeners(
                camel::context,
                () -> objects.all(Zone.class),
                new PassedListeners.Parts(ground.listeners()::passedThrough, this::passedSessions, ANSWERING));
        this.raw = settings.edges().rawConnections() ? Optional.of(new RawDialer()) : Optional.empty();
        camel.bind("seraiOutbound", OutboundPaths.class, outbound);
        ((ThreadPoolExecutor) workers).allowCoreThreadTimeOut(true);
    }

    private static LinkIdentity key(NodeSettings settings) {
        return new LinkKeyFile(settings.home().resolve("keys").resolve("link.pem"))
                .openOrMake(LinkRole.SERVER, settings.node().name().value(), InstantSource.system());
    }

    /** By a key that all servers of the cluster have, and that no edge ever sees. */
    private static SessionTickets tickets(SharedSecrets secrets, NodeName self) {
        SecretText key = secrets.findOrMake("edge-session-tickets", NodeEdges::randomKey, "node " + self);
        return new SessionTickets(HexFormat.of().parseHex(key.reveal()), TICKETS_VALID, InstantSource.system());
    }

    private static SecretText randomKey() {
        byte[] key = new byte[SessionTickets.KEY_BYTES];
        new SecureRandom().nextBytes(key);
        return new SecretText(HexFormat.of().formatHex(key));
    }

    /** Takes no more sessions of edges; those that are there go to other servers as soon as they have no open file. */
    void drain() {
        draining = true;
        services.values().forEach(PartnerService::drain);
    }

    /** Takes sessions again. */
    void undrain() {
        draining = false;
        services.values().forEach(PartnerService::undrain);
    }

    /** Waits, after a drain, until the edges have had the time to take away what they can. */
    void awaitMoved() {
        services.values().forEach(PartnerService::awaitMoved);
    }

    /** What is left of the edges' sessions goes to other servers now, with or without open files. */
    void letGo(PartnerSessions sessions) {
        services.values().forEach(service -> service.letGo(sessions::leave));
    }

    /** Dials nobody yet. The links stop after whatever is added to the stops from here on, and so after the routes. */
    static NodeEdges open(NodeSettings settings, Ground ground, SharedChanges shared, StopList stops) {
        NodeEdges edges = new NodeEdges(settings, ground, shared);
        stops.add("edge links", edges::close);
        return edges;
    }

    /** Begins to dial; the routes of the node run. */
    void start() {
        objects.onChange(changes -> {
            boolean concerned = changes.stream()
                    .anyMatch(change -> change.before() instanceof Zone || change.after() instanceof Zone);
            if (concerned && !following.isShutdown()) {
                following.execute(passed::follow);
            }
        });
        passed.follow();
        var unused = clock.scheduleWithFixedDelay(
                () -> following.execute(passed::retry), RETRY_SECONDS, RETRY_SECONDS, TimeUnit.SECONDS);
        links.start();
    }

    /** The ways out to sites that do not work now, and why. */
    Map<String, String> outboundTroubles() {
        return outbound.troubles();
    }

    /** The listeners for passed-through connections that could not be opened, and why. */
    Map<String, String> passedTroubles() {
        return passed.troubles();
    }

    EdgeLinks links() {
        return links;
    }

    EdgeEnrolments enrolments() {
        return enrolments;
    }

    /** An enrolment changes a zone as an operator does. */
    private void put(ObjectStore.Versioned seen, Zone zone, String by, SharedChanges shared) {
        shared.requireReadByAll(List.of(zone));
        ZoneChecks.check(List.of(zone), objects);
        objects.replace(seen, zone, by);
    }

    private ZoneDesk desk(ZoneName zone) {
        PartnerService service = services.computeIfAbsent(zone, this::open);
        PassThroughService passing = new PassThroughService(new OfferedByZone(zone), PASSED, raw);
        return new ZoneDesk(new StreamSwitch(Map.of(Method.TCP_ACCEPTED, passing), service), service);
    }

    private PassedSessions passedSessions(ZoneName zone, EdgeName edge) {
        return new PassedSessions(services.computeIfAbsent(zone, this::open), edge.value());
    }

    /** What the edges of a zone may connect to. */
    private final class OfferedByZone implements PassThroughService.Offered {
        private final ZoneName zone;

        OfferedByZone(ZoneName zone) {
            this.zone = zone;
        }

        @Override
        public Optional<HandoverListener> listener(String edge, TcpMessages.Accepted accepted) {
            return passed.listener(zone, new EdgeName(edge), accepted.listener());
        }

        @Override
        public boolean mayConnect(String edge) {
            return passedSessions(zone, new EdgeName(edge)).mayConnect();
        }
    }

    /** The service and its route stay when the zone goes: nothing comes in there then. */
    private PartnerService open(ZoneName zone) {
        PartnerService service = new PartnerService(
                workers, clock, new UploadVerdicts(VERDICTS_KEPT), Optional.of(tickets), EdgeLimits.DEFAULTS, alarms);
        if (draining) {
            service.drain();
        }
        camel.bind(zone.value(), PartnerService.class, service);
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                // spotless:off
                from("edge-link:" + zone)
                    .routeId(ID_PREFIX + zone)
                    .errorHandler(noErrorHandler())
                    .noStreamCaching()
                    .noMessageHistory()
                    .to(ANSWERING);
                // spotless:on
            }
        });
        return service;
    }

    private void close() {
        enrolments.close();
        outbound.close();
        links.close();
        raw.ifPresent(RawDialer::close);
        workers.shutdownNow();
        clock.shutdownNow();
        following.shutdownNow();
    }

    private static java.util.concurrent.ThreadFactory named(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }
}
