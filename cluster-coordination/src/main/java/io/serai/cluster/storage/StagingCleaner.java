package io.serai.cluster.storage;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes what nobody needs any more: parts past their retention, kept content past its retention that no live event
 * uses, and content without a ledger row, which a crash left. Every node may run one; they do not disturb each other.
 */
public final class StagingCleaner {
    private static final Logger LOG = LoggerFactory.getLogger(StagingCleaner.class);
    private static final int STEP = 500;
    private static final Duration ORPHAN_AGE = Duration.ofDays(1);

    private final StorageRoot root;
    private final Database database;
    private final StorageSettings settings;
    private final InstantSource clock;
    private final Duration interval;
    private @Nullable ScheduledExecutorService rounds;
    private int nextFolder;

    public StagingCleaner(
            StorageRoot root, Database database, StorageSettings settings, InstantSource clock, Duration interval) {
        this.root = root;
        this.database = database;
        this.settings = settings;
        this.clock = clock;
        this.interval = interval;
    }

    public synchronized void start() {
        if (rounds == null) {
            ScheduledExecutorService fresh = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "staging-cleaner");
                thread.setDaemon(true);
                return thread;
            });
            var unused = fresh.scheduleWithFixedDelay(
                    this::round, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
            rounds = fresh;
        }
    }

    /** Waits for the running round. Idempotent. */
    public synchronized void stop() {
        if (rounds == null) {
            return;
        }
        rounds.shutdownNow();
        try {
            if (!rounds.awaitTermination(10, TimeUnit.SECONDS)) {
                LOG.warn("Cleaning did not end within 10 s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        rounds = null;
    }

    private void round() {
        try {
            clean();
        } catch (IOException e) {
            LOG.warn("Cleaning the storage failed; it is tried again in {} s", interval.toSeconds(), e);
        } catch (SeraiException e) {
            if (e.kind() == ErrorKind.DEFECT) {
                LOG.error("Cleaning the storage failed", e);
            } else {
                LOG.debug("Cleaning the storage is put off: {}", e.text());
            }
        } catch (RuntimeException e) {
            LOG.error("Cleaning the storage failed", e);
        }
    }

    /** One round: everything that is due, and one folder's orphans. */
    void clean() throws IOException {
        cleanParts();
        int removed;
        do {
            removed = cleanContent();
        } while (removed == STEP && !Thread.currentThread().isInterrupted());
        for (int i = 0; i < 16; i++) {
            cleanOrphans(root.contentFolders().resolve(String.format("%02x", nextFolder)));
            nextFolder = (nextFolder + 1) % 256;
        }
    }

    private void cleanParts() throws IOException {
        Instant oldest = clock.instant().minus(settings.partRetention());
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(root.parts())) {
            for (Path part : stream) {
                if (isOlder(part, oldest)) {
                    Files.deleteIfExists(part);
                }
            }
        }
    }

    private static boolean isOlder(Path file, Instant time) {
        return StorageRoot.look(file)
                .map(BasicFileAttributes::lastModifiedTime)
                .map(modified -> modified.toInstant().isBefore(time))
                .orElse(false);
    }

    /** The row says first that the content is gone: a crash in between leaves an orphan. */
    private int cleanContent() throws IOException {
        List<UUID> expired = database.transaction(StagingCleaner::expire);
        for (UUID transfer : expired) {
            Files.deleteIfExists(root.content(new TransferId(transfer)));
        }
        return expired.size();
    }

    private static List<UUID> expire(Connection connection) throws SQLException {
        String sql = """
                update transfer set content_until = null where id in (
                    select t.id from transfer t
                    where t.content_until < clock_timestamp()
                      and not exists (select 1 from event e where e.transfer_id = t.id)
                    limit ? for update skip locked)
                returning id""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, STEP);
            return ids(statement);
        }
    }

    private static List<UUID> ids(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            List<UUID> found = new ArrayList<>();
            while (rows.next()) {
                found.add(rows.getObject(1, UUID.class));
            }
            return found;
        }
    }

    private void cleanOrphans(Path folder) throws IOException {
        Instant oldest = clock.instant().minus(ORPHAN_AGE);
        List<Path> batch = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            for (Path file : stream) {
                if (wasLinkedBefore(file, oldest)) {
                    batch.add(file);
                }
                if (batch.size() == STEP) {
                    removeOrphans(batch);
                    batch.clear();
                }
            }
        }
        removeOrphans(batch);
    }

    /** A link changes the time of the inode; the time of the content may be days older, when a part was completed. */
    private static boolean wasLinkedBefore(Path file, Instant time) throws IOException {
        Object changed = Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS);
        return changed instanceof FileTime linked && linked.toInstant().isBefore(time);
    }

    private void removeOrphans(List<Path> files) throws IOException {
        if (files.isEmpty()) {
            return;
        }
        UUID[] ids = files.stream().flatMap(file -> id(file).stream()).toArray(UUID[]::new);
        Set<UUID> needed = new HashSet<>(database.read(connection -> withContent(connection, ids)));
        for (Path file : files) {
            if (id(file).filter(needed::contains).isEmpty()) {
                Files.deleteIfExists(file);
                LOG.info("Removed content {}, which no transfer refers to", file.getFileName());
            }
        }
    }

    private static java.util.Optional<UUID> id(Path file) {
        try {
            return java.util.Optional.of(UUID.fromString(file.getFileName().toString()));
        } catch (IllegalArgumentException e) {
            return java.util.Optional.empty();
        }
    }

    private static List<UUID> withContent(Connection connection, UUID[] ids) throws SQLException {
        String sql = "select id from transfer where id = any (?) and (content_until is not null or state = 'running')";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(1, connection.createArrayOf("uuid", ids));
            return ids(statement);
        }
    }
}
