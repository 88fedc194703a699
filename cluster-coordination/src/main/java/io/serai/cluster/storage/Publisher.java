package io.serai.cluster.storage;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives committed uploads their visible names. That a name was given is noted in the ledger a little later, many at a
 * time; giving it again changes nothing. What fails is tried again until it succeeds or the node stops; then the
 * recovery of this epoch does it.
 */
public final class Publisher {
    private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);
    private static final long NOTE_MILLIS = 250;
    private static final int NOTES = 200_000;
    private static final int BATCH = 1000;
    private static final int RETRY_ROUNDS = 8;

    private final StorageRoot root;
    private final NameLocks locks;
    private final Database database;
    private final BlockingQueue<UUID> notes = new LinkedBlockingQueue<>(NOTES);
    private final Queue<Task> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicLong rounds = new AtomicLong();
    private @Nullable ScheduledExecutorService worker;

    public Publisher(StorageRoot root, NameLocks locks, Database database) {
        this.root = root;
        this.locks = locks;
        this.database = database;
    }

    /** A file in staging that gets a name in a home. */
    record Publication(TransferId transfer, AccountName account, VirtualPath path, Path staging, IfTaken ifTaken) {}

    /** What happens when a file has the name already. */
    enum IfTaken {
        REPLACE,
        LEAVE
    }

    /** Work to be done later; true when it is done. */
    @FunctionalInterface
    interface Task {
        boolean run() throws IOException;
    }

    public synchronized void start() {
        if (worker == null) {
            ScheduledExecutorService fresh = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "publisher");
                thread.setDaemon(true);
                return thread;
            });
            var unused = fresh.scheduleWithFixedDelay(this::round, NOTE_MILLIS, NOTE_MILLIS, TimeUnit.MILLISECONDS);
            worker = fresh;
        }
    }

    /** Notes what was published and ends. Idempotent. */
    public synchronized void stop() {
        if (worker == null) {
            return;
        }
        worker.shutdown();
        try {
            if (worker.awaitTermination(10, TimeUnit.SECONDS)) {
                round();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        worker = null;
    }

    /** Gives the file its name durably. Does nothing when the staging file is gone: then it has the name, or had it. */
    void publish(Publication publication) throws IOException {
        Path target = root.locateMakingFolders(publication.account(), publication.path());
        locks.run(publication.account(), () -> move(publication, target));
        StorageRoot.sync(Objects.requireNonNull(target.getParent()));
        note(publication.transfer());
    }

    private static void move(Publication publication, Path target) throws IOException {
        Path staging = publication.staging();
        try {
            if (FileSystemStorage.isSameFile(staging, target)) {
                Files.delete(staging);
            } else if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
                giveUp(publication, "a folder has the name");
            } else if (publication.ifTaken() == IfTaken.REPLACE) {
                Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
            } else {
                StorageRoot.linkOrCopy(staging, target);
                Files.delete(staging);
            }
        } catch (FileAlreadyExistsException e) {
            giveUp(publication, "another file was made under the name at the same time");
        } catch (NoSuchFileException e) {
            LOG.debug("Transfer {} has been published already", publication.transfer());
        }
    }

    private static void giveUp(Publication publication, String why) throws IOException {
        LOG.warn(
                "{} of account {} (transfer {}) is routed, but does not become visible: {}",
                publication.path(),
                publication.account(),
                publication.transfer(),
                why);
        Files.deleteIfExists(publication.staging());
    }

    /** Publishes unless a later upload of the same name is complete; then the staging file is of no use any more. */
    boolean publishUnlessSuperseded(Publication publication) throws IOException {
        if (database.read(connection -> isSuperseded(connection, publication.transfer()))) {
            Files.deleteIfExists(publication.staging());
            note(publication.transfer());
            return true;
        }
        try {
            publish(publication);
        } catch (SeraiException e) {
            if (e.kind() != ErrorKind.PARTNER) {
                throw e;
            }
            giveUp(publication, e.text());
            note(publication.transfer());
        }
        return true;
    }

    /** Has the task run from time to time until it returns true. */
    void later(Task task) {
        tasks.add(task);
    }

    /** Remembers that the name was given. When too many wait, the recovery of this epoch notes the rest. */
    void note(TransferId transfer) {
        if (!notes.offer(transfer.value())) {
            LOG.debug("The publishing of transfer {} is noted by a recovery", transfer);
        }
    }

    private void round() {
        try {
            writeNotes();
            if (rounds.getAndIncrement() % RETRY_ROUNDS == 0) {
                runTasks();
            }
        } catch (RuntimeException e) {
            LOG.error("Publishing failed; it is tried again", e);
        }
    }

    private void writeNotes() {
        List<UUID> batch = new ArrayList<>();
        while (notes.drainTo(batch, BATCH) > 0) {
            try {
                database.execute(connection -> markPublished(connection, batch));
            } catch (SeraiException e) {
                batch.forEach(notes::offer);
                if (e.kind() != ErrorKind.RESOURCE) {
                    LOG.warn("Published names are noted later: {}", e.text());
                }
                return;
            }
            batch.clear();
        }
    }

    static void markPublished(Connection connection, List<UUID> transfers) throws SQLException {
        String sql = "update transfer set published_at = clock_timestamp() where id = any (?) and published_at is null";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(1, connection.createArrayOf("uuid", transfers.toArray()));
            statement.executeUpdate();
        }
    }

    private void runTasks() {
        int count = tasks.size();
        for (int i = 0; i < count; i++) {
            Task task = tasks.poll();
            if (task != null && !runTask(task)) {
                tasks.add(task);
            }
        }
    }

    private static boolean runTask(Task task) {
        try {
            return task.run();
        } catch (IOException | SeraiException e) {
            LOG.debug("A name is given later", e);
            return false;
        } catch (RuntimeException e) { // a task that is dropped would wait for the next start of the node
            LOG.error("A name could not be given; it is tried again", e);
            return false;
        }
    }

    /** Uploads that began more than a week before they ended are not looked for: it bounds the search by its index. */
    private static boolean isSuperseded(Connection connection, TransferId transfer) throws SQLException {
        String sql = """
                select 1 from transfer mine join transfer later
                    on later.account = mine.account and later.path = mine.path
                where mine.id = ? and later.kind = 'upload' and later.state = 'completed'
                    and later.started_at > mine.started_at - interval '7 days'
                    and (later.ended_at, later.id) > (mine.ended_at, mine.id)
                limit 1""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, transfer.value());
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next();
            }
        }
    }
}
