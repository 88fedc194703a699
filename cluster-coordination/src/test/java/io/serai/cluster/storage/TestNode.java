package io.serai.cluster.storage;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.EventQueueSettings;
import io.serai.cluster.event.JdbcEventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.ledger.JdbcLedger;
import io.serai.cluster.ledger.LedgerWriter;
import io.serai.cluster.ledger.RunningTransfers;
import io.serai.cluster.node.DeadBoot;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** A node's storage, receiving and ledger over a database and a root, under a lease that the test may end. */
public final class TestNode implements AutoCloseable {
    public static final AccountName ACME = new AccountName("acme");

    public final Database database;
    public final StorageRoot root;
    public final FileSystemStorage storage;
    public final StagedReceiving receiving;
    public final JdbcLedger ledger;
    public final RunningTransfers running = new RunningTransfers();
    public final LedgerWriter writer;
    public final Publisher publisher;
    public final JdbcEventQueue queue;
    public final FencingToken token;
    public final UUID boot = UUID.randomUUID();
    /** What the node itself believes of its lease. */
    volatile boolean trusted = true;

    public TestNode(Database database, Path folder, String name) {
        this(database, folder, name, StorageSettings.usual(), step -> {});
    }

    TestNode(Database database, Path folder, String name, StorageSettings settings, CommitSteps steps) {
        this.database = database;
        this.token = register(database, new NodeName(name), boot);
        this.root = StorageRoot.open(folder, database);
        NameLocks locks = new NameLocks();
        this.storage = new FileSystemStorage(root, locks);
        this.publisher = new Publisher(root, locks, database);
        this.writer = new LedgerWriter(database);
        this.ledger = new JdbcLedger(database, () -> token, running, writer, InstantSource.system());
        this.queue = new JdbcEventQueue(database, EventQueueSettings.usual(), RandomGenerator.getDefault());
        queue.start();
        this.receiving = new StagedReceiving(
                new StagedReceiving.Foundation(
                        root, database, this::trustedToken, queue, publisher, running, writer, InstantSource.system()),
                TestNode::arrival,
                settings,
                steps);
        publisher.start();
        writer.start();
        storage.prepareHome(ACME, List.of(VirtualPath.parse("/in")));
    }

    private static FencingToken register(Database database, NodeName name, UUID boot) {
        return database.transaction(connection -> {
            String sql = """
                    insert into node (name, epoch, boot_id, version, address, state, lease_until)
                    values (?, nextval('node_epoch'), ?, 'test', 'here', 'active', clock_timestamp() + interval '1 hour')
                    on conflict (name) do update set epoch = excluded.epoch, boot_id = excluded.boot_id,
                        state = 'active', lease_until = excluded.lease_until
                    returning epoch""";
            try (var statement = connection.prepareStatement(sql)) {
                statement.setString(1, name.value());
                statement.setObject(2, boot);
                try (var rows = statement.executeQuery()) {
                    rows.next();
                    return new FencingToken(name, rows.getLong(1));
                }
            }
        });
    }

    private FencingToken trustedToken() {
        if (!trusted) {
            throw new SeraiException(ErrorCode.FENCED, "no lease that can be trusted");
        }
        return token;
    }

    private static List<NewEvent> arrival(Receiving.Received received) {
        return List.of(new NewEvent(
                EventKind.ARRIVAL,
                new RouteId("test-route"),
                received.account().map(AccountName::value).orElse("site"),
                5,
                java.util.Optional.of(received.transfer()),
                java.util.Optional.of(received.file()),
                received.path(),
                Map.of()));
    }

    /** Ends the node's lease in the database, as a takeover does. */
    public void loseLease() {
        database.execute(connection -> {
            try (var statement = connection.prepareStatement("update node set state = 'dead' where epoch = ?")) {
                statement.setLong(1, token.epoch());
                statement.executeUpdate();
            }
        });
    }

    /** Does what this node left, as any other node would. */
    public int recover(DeadBoot dead) {
        return new StorageRecovery(root, database, publisher).takeOver(dead);
    }

    public DeadBoot asDead() {
        return new DeadBoot(token.node(), token.epoch(), boot);
    }

    public static Receiving.Upload upload(String path, Receiving.Mode mode) {
        return upload(path, mode, OptionalLong.empty());
    }

    public static Receiving.Upload upload(String path, Receiving.Mode mode, OptionalLong expected) {
        return new Receiving.Upload(
                ACME,
                VirtualPath.parse(path),
                mode,
                expected,
                OptionalLong.empty(),
                OptionalLong.empty(),
                Protocol.SFTP,
                "partners",
                "192.0.2.1:4711",
                SessionId.random(),
                Optional.empty());
    }

    /** Uploads a text and commits it. */
    public Receiving.Received put(String path, String text) {
        try (Incoming incoming = receiving.receive(upload(path, Receiving.Mode.REPLACE))) {
            incoming.write(bytes(text), 0);
            return incoming.commit();
        }
    }

    public String read(String path) {
        return text(storage.open(ACME, VirtualPath.parse(path)));
    }

    public static String text(OpenFile file) {
        try (file) {
            return new String(java.nio.file.Files.readAllBytes(file.location()), StandardCharsets.UTF_8);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    public static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    public long count(String sql) {
        return database.read(connection -> {
            try (var statement = connection.prepareStatement(sql);
                    var rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        });
    }

    @Override
    public void close() {
        receiving.stop();
        queue.close();
        publisher.stop();
        writer.stop();
    }
}
