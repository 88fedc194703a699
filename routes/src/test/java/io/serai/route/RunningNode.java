package io.serai.route;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.EventQueueSettings;
import io.serai.cluster.event.JdbcEventQueue;
import io.serai.cluster.lease.JdbcLeases;
import io.serai.cluster.lease.LeaseKeeper;
import io.serai.cluster.ledger.JdbcDeliveries;
import io.serai.cluster.ledger.JdbcLedger;
import io.serai.cluster.ledger.LedgerWriter;
import io.serai.cluster.ledger.RunningTransfers;
import io.serai.cluster.limit.ClusterLimits;
import io.serai.cluster.monitor.MonitorRoots;
import io.serai.cluster.monitor.MonitoredFiles;
import io.serai.cluster.node.NodeIdentity;
import io.serai.cluster.node.NodeLease;
import io.serai.cluster.pull.PulledFiles;
import io.serai.cluster.schedule.QuartzSettings;
import io.serai.cluster.schedule.ScheduleFires;
import io.serai.cluster.storage.FileSystemStorage;
import io.serai.cluster.storage.NameLocks;
import io.serai.cluster.storage.Publisher;
import io.serai.cluster.storage.Receiving;
import io.serai.cluster.storage.StagedReceiving;
import io.serai.cluster.storage.Storage;
import io.serai.cluster.storage.StorageRoot;
import io.serai.cluster.storage.StorageSettings;
import io.serai.config.name.NodeName;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import io.serai.route.arrival.EventDispatcher;
import io.serai.route.arrival.Subscriptions;
import io.serai.route.deploy.RouteChecker;
import io.serai.route.deploy.RouteDeployer;
import io.serai.route.deploy.RoutePolicy;
import io.serai.route.monitor.MonitorCounts;
import io.serai.route.session.PartnerSessions;
import io.serai.route.session.PartnerStores;
import io.serai.route.session.SessionSettings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.DefaultCamelContext;

/** A node without listeners: real database, storage, ledger and queue, partner sessions, dispatcher, Camel, deployer. */
public final class RunningNode implements AutoCloseable {
    private final MonitorCounts monitorCounts = new MonitorCounts();
    public final MemoryObjects objects = new MemoryObjects();
    public final Subscriptions subscriptions = new Subscriptions();
    public final NodeLease lease;
    public final JdbcEventQueue queue;
    public final JdbcLedger ledger;
    public final Storage storage;
    public final PartnerSessions sessions;
    public final ClusterLimits limits;
    public final EventDispatcher dispatcher;
    public final CamelContext camel;
    public final RouteDeployer deployer;
    /** The sessions that the node asked its endpoints to end. */
    public final List<SessionId> endedByNode = Collections.synchronizedList(new ArrayList<>());

    public final MonitorRoots monitorRoots;

    private final LeaseKeeper leases;
    private final Publisher publisher;
    private final LedgerWriter writer;
    private final StagedReceiving receiving;

    public RunningNode(Database database, Path folder, Path fileArea) throws Exception {
        this("n1", database, folder, fileArea);
    }

