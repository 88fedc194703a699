package io.serai.server.node;

import io.serai.cluster.cache.CacheLayer;
import io.serai.cluster.join.ClusterKeys;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.node.HomeLock;
import io.serai.cluster.node.LeaseListener;
import io.serai.cluster.node.NodeIdentity;
import io.serai.cluster.node.NodeLease;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.cluster.secret.SharedSecrets;
import io.serai.cluster.storage.StorageRoot;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.NodeOverlay;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import io.serai.config.secret.SecretBox;
import io.serai.config.settings.NodeSettings;
import io.serai.server.identity.SharedIdentities;
import io.serai.server.metrics.LoadReport;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running server. The order of the start: home, keys, database, lease, stores (which do what a former boot left),
 * Camel, routes, listeners, admin API; the stop is the opposite, after a drain. When a step of the start fails, what was
 * started before is stopped again.
 */
public final class SeraiNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SeraiNode.class);

    private final Function<List<String>, NodeSettings> overlaid;
    private volatile NodeSettings settings;
    private final StopList stops = new StopList();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile boolean removed;
    private boolean closed;

    private SeraiNode(NodeSettings settings, Function<List<String>, NodeSettings> overlaid) {
        this.settings = settings;
        this.overlaid = overlaid;
    }

    /**
     * Starts a server; returns when all its listeners are bound and {@code run/node.json} is written.
     *
     * @param settings as they are on the machine
     * @param overlaid the settings with what the cluster's configuration says of this node
     * @throws SeraiException what keeps it from starting, with the mend; nothing is left running
     */
    public static SeraiNode start(
            NodeSettings settings, Function<List<String>, NodeSettings> overlaid, String version) {
        SeraiNode node = new SeraiNode(settings, overlaid);
        Thread onSignal = new Thread(node::close, "stop-on-signal");
        Runtime.getRuntime().addShutdownHook(onSignal);
        try {
            node.open(version);
            return node;
        } catch (RuntimeException e) {
            node.close();
            throw e;
        }
    }

    private void open(String version) {
        Instant began = Instant.now();
        Path home = settings.home();
        requireUnicodeNames();
        HomeFolders.make(home);
        HomeLock lock = HomeLock.acquire(home);
        stops.add("home lock", lock::close);
        LocalToken localToken = LocalToken.openOrCreate(home);
        NodeDatabase database = NodeDatabase.start(settings);
        stops.add("database", database::close);
        Joining.joinIfInvited(settings, database.database());
        ClusterKeys keys = new ClusterKeys(database.database(), Joining.keyFile(home));
        SecretBox secrets = keys.open();
        List<String> overlay = applyOverlay(database, secrets);
        SharedSecrets shared = new SharedSecrets(database.database(), secrets);
        SharedIdentities identities = new SharedIdentities(
                shared, home.resolve("keys"), "node " + settings.node().name());
        NodeListeners listeners = new NodeListeners(settings, identities);
        // Beside what follows: it takes as long, and only routes and logins use it.
        CompletableFuture<CacheLayer> starting = NodeCaches.start(settings, database, shared);
        stops.add("caches", () -> starting.join().close());
        StorageRoot root = StorageRoot.open(settings.storage().root(), database.database());
        UUID boot = UUID.randomUUID();
        NodeLease lease = lease(lock, boot, version, database);
        NodeTransactions transactions = NodeTransactions.open(
                database.database(), new NodeTransactions.Self(settings.node().name(), boot, lease), stops);
        NodeStores stores = NodeStores.start(
                settings, new NodeStores.Ground(database.database(), lease, root, transactions), stops);

        CacheLayer caches = starting.join();
        NodeWork work = NodeWork.start(
                settings,
                new NodeWork.Ground(database, lease, stores, transactions, secrets, listeners, caches, version),
                stops);
        NodeAdmin admin = NodeAdmin.start(
                new NodeAdmin.Ground(
                        settings,
                        database,
                        lease,
                        stores,
                        work,
                        localToken,
                        keys,
                        secrets,
                        listeners,
                        shared,
                        identities,
                        NodeCaches.watch(settings, caches, database, stops),
                        transactions,
                        overlay),
                version,
                stops);
        NodeFile file = admin.nodeFile(boot, lease.token().epoch(), began);
        lease.report(
                new LoadReport(work.sessions(), work.dispatcher(), stores.storageWatch()),
                NodeAddress.of(settings.admin().address(), admin.port()));
        announce(file);
    }

    /** From here on scripts and people find the node. */
    private void announce(NodeFile file) {
        Path home = settings.home();
        file.write(home);
        stops.add("run file", () -> NodeFile.remove(home));
        LOG.info("Node {} is up; admin API at {}", file.name(), file.admin());
        file.listeners()
                .forEach(
                        listener -> LOG.info("{} on {} port {}", listener.name(), listener.address(), listener.port()));
    }

    /** What is different on this node stands in the cluster's configuration, where its database is known. */
    private List<String> applyOverlay(NodeDatabase database, SecretBox secrets) {
        Key self = new Key(ObjectKind.NODE, settings.node().name().value());
        List<String> overlay = JdbcObjectStore.readOnce(
                        database.database(), new ObjectJson(secrets), NodeOverlay.class, self)
                .map(NodeOverlay::settings)
                .orElse(List.of());
        if (!overlay.isEmpty()) {
            LOG.info("Settings of this node from the cluster's configuration: {}", overlay);
            settings = overlaid.apply(overlay);
        }
        return overlay;
    }

    private NodeLease lease(HomeLock lock, UUID boot, String version, NodeDatabase database) {
        var formerBoot = lock.formerBoot();
        lock.recordBoot(boot);
        NodeIdentity identity = new NodeIdentity(
                settings.node().name(),
                boot,
                version,
                NodeAddress.of(settings.admin().address(), settings.admin().port()),
                settings.node().capacity(),
                settings.node().labels());
        NodeLease lease = new NodeLease(
                database.database(), identity, formerBoot, settings.node().lease());
        lease.addListener(new EndWhenRemoved());
        lease.start();
        stops.add("lease", lease::close);
        return lease;
    }

    /** A node that was removed while it was frozen or cut off has nothing more to do. */
    private final class EndWhenRemoved implements LeaseListener {
        @Override
        public void acquired(FencingToken token) {
            LOG.info("This node holds the lease with epoch {}", token.epoch());
        }

        @Override
        public void lost(FencingToken token) {
            LOG.info("The lease with epoch {} is over", token.epoch());
        }

        @Override
        public void removed() {
            removed = true;
            // On a thread of its own, for the stop waits for the lease's threads.
            Thread ending = new Thread(SeraiNode.this::close, "end-removed-node");
            ending.setDaemon(true);
            ending.start();
        }
    }

    /** In another locale the platform could not name every file that a partner sends. */
    private static void requireUnicodeNames() {
        String encoding = System.getProperty("sun.jnu.encoding", "");
        if (!encoding.equalsIgnoreCase("UTF-8")) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The locale's encoding of file names is " + encoding
                            + ", which cannot hold every name; set LC_ALL=C.UTF-8 and start again");
        }
    }

    /** Waits until the node has been stopped; false when it stopped because it was removed from the cluster. */
    public boolean awaitStop() throws InterruptedException {
        stopped.await();
        return !removed;
    }

    /** Drains and stops; idempotent, also called when the process is told to end. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        LOG.info(
                "Stopping; running work has {} s to finish",
                settings.node().drainLimit().toSeconds());
        stops.close();
        LOG.info("Stopped");
        stopped.countDown();
    }
}
