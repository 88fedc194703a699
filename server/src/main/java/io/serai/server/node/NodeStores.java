package io.serai.server.node;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.NotificationListener;
import io.serai.cluster.database.Notifications;
import io.serai.cluster.event.EventQueueSettings;
import io.serai.cluster.event.JdbcEventQueue;
import io.serai.cluster.join.Invitations;
import io.serai.cluster.ledger.Deliveries;
import io.serai.cluster.ledger.JdbcDeliveries;
import io.serai.cluster.ledger.JdbcLedger;
import io.serai.cluster.ledger.Ledger;
import io.serai.cluster.ledger.LedgerWriter;
import io.serai.cluster.ledger.RunningTransfers;
import io.serai.cluster.ledger.TransferSampler;
import io.serai.cluster.limit.ClusterLimits;
import io.serai.cluster.limit.LockoutLimits;
import io.serai.cluster.limit.UsedProofs;
import io.serai.cluster.node.LossReason;
import io.serai.cluster.node.NodeChannel;
import io.serai.cluster.node.NodeLease;
import io.serai.cluster.node.StorageWatch;
import io.serai.cluster.node.Takeover;
import io.serai.cluster.node.TakeoverStep;
import io.serai.cluster.node.Takeovers;
import io.serai.cluster.object.StrayEvents;
import io.serai.cluster.pull.PulledFiles;
import io.serai.cluster.schedule.ScheduleFires;
import io.serai.cluster.storage.FileSystemStorage;
import io.serai.cluster.storage.NameLocks;
import io.serai.cluster.storage.Publisher;
import io.serai.cluster.storage.Receiving;
import io.serai.cluster.storage.StagedReceiving;
import io.serai.cluster.storage.StagingCleaner;
import io.serai.cluster.storage.Storage;
import io.serai.cluster.storage.StorageRecovery;
import io.serai.cluster.storage.StorageRoot;
import io.serai.cluster.storage.StorageSettings;
import io.serai.config.name.NodeName;
import io.serai.config.settings.NodeSettings;
import io.serai.route.arrival.Subscriptions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The stores that a node works on: event queue, ledger, deliveries, storage; started in the order of need. */
record NodeStores(
        JdbcEventQueue queue,
        Ledger ledger,
        Deliveries deliveries,
        Storage storage,
        Receiving receiving,
        Subscriptions subscriptions,
        ScheduleFires fires,
        PulledFiles pulled,
        Takeover takeover,
        StorageWatch storageWatch,
        ClusterLimits limits) {
    private static final Duration CLEANING_INTERVAL = Duration.ofMinutes(5);
    private static final int CLAIM_BATCH = 200;
    private static final int MOST_TRACKED = 20_000;

    /** What the stores stand on. */
    record Ground(Database database, NodeLease lease, StorageRoot root, NodeTransactions transactions) {}

    /** Starts the stores, and does what this node's own former boot left. */
    static NodeStores start(NodeSettings settings, Ground ground, StopList stops) {
        Database database = ground.database();
        NodeLease lease = ground.lease();
        StorageRoot root = ground.root();
        InstantSource clock = InstantSource.system();
        JdbcEventQueue queue = new JdbcEventQueue(database, queueSettings(settings), new SecureRandom());
        queue.start();
        stops.add("event queue", queue::close);

        RunningTransfers running = new RunningTransfers();
        LedgerWriter writer = new LedgerWriter(database);
        writer.start();
        stops.add("ledger writer", writer::stop);
        TransferSampler sampler = new TransferSampler(database, lease, running, clock);
        sampler.start();
        stops.add("transfer sampler", sampler::stop);

        StorageSettings storageSettings = storageSettings(settings);
        NameLocks locks = new NameLocks();
        Publisher publisher = new Publisher(root, locks, database);
        publisher.start();
        stops.add("publisher", publisher::stop);
        Subscriptions subscriptions = new Subscriptions();
        StagedReceiving receiving = new StagedReceiving(
                new StagedReceiving.Foundation(root, database, lease, queue, publisher, running, writer, clock),
                subscriptions::eventsFor,
                storageSettings);
        stops.add("receiving", receiving::stop);

        ClusterLimits limits = new ClusterLimits(database, lease, lockout(settings), queue::announce);
        limits.start();
        stops.add("limits", limits::close);
        Takeover takeover = takeover(
                settings, ground, queue, List.of(new StorageRecovery(root, database, publisher), limits), stops);
        StorageWatch watch = watch(settings, ground, stops);
        Notifications news = database.listen(NodeChannel.NAME, new NodeNews(lease, takeover));
        stops.add("news of nodes", news::close);
        StagingCleaner cleaner = new StagingCleaner(root, database, storageSettings, clock, CLEANING_INTERVAL);
        cleaner.start();
        stops.add("staging cleaner", cleaner::stop);
        JdbcLedger ledger = new JdbcLedger(database, lease, running, writer, clock);
        ScheduleFires fires = new ScheduleFires(database, queue);
        PulledFiles pulled = new PulledFiles(database);
        startForgetting(settings, ledger, queue, fires, database, stops);
        return new NodeStores(
                queue,
                ledger,
                new JdbcDeliveries(database, running),
                new FileSystemStorage(root, locks),
                receiving,
                subscriptions,
                fires,
                pulled,
                takeover,
                watch,
                limits);
    }

    /**
     * Events first: partners wait for them, and they need nothing that may be away. Nothing of the shared database is ever
     * prepared; what is prepared elsewhere comes next, for the next attempt at an event may wait for its locks. A resource
     * that does not answer keeps the rest for an eighth of a lease at most.
     */
    private static Takeover takeover(
            NodeSettings settings, Ground ground, JdbcEventQueue queue, List<TakeoverStep> others, StopList stops) {
        List<TakeoverStep> steps = new ArrayList<>();
        steps.add(new EventTakeover(ground.database(), queue));
        steps.add(ground.transactions().takeover(settings.node().lease().dividedBy(8)));
        steps.addAll(others);
        Takeover takeover = new Takeover(
                ground.database(),
                ground.lease(),
                steps,
                settings.node().lease().dividedBy(2));
        takeover.start();
        stops.add("takeover", takeover::close);
        return takeover;
    }

    private static void startForgetting(
            NodeSettings settings,
            Ledger ledger,
            JdbcEventQueue queue,
            ScheduleFires fires,
            Database database,
            StopList stops) {
        Duration retention = settings.ledger().retention();
        Takeovers takeovers = new Takeovers(database);
        Invitations invitations = new Invitations(database);
        StrayEvents strays = new StrayEvents(database);
        UsedProofs proofs = new UsedProofs(database);
        Forgetting forgetting = new Forgetting(List.of(
                new Forgetting.Records("transfers", () -> ledger.forget(retention)),
                new Forgetting.Records("ended events", () -> queue.forget(retention)),
                // What was fetched from sites is never forgotten: it would be fetched again.
                new Forgetting.Records("fires of schedules", () -> fires.forget(retention)),
                new Forgetting.Records("takeovers", () -> takeovers.forget(retention)),
                new Forgetting.Records("keys of expired invitations", invitations::forget),
                new Forgetting.Records("used proofs of logins", proofs::forget),
                new Forgetting.Records("events whose route is gone", strays::park)));
        forgetting.start();
        stops.add("forgetting", forgetting::stop);
    }

    /** A node that lost the storage gives its lease up long before that would end. */
    private static StorageWatch watch(NodeSettings settings, Ground ground, StopList stops) {
        StorageWatch.Listener listener = new StorageWatch.Listener() {
            @Override
            public void lost(String why) {
                ground.lease().forbid(LossReason.WITHOUT_STORAGE);
            }

            @Override
            public void returned() {
                ground.lease().permit();
            }
        };
        StorageRoot root = ground.root();
        NodeName self = settings.node().name();
        StorageWatch watch = new StorageWatch(
                () -> root.sign(self, Instant.now()),
                "the storage root " + root.folder(),
                settings.node().lease().dividedBy(2),
                listener);
        watch.start();
        stops.add("storage watch", watch::stop);
        return watch;
    }

    /** Something happened to a node: look at once. */
    private record NodeNews(NodeLease lease, Takeover takeover) implements NotificationListener {
        @Override
        public void listening() {
            // The rounds of lease and takeover see what was missed.
        }

        @Override
        public void notified(String payload) {
            lease.hurry();
            takeover.wake();
        }
    }

    private static EventQueueSettings queueSettings(NodeSettings settings) {
        NodeSettings.Events events = settings.events();
        return new EventQueueSettings(
                events.firstRetry(),
                events.maxRetry(),
                events.maxAttempts(),
                events.pollInterval(),
                CLAIM_BATCH,
                settings.node().lease().multipliedBy(9));
    }

    private static LockoutLimits lockout(NodeSettings settings) {
        NodeSettings.Login login = settings.login();
        return new LockoutLimits(
                login.maxTries(),
                login.banAfter(),
                login.lockout().dividedBy(login.maxTries()),
                login.ban().isZero() ? Optional.empty() : Optional.of(login.ban()),
                MOST_TRACKED);
    }

    private static StorageSettings storageSettings(NodeSettings settings) {
        StorageSettings usual = StorageSettings.usual();
        return new StorageSettings(
                settings.storage().contentRetention(),
                settings.storage().partRetention(),
                usual.maxHoleBytes(),
                usual.syncEveryBytes(),
                usual.settleWithin());
    }
}