    /** One of several nodes over one database; the folder holds the storage that they share. */
    public RunningNode(String name, Database database, Path folder, Path fileArea) throws Exception {
        lease = new NodeLease(
                database,
                new NodeIdentity(new NodeName(name), java.util.UUID.randomUUID(), "test", "here"),
                Optional.empty(),
                Duration.ofSeconds(30));
        leases = new LeaseKeeper(
                new JdbcLeases(database, Duration.ofSeconds(30)), lease, new NodeName(name), Duration.ofSeconds(30));
        lease.addListener(leases);
        lease.start();
        leases.start();
        queue = new JdbcEventQueue(
                database,
                EventQueueSettings.usual()
                        .withRetries(Duration.ofMillis(50), Duration.ofMillis(200), 3)
                        .withPollInterval(Duration.ofMillis(100)),
                new Random(1));
        queue.start();
        StorageRoot root = StorageRoot.open(folder.resolve("storage"), database);
        NameLocks locks = new NameLocks();
        storage = new FileSystemStorage(root, locks);
        publisher = new Publisher(root, locks, database);
        publisher.start();
        writer = new LedgerWriter(database);
        writer.start();
        RunningTransfers running = new RunningTransfers();
        ledger = new JdbcLedger(database, lease, running, writer, InstantSource.system());
        receiving = new StagedReceiving(
                new StagedReceiving.Foundation(
                        root, database, lease, queue, publisher, running, writer, InstantSource.system()),
                subscriptions::eventsFor,
                StorageSettings.usual());
        limits = new ClusterLimits(
                database, lease, SessionSettings.DEFAULTS.lockout().ofCluster(Optional.empty()), queue::announce);
        limits.start();
        sessions = new PartnerSessions(
                SessionSettings.DEFAULTS,
                objects,
                new PartnerStores(storage, (Receiving) receiving, ledger, limits, TestAccounts.HASHER),
                (session, reason) -> endedByNode.add(session),
                InstantSource.system());
        dispatcher = new EventDispatcher(
                new EventDispatcher.Settings(16, 8, Duration.ofMillis(200), folder.resolve("spool-" + name)),
                queue,
                lease,
                () -> 1);
        RoutePolicy policy = RoutePolicy.DEFAULT.withFileAreas(List.of(fileArea));
        camel = new DefaultCamelContext();
        CamelSetup.apply(camel, folder.resolve("spool-" + name), 10);
        camel.getRegistry().bind("sessions", sessions);
        camel.getRegistry().bind("events", dispatcher);
        camel.getRegistry().bind("storage", storage);
        camel.getRegistry().bind("limits", limits);
        camel.getRegistry().bind("objects", objects);
        camel.getRegistry().bind("receiving", receiving);
        camel.getRegistry().bind("queue", queue);
        camel.getRegistry().bind("deliveries", new JdbcDeliveries(database, running));
        camel.getRegistry().bind("pulled-files", new PulledFiles(database));
        monitorRoots = new MonitorRoots(List.of(fileArea));
        camel.getRegistry().bind("leases", leases);
        camel.getRegistry().bind("monitor-roots", monitorRoots);
        camel.getRegistry().bind("monitored-files", new MonitoredFiles(database));
        camel.getRegistry().bind("monitor-counts", monitorCounts);
        camel.getRegistry().bind("quartz-settings", new QuartzSettings(database, new NodeName(name)));
        camel.getRegistry().bind("schedule-fires", new ScheduleFires(database, queue));
        deployer = new RouteDeployer(
                camel, objects, subscriptions, new RouteChecker(policy), Duration.ofSeconds(5), Set::of);
    }

    public MonitorCounts monitorCounts() {
        return monitorCounts;
    }

    public RunningNode start() {
        camel.start();
        deployer.start();
        dispatcher.start();
        return this;
    }

    @Override
    public void close() {
        deployer.stop();
        dispatcher.stop();
        camel.stop();
        leases.close();
        receiving.stop();
        publisher.stop();
        limits.close();
        queue.close();
        writer.stop();
        lease.close();
    }

    // ---- a partner ----

    public static PartnerOperation.Origin origin(Protocol protocol, String address) {
        try {
            return new PartnerOperation.Origin(
                    protocol,
                    "partners",
                    new InetSocketAddress(InetAddress.getByName(address), 40000),
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 22),
                    Optional.of("test"));
        } catch (java.net.UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** Opens a session without a login. */
    public SessionId open(Protocol protocol, String address) {
        SessionId session = SessionId.random();
        sessions.answer(new PartnerOperation.OpenSession(session, origin(protocol, address)));
        return session;
    }

    public LoginResult logIn(SessionId session, String user, String password) {
        return sessions.answer(new PartnerOperation.LoginByPassword(session, user, new SecretText(password)));
    }

    /** A session of an account of {@link TestAccounts}. */
    public SessionId session(String user) {
        SessionId session = open(Protocol.SFTP, "192.0.2.7");
        LoginResult result = logIn(session, user, "secret");
        if (!(result instanceof LoginResult.Accepted)) {
            throw new AssertionError("The login of " + user + " was refused");
        }
        return session;
    }

    public UploadChannel upload(SessionId session, String path) {
        return sessions.answer(new PartnerOperation.OpenUpload(
                session, VirtualPath.parse(path), UploadMode.REPLACE, OptionalLong.empty()));
    }

    public UploadReceipt put(SessionId session, String path, byte[] content) {
        try (UploadChannel channel = upload(session, path)) {
            channel.write(ByteBuffer.wrap(content), 0);
            return channel.commit();
        }
    }
}
