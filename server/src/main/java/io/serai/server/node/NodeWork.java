package io.serai.server.node;

import io.serai.cluster.cache.CacheLayer;
import io.serai.cluster.lease.JdbcLeases;
import io.serai.cluster.lease.LeaseKeeper;
import io.serai.cluster.library.LibraryContents;
import io.serai.cluster.monitor.MonitorRoots;
import io.serai.cluster.monitor.MonitoredFiles;
import io.serai.cluster.node.NodeLease;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.object.ObjectStore.Change;
import io.serai.cluster.object.SharedChanges;
import io.serai.cluster.schedule.QuartzSettings;
import io.serai.cluster.secret.SharedSecrets;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Account;
import io.serai.config.object.ObjectJson;
import io.serai.config.secret.PasswordHasher;
import io.serai.config.secret.SecretBox;
import io.serai.config.settings.NodeSettings;
import io.serai.endpoint.ActiveListeners;
import io.serai.route.arrival.EventDispatcher;
import io.serai.route.cache.CachesForRoutes;
import io.serai.route.deploy.RouteChecker;
import io.serai.route.deploy.RouteDeployer;
import io.serai.route.deploy.RoutePolicy;
import io.serai.route.deploy.RouteProblem;
import io.serai.route.library.Libraries;
import io.serai.route.library.TrustedKeys;
import io.serai.route.monitor.MonitorCounts;
import io.serai.route.session.PartnerSessions;
import io.serai.route.session.PartnerStores;
import io.serai.route.session.SessionSettings;
import io.serai.server.metrics.ClusterMeters;
import io.serai.server.metrics.EdgeConductMeters;
import io.serai.server.metrics.EdgeMeters;
import io.serai.server.metrics.LeadershipMeters;
import io.serai.server.metrics.NodeMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a node does: sessions of partners, events through routes, both in one Camel context. */
record NodeWork(
        NodeCamel camel,
        JdbcObjectStore objects,
        PartnerSessions sessions,
        EventDispatcher dispatcher,
        RouteChecker checker,
        RouteDeployer deployer,
        SharedChanges shared,
        PasswordHasher hasher,
        NodeMetrics metrics,
        NodeStanding standing,
        NodeEdges edges) {
    private static final Logger LOG = LoggerFactory.getLogger(NodeWork.class);
    private static final Duration LOGIN_GRACE = Duration.ofSeconds(60);
    private static final int MOST_TRACKED = 20_000;

    /** What the work stands on. */
    record Ground(
            NodeDatabase database,
            NodeLease lease,
            NodeStores stores,
            NodeTransactions transactions,
            SecretBox secrets,
            NodeListeners listeners,
            CacheLayer caches,
            String version) {}

    static NodeWork start(NodeSettings settings, Ground ground, StopList stops) {
        NodeStores stores = ground.stores();
        Path spool = emptyFolder(settings.home().resolve("spool"));
        NodeCamel camel = new NodeCamel(
                settings.node().name().value(), spool, settings.node().drainLimit());
        RouteChecker checker = new RouteChecker(RoutePolicy.DEFAULT);
        JdbcObjectStore objects = NodeObjects.start(ground.database(), ground.secrets(), checker, stops);
        prepareHomes(objects, stores);
        ground.transactions().start(objects);

        PasswordHasher hasher = new PasswordHasher();
        ground.caches().verifiedPasswords().ifPresent(hasher::remembering);
        PartnerSessions sessions = sessions(settings, ground, objects, camel, hasher);
        EventDispatcher dispatcher = dispatcher(settings, ground, spool);
        NodeMetrics metrics = metrics(ground, sessions, dispatcher);

        camel.bindStores(stores, objects, dispatcher);
        camel.bindSessions(sessions, ground.listeners().hostKeys());
        camel.bindTransactions(ground.transactions(), stores.queue());
        CachesForRoutes.bind(camel.context(), ground.caches());
        ground.caches().carryHints(objects);
        camel.bindSchedules(
                new QuartzSettings(ground.database().database(), settings.node().name()));
        bindLeadership(camel, settings, ground, metrics, stops);
        metrics.measure(ground.transactions().recovery());
        camel.measure(metrics.registry());
        SharedChanges shared = new SharedChanges(
                ground.database().database(), objects, new ObjectJson(ground.secrets()), ground.lease());
        NodeEdges edges = NodeEdges.open(settings, edges(ground, camel, objects, metrics), shared, stops);
        metrics.refreshing(EdgeMeters.register(metrics.registry(), edges.links())::refresh);
        camel.start();
        stops.add("camel", camel::stop);
        Libraries libraries = new Libraries(
                camel.context(),
                objects,
                new LibraryContents(ground.database().database()),
                new TrustedKeys(settings.libraries().trustedKeys()));
        RouteDeployer deployer = deployer(settings, ground, camel, objects, checker, libraries);
        stops.add("deployer", deployer::stop);
        shared.start(new RoutesInForce(deployer, libraries));
        stops.add("part in changes", shared::close);
        NodeStanding standing = standing(settings, ground, sessions, dispatcher, edges);
        dispatcher.start();
        stops.add("dispatcher", dispatcher::stop);
        camel.addRoutes(ground.listeners().routes());
        edges.start();
        stops.add(
                "running work",
                new NodeDrain(sessions, dispatcher, edges, settings.node().drainLimit())::run);
        standing.start();
        stops.add("standing", standing::stop);
        return new NodeWork(
                camel, objects, sessions, dispatcher, checker, deployer, shared, hasher, metrics, standing, edges);
    }

    private static NodeEdges.Ground edges(
            Ground ground, NodeCamel camel, JdbcObjectStore objects, NodeMetrics metrics) {
        return new NodeEdges.Ground(
                ground.database().database(),
                ground.lease(),
                camel,
                objects,
                ground.listeners(),
                new SharedSecrets(ground.database().database(), ground.secrets()),
                ground.version(),
                new EdgeConductMeters(metrics.registry()));
    }

    private static RouteDeployer deployer(
            NodeSettings settings,
            Ground ground,
            NodeCamel camel,
            ObjectStore objects,
            RouteChecker checker,
            Libraries libraries) {
        RouteDeployer deployer = new RouteDeployer(
                camel.context(),
                objects,
                ground.stores().subscriptions(),
                checker,
                settings.node().drainLimit(),
                libraries::refresh);
        for (RouteProblem problem : deployer.start()) {
            LOG.error("A route does not run: {}", problem);
        }
        return deployer;
    }

    /** What one node at a time does, and its figures. */
    private static void bindLeadership(
            NodeCamel camel, NodeSettings settings, Ground ground, NodeMetrics metrics, StopList stops) {
        MonitorCounts monitors = new MonitorCounts();
        camel.bindMonitors(
                new MonitorRoots(settings.storage().monitorRoots()),
                new MonitoredFiles(ground.database().database()),
                monitors);
        LeaseKeeper keeper = leases(settings, ground, stops);
        camel.bindLeadership(keeper);
        LeadershipMeters.register(
                metrics.registry(), keeper, ground.stores().fires().counts(), monitors);
    }

    private static NodeMetrics metrics(Ground ground, PartnerSessions sessions, EventDispatcher dispatcher) {
        NodeStores stores = ground.stores();
        NodeMetrics metrics =
                new NodeMetrics(stores.queue(), () -> sessions.list().size(), dispatcher::running);
        ClusterMeters.register(
                metrics.registry(),
                new ClusterMeters.Subjects(
                        ground.database().database(),
                        ground.lease(),
                        stores.queue(),
                        stores.takeover(),
                        stores.storageWatch()));
        metrics.measure(ground.caches());
        return metrics;
    }

    private static EventDispatcher dispatcher(NodeSettings settings, Ground ground, Path spool) {
        return new EventDispatcher(
                new EventDispatcher.Settings(
                        settings.node().capacity(),
                        settings.node().pullCapacity(),
                        settings.events().pollInterval(),
                        spool),
                ground.stores().queue(),
                ground.lease(),
                new NodePressure(settings.node().busy()));
    }

    private static NodeStanding standing(
            NodeSettings settings,
            Ground ground,
            PartnerSessions sessions,
            EventDispatcher dispatcher,
            NodeEdges edges) {
        NodeStanding standing = new NodeStanding(
                ground.lease(),
                sessions,
                dispatcher,
                edges,
                settings.node().drainNotice(),
                settings.node().drainLimit());
        standing.prepare();
        return standing;
    }

    private static PartnerSessions sessions(
            NodeSettings settings, Ground ground, ObjectStore objects, NodeCamel camel, PasswordHasher hasher) {
        NodeStores stores = ground.stores();
        return new PartnerSessions(
                sessionSettings(settings),
                objects,
                new PartnerStores(stores.storage(), stores.receiving(), stores.ledger(), stores.limits(), hasher),
                (session, reason) -> new ActiveListeners(camel.context()).end(session, reason),
                InstantSource.system());
    }

    /** Named leases are as long as the node's own. */
    private static LeaseKeeper leases(NodeSettings settings, Ground ground, StopList stops) {
        Duration ttl = settings.node().lease();
        LeaseKeeper keeper = new LeaseKeeper(
                new JdbcLeases(ground.database().database(), ttl),
                ground.lease(),
                settings.node().name(),
                ttl);
        ground.lease().addListener(keeper);
        keeper.start();
        stops.add("named leases", keeper::close);
        return keeper;
    }

    private static SessionSettings sessionSettings(NodeSettings settings) {
        int tries = settings.login().maxTries();
        return new SessionSettings(
                settings.sessions().max(),
                SessionSettings.DEFAULTS.banner(),
                tries,
                LOGIN_GRACE,
                settings.login().maxWaiting(),
                new SessionSettings.Lockout(
                        tries,
                        settings.login().banAfter(),
                        settings.login().lockout().dividedBy(tries),
                        MOST_TRACKED));
    }

    /** Each account has its home and folders, now and when it comes or changes. */
    private static void prepareHomes(ObjectStore objects, NodeStores stores) {
        objects.all(Account.class).forEach(account -> stores.storage().prepareHome(account.name(), account.folders()));
        objects.onChange(changes -> {
            for (Change change : changes) {
                if (change.after() instanceof Account account) {
                    stores.storage().prepareHome(account.name(), account.folders());
                }
            }
        });
    }

    /** The spool holds nothing that outlives its process. */
    private static Path emptyFolder(Path folder) {
        try {
            Files.createDirectories(folder);
            try (Stream<Path> left = Files.walk(folder)) {
                List<Path> all =
                        left.sorted(java.util.Comparator.reverseOrder()).toList();
                for (Path path : all) {
                    if (!path.equals(folder)) {
                        Files.deleteIfExists(path);
                    }
                }
            }
            return folder;
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.NO_SPACE, "The spool folder " + folder + " cannot be used: " + e, e);
        }
    }
}
