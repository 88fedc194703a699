package io.serai.cluster.object;

import static java.util.Objects.requireNonNull;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.NotificationListener;
import io.serai.cluster.database.Notifications;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The objects in the shared database, with a copy in memory that follows it: woken by a notification, and by a look
 * three times a second, which is the truth. Changes take turns in the whole cluster by an advisory lock, so revisions commit in
 * the order of their numbers, and every node passes through the same revisions.
 *
 * <p>State: {@code current} is replaced as a whole; {@code undelivered} and the calls of listeners are guarded by {@code
 * following}.
 */
public final class JdbcObjectStore implements ObjectStore, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcObjectStore.class);
    private static final Duration LOOK_EVERY = Duration.ofMillis(300);
    private static final int WARN_AFTER = 3;

    private final Database database;
    private final ObjectTables tables;
    private final ChangeWriter writer;
    private final List<Consumer<List<Change>>> listeners = new CopyOnWriteArrayList<>();
    private final ReentrantLock following = new ReentrantLock();
    private final Queue<List<Change>> undelivered = new ArrayDeque<>();
    private final AtomicInteger failuresInARow = new AtomicInteger();
    private volatile ObjectsAtRevision current = ObjectsAtRevision.NONE;
    private volatile Consumer<Look> lookout = look -> {};
    private volatile LongConsumer revisionTold = revision -> {};
    private @Nullable ScheduledThreadPoolExecutor follower;
    private volatile @Nullable ScheduledThreadPoolExecutor hurried;
    private @Nullable Notifications notifications;

    /**
     * Makes the store; {@link #start} loads it.
     *
     * @param references the objects that an object names, such as the sites that a route delivers to
     */
    public JdbcObjectStore(Database database, ObjectJson json, Function<ConfigObject, Set<Key>> references) {
        this.database = database;
        this.tables = new ObjectTables(json);
        this.writer = new ChangeWriter(tables, references);
    }

    /** Whether the database holds objects already, whose secrets need the key that they were encrypted under. */
    public static boolean holdsAny(Database database) {
        return database.read(ObjectTables::holdsAny);
    }

    /** One object as it is in the database now, by one statement; for who needs it before there is a copy. */
    public static <T extends ConfigObject> Optional<T> readOnce(
            Database database, ObjectJson json, Class<T> type, Key key) {
        return database.statement(connection -> new ObjectTables(json).one(connection, key))
                .filter(type::isInstance)
                .map(type::cast);
    }

    /** Loads all objects and begins to follow; listeners are told what changes from then on. */
    public synchronized void start() {
        if (follower != null) {
            return;
        }
        current = database.read(tables::load);
        ScheduledThreadPoolExecutor fresh = new ScheduledThreadPoolExecutor(1, work -> {
            Thread thread = new Thread(work, "config-follower");
            thread.setDaemon(true);
            return thread;
        });
        fresh.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        follower = fresh;
        hurried = fresh;
        notifications = database.listen(ChangeWriter.CHANNEL, new NotificationListener() {
            @Override
            public void listening() {
                followSoon(fresh);
            }

            @Override
            public void notified(String payload) {
                followSoon(fresh);
            }
        });
        fresh.scheduleWithFixedDelay(
                this::followQuietly, LOOK_EVERY.toMillis(), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public synchronized void close() {
        Notifications listening = notifications;
        notifications = null;
        if (listening != null) {
            listening.close();
        }
        ScheduledThreadPoolExecutor stopping = follower;
        follower = null;
        hurried = null;
        if (stopping != null) {
            stopping.shutdown();
            try {
                stopping.awaitTermination(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public <T extends ConfigObject> Optional<T> find(Class<T> type, String name) {
        for (ObjectKind kind : ObjectKind.values()) {
            Optional<ConfigObject> object = current.find(new Key(kind, name)).map(Versioned::object);
            if (object.filter(type::isInstance).isPresent()) {
                return object.map(type::cast);
            }
        }
        return Optional.empty();
    }

    @Override
    public <T extends ConfigObject> List<T> all(Class<T> type) {
        return of(type).sorted(Comparator.comparing(ConfigObject::objectName)).toList();
    }

    private <T extends ConfigObject> Stream<T> of(Class<T> type) {
        return current.objects().values().stream()
                .map(Versioned::object)
                .filter(type::isInstance)
                .map(type::cast);
    }

    @Override
    public Optional<Versioned> get(ObjectKind kind, String name) {
        return current.find(new Key(kind, name));
    }

    @Override
    public List<Versioned> list(Optional<ObjectKind> kind) {
        return current.objects().values().stream()
                .filter(each -> kind.isEmpty() || each.key().kind() == kind.get())
                .sorted(Comparator.comparing((Versioned each) -> each.key().kind())
                        .thenComparing(each -> each.key().name()))
                .toList();
    }

    @Override
    public List<Versioned> history(ObjectKind kind, String name) {
        return database.read(connection -> tables.history(connection, new Key(kind, name)));
    }

    @Override
    public List<Change> change(List<ConfigObject> puts, List<Key> deletes, String by) {
        requireOnceEach(puts, deletes);
        return commit(connection -> writer.write(connection, current, puts, deletes, by));
    }

    @Override
    public List<Change> replace(Versioned seen, ConfigObject put, String by) {
        return commit(connection -> writer.replace(connection, current, seen, put, by));
    }

    /** What is written in one transaction. */
    @FunctionalInterface
    private interface Writing {
        ChangeWriter.Written by(Connection connection) throws SQLException;
    }

    private List<Change> commit(Writing writing) {
        AtomicReference<ChangeWriter.Written> written = new AtomicReference<>(ChangeWriter.Written.NOTHING);
        try {
            database.execute(connection -> written.set(writing.by(connection)));
        } catch (SeraiException e) {
            requireCommitted(e, requireNonNull(written.get()).revision());
        }
        follow();
        return requireNonNull(written.get()).changes();
    }

    /**
     * Encrypts every stored secret with the newest key, after a rotation. No object changes its version.
     *
     * @return the number of rows written
     */
    public int encryptAnew() {
        return database.transaction(connection -> {
            tables.lock(connection);
            return tables.encryptAnew(connection);
        });
    }

    /**
     * What a look at the database found.
     *
     * @param revision what this node's copy stands at now
     * @param openProposal the change that the nodes decide about at present
     */
    record Look(long revision, OptionalLong openProposal) {}

    /** Who is told after every look, on the thread that follows. */
    void onLook(Consumer<Look> told) {
        lookout = told;
    }

    /** Who is told of the revision that this node's copy has come to, whenever it has; calls may repeat. */
    public void onRevision(LongConsumer told) {
        revisionTold = told;
    }

    /** The revision that this node's copy stands at. */
    public long revision() {
        return current.revision();
    }

    ObjectsAtRevision current() {
        return current;
    }

    ChangeWriter writer() {
        return writer;
    }

    ObjectTables tables() {
        return tables;
    }

    /** Brings this node's copy up to what is committed now; its listeners have been told when this returns. */
    public void catchUp() {
        follow();
    }

    /** Looks now rather than at the next turn; for hints that something may have changed. Does not wait. */
    public void lookSoon() {
        ScheduledThreadPoolExecutor running = hurried;
        if (running != null) {
            followSoon(running);
        }
    }

    @Override
    public void onChange(Consumer<List<Change>> listener) {
        listeners.add(listener);
    }

    static void requireOnceEach(List<ConfigObject> puts, List<Key> deletes) {
        Set<Key> named = new HashSet<>();
        Stream.concat(puts.stream().map(Key::of), deletes.stream()).forEach(key -> {
            if (!named.add(key)) {
                throw new SeraiException(
                        ErrorCode.INVALID, key + " is named twice in one change; nothing was changed. Name it once");
            }
        });
    }

    /** A commit without an answer is read again by its revision. */
    private void requireCommitted(SeraiException failure, long revision) {
        boolean unknown = failure.code() == ErrorCode.UNKNOWN_OUTCOME && revision > 0;
        if (!unknown || !database.read(connection -> tables.isCommitted(connection, revision))) {
            throw failure;
        }
    }

    private void followSoon(ScheduledThreadPoolExecutor by) {
        try {
            by.execute(this::followQuietly);
        } catch (RejectedExecutionException e) {
            LOG.debug("Configuration is not followed any more: {}", e.toString());
        }
    }

    private void followQuietly() {
        try {
            Look look = database.statement(tables::look);
            if (look.revision() != current.revision()) {
                follow();
            }
            lookout.accept(new Look(current.revision(), look.openProposal()));
            failuresInARow.set(0);
        } catch (SeraiException e) {
            if (failuresInARow.incrementAndGet() == WARN_AFTER) {
                LOG.warn("Changes of configuration cannot be followed for now; tried again and again: {}", e.text());
            }
        } catch (RuntimeException e) {
            LOG.error("Following the configuration failed; it is tried again", e);
        }
    }

    /** Brings the copy up to date and tells listeners; a listener that changes objects itself is told afterwards. */
    private void follow() {
        following.lock();
        try {
            ObjectsAtRevision before = current;
            ObjectTables.Progress progress =
                    database.read(connection -> tables.latestRevision(connection) == before.revision()
                            ? new ObjectTables.Progress(before, Collections.emptySortedMap())
                            : tables.since(connection, before));
            current = progress.now();
            if (current.revision() != before.revision()) {
                revisionTold.accept(current.revision());
            }
            undelivered.addAll(progress.changes().values());
            if (following.getHoldCount() == 1) {
                deliver();
            }
        } finally {
            following.unlock();
        }
    }

    private void deliver() {
        for (List<Change> changes = undelivered.poll(); changes != null; changes = undelivered.poll()) {
            List<Change> told = List.copyOf(changes);
            for (Consumer<List<Change>> listener : listeners) {
                try {
                    listener.accept(told);
                } catch (RuntimeException e) {
                    LOG.error("What follows changes of configuration failed at {}", names(told), e);
                }
            }
        }
    }

    private static List<String> names(List<Change> changes) {
        return changes.stream().map(change -> change.key().toString()).toList();
    }
}
