package io.serai.server.edge;

import io.serai.cluster.edge.EdgeReports.Drains;
import io.serai.cluster.edge.LinkPins;
import io.serai.cluster.object.ObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.NodeName;
import io.serai.config.name.ZoneName;
import io.serai.config.object.Zone;
import io.serai.edge.link.CreditBudget;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkDialer;
import io.serai.edge.link.LinkNode;
import io.serai.edge.link.LinkSettings;
import io.serai.edge.link.LinkSetup;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.message.EdgeMessages.EdgeConfig;
import io.serai.edge.message.EdgeMessages.EdgeState;
import io.serai.edge.message.EdgeMessages.EdgeState.Routes;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.edge.message.EdgeMessages.ServerPin;
import io.serai.edge.message.EdgeMessages.Servers;
import io.serai.edge.message.EventKind;
import io.serai.edge.message.FileMessages.FilesAnswer;
import io.serai.edge.message.FileMessages.FilesState;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.LinkTls;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This server's links to every edge of every zone. They follow the zones: an edge that comes is dialled, one that goes, moves
 * or gets another key is left, all without a restart here or there. An edge without a key is not dialled.
 *
 * <p>State: {@code held} and {@code engine} are guarded by this object. What takes time runs on one thread of its own.
 */
public final class EdgeLinks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeLinks.class);
    private static final int LOOP_THREADS = 2;
    private static final long LOOK_MILLIS = 3_000;

    /**
     * What the links stand on.
     *
     * @param together what the servers know of edges by the database
     * @param keys opens this server's link key, whose pin is recorded; asked when a zone names an edge, and not before
     * @param listeners what partners see at listeners: host keys, certificate, key
     * @param revision of the configuration objects that this server has
     * @param desks what serves the edges of a zone; asked once for each link to an edge
     */
    public record Ground(
            ObjectStore objects,
            LongSupplier revision,
            EdgeTogether together,
            NodeName self,
            Supplier<LinkIdentity> keys,
            String software,
            LinkSettings settings,
            List<IdentityFile> listeners,
            Function<ZoneName, ZoneDesk> desks) {}

    private final Ground ground;
    private final ServerKey key;
    private final EdgeReporter reporter;
    private final EdgeTrust trust = new EdgeTrust();
    private final LinkNode node;
    private final EdgeOffers offers;
    private final Undone undone = new Undone();
    private final Map<EdgeName, HeldEdge> held = new TreeMap<>();
    private final ScheduledExecutorService worker = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "edge-links");
        thread.setDaemon(true);
        return thread;
    });
    private final ReadPins pins;
    private @Nullable Engine engine;
    private boolean closed;

    /** What all links share; a server without zones has none of it. */
    private record Engine(LinkTransport transport, LinkTls tls, CreditBudget budget) {}

    /** Records this server's pin if there are edges, and fails when there are and its key cannot be opened; dials nobody yet. */
    public EdgeLinks(Ground ground) {
        this.ground = ground;
        this.key = new ServerKey(ground.keys(), ground.self(), ground.together().pins());
        this.reporter = new EdgeReporter(ground.together());
        key.openFor(ground.objects().all(Zone.class));
        this.pins = ReadPins.of(ground.together().pins());
        this.offers = new EdgeOffers(ground.listeners());
        this.node = new LinkNode(
                ground.self().value(),
                pins.now().cluster().toString(),
                UUID.randomUUID(),
                ground.software(),
                List.of(),
                "",
                LinkNode.MINOR_MIN,
                LinkNode.MINOR_MAX);
    }

    /** One edge as this server sees it. */
    public record EdgeView(
            Zone zone, Zone.Edge edge, Optional<Link> link, Standing standing, LinkCounts.Counts counts) {}

    /**
     * How an edge stands.
     *
     * @param failure what keeps connections from coming up; empty when nothing does
     * @param loss why the last one was lost; empty when none was
     * @param state what the edge said of itself last, over this link; empty when it has said nothing yet
     * @param wanted the digest of the configuration that it should have
     * @param refusal why it does not get what it asks for; empty when it does
     */
    public record Standing(String failure, String loss, Optional<EdgeState> state, String wanted, String refusal) {
        /** Whether it has another configuration than it should. */
        boolean isOutdated() {
            return state.isPresent() && !state.get().digest().equals(wanted);
        }

        /** Whether it works otherwise than it should: it has not heard of that, or could not put all of it in force. */
        public boolean drifts() {
            return isOutdated() || state.isPresent() && !problem().isEmpty();
        }

        /** What keeps it from working as its zone says; empty when nothing does. */
        public String problem() {
            String said = state.map(EdgeState::problem).orElse("");
            return Stream.of(refusal, said).filter(text -> !text.isEmpty()).collect(Collectors.joining("; "));
        }
    }

    /** Dials, and follows the zones from here on. */
    public void start() {
        ground.objects().onChange(changes -> {
            boolean concerned = changes.stream()
                    .anyMatch(change -> change.before() instanceof Zone || change.after() instanceof Zone);
            if (concerned) {
                later(this::follow);
            }
        });
        follow();
        worker.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void later(Runnable work) {
        try {
            worker.execute(work);
        } catch (RejectedExecutionException e) {
            LOG.debug("A change of zones came after the stop");
        }
    }

    /** Brings the links to what the zones say, and has all edges ask what that means for them. */
    private void follow() {
        bring();
        remind();
    }

    /** Whether edges came or went. */
    private boolean bring() {
        List<Zone> zones = ground.objects().all(Zone.class);
        List<HeldEdge> gone = new ArrayList<>();
        List<HeldEdge> come = new ArrayList<>();
        undone.begin();
        openKey(zones);
        synchronized (this) {
            if (closed) {
                return false;
            }
            trust.replace(zones);
            Map<EdgeName, HeldEdge> wanted = new HashMap<>();
            for (Zone zone : zones) {
                for (Zone.Edge edge : zone.edges()) {
                    HeldEdge now = held.get(edge.name());
                    if (now != null && now.stillServes(zone, edge)) {
                        now.follow(zone, edge);
                        wanted.put(edge.name(), now);
                    } else if (!edge.pins().isEmpty()) {
                        hold(zone, edge).ifPresent(fresh -> wanted.put(edge.name(), fresh));
                    }
                }
            }
            held.forEach((name, edge) -> {
                if (wanted.get(name) != edge) {
                    gone.add(edge);
                }
            });
            wanted.forEach((name, edge) -> {
                if (held.get(name) != edge) {
                    come.add(edge);
                }
            });
            held.clear();
            held.putAll(wanted);
        }
        undone.end();
        gone.forEach(HeldEdge::stop);
        come.forEach(HeldEdge::start);
        ground.together().follow(zones);
        return !gone.isEmpty() || !come.isEmpty();
    }

    /** Edges are to know this server by the time it dials them. */
    private void openKey(List<Zone> zones) {
        try {
            if (key.openFor(zones)) {
                pins.readAgain();
            }
        } catch (RuntimeException e) {
            undone.failed("Edges that are new are not dialled", e);
        }
    }

    /** What keeps one edge away must not keep the others. */
    private Optional<HeldEdge> hold(Zone zone, Zone.Edge edge) {
        try {
            return Optional.of(dialled(zone, edge));
        } catch (RuntimeException e) {
            undone.failed("The edge " + edge.name() + " of the zone " + zone.name() + " is not dialled", e);
            return Optional.empty();
        }
    }

    private HeldEdge dialled(Zone zone, Zone.Edge edge) {
        ZoneDesk desk = ground.desks().apply(zone.name());
        Engine with = engine();
        EdgeService service = new EdgeService(desk.handler(), new Wanted(), worker);
        LinkCounts counts = new LinkCounts(desk.listener());
        LinkSetup setup = new LinkSetup(
                with.transport(),
                with.tls(),
                ground.settings(),
                with.budget(),
                node,
                service,
                counts,
                InstantSource.system());
        LinkDialer dialer = new LinkDialer(
                setup,
                new LinkDialer.Target(
                        edge.name().value(),
                        edge.addresses().stream().map(EdgeLinks::address).toList()));
        return new HeldEdge(zone, edge, dialer, service, counts);
    }

    private Engine engine() {
        Engine made = engine;
        if (made == null) {
            // What may fail goes before the transport, which holds sockets: it is tried again and again.
            LinkTls tls = LinkTls.of(LinkRole.SERVER, key.open(), trust);
            made = new Engine(
                    LinkTransport.start(ground.settings(), LOOP_THREADS),
                    tls,
                    new CreditBudget(ground.settings().flow().budgetBytes()));
            engine = made;
        }
        return made;
    }

    /** The threads and sockets of the links, for what goes over them. */
    public synchronized LinkTransport transport() {
        return engine().transport();
    }

    /** Names are looked up anew at each try. */
    static InetSocketAddress address(HostPort address) {
        return InetSocketAddress.createUnresolved(address.host(), address.port());
    }

    /** Other servers come and go; edges are to know them. */
    private void look() {
        try {
            ground.together().tidy();
            if (undone.isLeft() && bring()) {
                remind();
            }
            if (!isHolding()) {
                return;
            }
            boolean news = pins.readNews();
            news |= ground.together().readDrains();
            if (news) {
                remind();
            }
            reporter.report(edges());
        } catch (SeraiException e) {
            LOG.debug("What the servers know of edges together is not known now", e);
        } catch (RuntimeException e) {
            LOG.error("What edges are to know failed by a defect; it is tried again", e);
        }
    }

    private synchronized boolean isHolding() {
        return !held.isEmpty();
    }

    /** Has all edges ask at once what they should work with. */
    public void remind() {
        List<HeldEdge> all;
        synchronized (this) {
            all = List.copyOf(held.values());
        }
        for (HeldEdge edge : all) {
            edge.link().ifPresent(link -> link.event(EventKind.CONFIG_CHANGED.number(), new byte[0]));
        }
    }

    /** What edges should work with; nothing for one that belongs to no zone any more. */
    private final class Wanted implements EdgeService.Configs {
        @Override
        public Optional<EdgeConfig> config(String edge, Routes routes) {
            Optional<HeldEdge> known = known(edge);
            known.ifPresent(found -> ground.together().hears(found.edge().name(), routes));
            return known.map(found -> EdgeLinks.this.config(found.zone(), found.edge(), routes));
        }

        @Override
        public Optional<FilesAnswer> files(String edge, FilesState state) {
            Optional<Zone> zone = known(edge).map(HeldEdge::zone);
            zone.flatMap(its -> EdgeOffers.refusal(its, Routes.OWN)).ifPresent(refusal -> {
                throw new SeraiException(ErrorCode.INVALID, refusal);
            });
            return zone.map(its -> {
                FilesAnswer answer = ground.together().compare(its.name(), new EdgeName(edge), state);
                if (ground.together().isNews(its.name(), state, answer)) {
                    later(EdgeLinks.this::remind);
                }
                return answer;
            });
        }
    }

    private synchronized Optional<HeldEdge> known(String edge) {
        return Optional.ofNullable(held.get(new EdgeName(edge)));
    }

    /** All revisions only grow, and so does their sum. */
    private synchronized EdgeConfig config(Zone zone, Zone.Edge edge, Routes routes) {
        Servers servers = servers();
        Drains drains = ground.together().drains();
        return offers.config(
                zone,
                edge,
                new EdgeOffers.Wish(
                        ground.revision().getAsLong() + servers.revision() + drains.revision(),
                        servers,
                        routes,
                        drains.edges().containsKey(edge.name())));
    }

    /** The edge of that name; {@code NO_SUCH_OBJECT} when no zone has it. */
    public EdgeView edge(EdgeName name) {
        return edges().stream()
                .filter(view -> view.edge().name().equals(name))
                .findFirst()
                .orElseThrow(
                        () -> new SeraiException(ErrorCode.NO_SUCH_OBJECT, "No zone has an edge \"" + name + "\""));
    }

    /** Has an edge take no more partners; the other servers follow within seconds. */
    public void drain(EdgeName name, String by) {
        ground.together().drain(edge(name).edge().name(), by);
        LOG.warn("{} drains the edge {}", by, name);
        remind();
    }

    /** Has it take them again. */
    public void undrain(EdgeName name, String by) {
        ground.together().undrain(name);
        LOG.warn("{} no longer drains the edge {}", by, name);
        remind();
    }

    /** The name of this server. */
    public NodeName self() {
        return ground.self();
    }

    public EdgeTogether together() {
        return ground.together();
    }

    /** What the edge's zone says of its routes, as files. */
    public SortedMap<String, String> zoneFiles(EdgeName name) {
        EdgeView view = edge(name);
        return EdgeOffers.texts(view.zone(), view.edge());
    }

    /** The servers as edges are to know them. */
    public Servers servers() {
        LinkPins.Pins known = pins.now();
        return new Servers(
                known.revision(),
                known.pins().entrySet().stream()
                        .map(pin -> new ServerPin(pin.getKey().value(), pin.getValue()))
                        .toList());
    }

    /** The id of the cluster, which both ends of a link must agree on. */
    public String cluster() {
        return node.cluster();
    }

    /** This server's link key. */
    public LinkIdentity identity() {
        LinkIdentity opened = key.open();
        pins.readAgain();
        return opened;
    }

    /** Every edge of every zone, by zone and name. */
    public List<EdgeView> edges() {
        return ground.objects().all(Zone.class).stream()
                .flatMap(zone -> zone.edges().stream().map(edge -> view(zone, edge)))
                .toList();
    }

    private synchronized EdgeView view(Zone zone, Zone.Edge edge) {
        @Nullable HeldEdge known = held.get(edge.name());
        Routes routes = known == null ? Routes.OF_SERVERS : known.routes();
        EdgeConfig wanted = config(zone, edge, routes);
        String refusal = EdgeOffers.refusal(zone, routes)
                .or(() -> EdgeOffers.excess(wanted))
                .orElse("");
        if (known == null) {
            return new EdgeView(
                    zone,
                    edge,
                    Optional.empty(),
                    new Standing("", "", Optional.empty(), wanted.digest(), refusal),
                    new LinkCounts.Counts(0, 0, 0));
        }
        return new EdgeView(
                zone,
                edge,
                known.link(),
                new Standing(known.lastFailure(), known.lastLoss(), known.state(), wanted.digest(), refusal),
                known.counts());
    }

    /** The usable links to the edges of a zone. */
    public synchronized List<Link> links(ZoneName zone) {
        return held.values().stream()
                .filter(edge -> edge.zone().name().equals(zone))
                .flatMap(edge -> edge.link().stream())
                .toList();
    }

    /** Says goodbye to all edges; what is open on the links is lost. */
    @Override
    public void close() {
        List<HeldEdge> all;
        Engine used;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            all = List.copyOf(held.values());
            held.clear();
            used = engine;
        }
        worker.shutdownNow();
        all.forEach(HeldEdge::stop);
        if (used != null) {
            used.transport().close();
        }
    }
}
