package io.serai.cluster.storage;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.DeadBoot;
import io.serai.cluster.node.TakeoverStep;
import io.serai.config.error.ErrorCode;
import io.serai.config.name.AccountName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import java.io.IOException;
import java.nio.file.DirectoryStream;
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
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends what a boot left in staging when its lease had ended: committed uploads get their names, all others become parts,
 * rows that say running are ended. It may run again, and on two nodes at a time: each step is a move or an update that
 * does nothing the second time. The process of the boot may still be alive. Its folder is renamed first, so that its own
 * renames fail; its transactions are refused by the fence; and what it may still write to is copied before use.
 */
public final class StorageRecovery implements TakeoverStep {
    private static final Logger LOG = LoggerFactory.getLogger(StorageRecovery.class);

    private final StorageRoot root;
    private final Database database;
    private final Publisher publisher;
    private final Parts parts;

    public StorageRecovery(StorageRoot root, Database database, Publisher publisher) {
        this.root = root;
        this.database = database;
        this.publisher = publisher;
        this.parts = new Parts(root);
    }

    @Override
    public String subject() {
        return "uploads";
    }

    @Override
    public int takeOver(DeadBoot dead) {
        try {
            int count = recoverFiles(dead.epoch());
            database.execute(connection -> endRunning(connection, dead));
            notePublished(dead.epoch());
            return count;
        } catch (IOException e) {
            throw FileErrors.of(e, "What node " + dead.node() + " left in staging cannot be taken over");
        }
    }

    private int recoverFiles(long epoch) throws IOException {
        Path left = root.active(epoch);
        Path recovering = left.resolveSibling(left.getFileName() + ".recovering");
        if (Files.isDirectory(left, LinkOption.NOFOLLOW_LINKS) && !moveFolder(left, recovering)) {
            return 0;
        }
        SafeMark.Crash crash = EpochLock.crashOf(recovering);
        List<Path> rest = new ArrayList<>();
        int count = 0;
        for (Path file : files(recovering)) {
            Optional<StagingName> name = StagingName.parse(file.getFileName().toString());
            if (name.isPresent()) {
                recover(name.get(), file, crash);
                count++;
            } else {
                rest.add(file);
            }
        }
        StorageRoot.sync(root.parts());
        // Marks, unfinished copies and the lock: of no use without the files, and not before all of those are done.
        for (Path file : rest) {
            Files.deleteIfExists(file);
        }
        Files.deleteIfExists(recovering);
        return count;
    }

    private static boolean moveFolder(Path left, Path recovering) throws IOException {
        try {
            Files.move(left, recovering, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (NoSuchFileException e) {
            // Another node does the same at this moment.
            return Files.isDirectory(recovering, LinkOption.NOFOLLOW_LINKS);
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            stream.forEach(found::add);
        } catch (NoSuchFileException e) {
            return List.of();
        }
        return found;
    }

    /** A file that is gone has just been recovered by another node. */
    private void recover(StagingName name, Path file, SafeMark.Crash crash) throws IOException {
        try {
            Optional<Row> row = database.read(connection -> find(connection, name.transfer()));
            if (row.isPresent() && row.get().completed()) {
                recoverCommitted(name, row.get(), file);
            } else {
                Files.deleteIfExists(root.content(name.transfer()));
                recoverPart(name, file, crash);
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} was recovered by another node", file.getFileName());
        }
    }

    private void recoverCommitted(StagingName name, Row row, Path file) throws IOException {
        if (name.target().isEmpty() || row.published()) {
            Files.deleteIfExists(file);
            return;
        }
        publisher.publishUnlessSuperseded(new Publisher.Publication(
                name.transfer(),
                new AccountName(row.account()),
                VirtualPath.parse(row.path()),
                file,
                Publisher.IfTaken.REPLACE));
        LOG.info("Transfer {} had been committed and has its name now", name.transfer());
    }

    private void recoverPart(StagingName name, Path file, SafeMark.Crash crash) throws IOException {
        if (name.target().isEmpty()) {
            Files.deleteIfExists(file);
            return;
        }
        StagingName.Target target = name.target().get();
        Optional<Parts.Part> kept = parts.find(target);
        if (kept.isPresent()
                && kept.get()
                                .attributes()
                                .lastModifiedTime()
                                .compareTo(Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS))
                        > 0) {
            Files.deleteIfExists(file);
        } else {
            StagingName known = name.withNotedBase(file);
            long trusted = SafeMark.trusted(file, Files.size(file), crash);
            boolean mayBeAlive = crash == SafeMark.Crash.OF_UNKNOWN_KIND;
            parts.keep(known, file, trusted, mayBeAlive ? Parts.Writer.MAY_BE_ALIVE : Parts.Writer.GONE);
        }
    }

    private record Row(boolean completed, boolean published, String account, String path) {}

    private static Optional<Row> find(Connection connection, TransferId transfer) throws SQLException {
        String sql = """
                select state = 'completed', published_at is not null, coalesce(account, ''), path
                from transfer where id = ?""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, transfer.value());
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next()
                        ? Optional.of(
                                new Row(rows.getBoolean(1), rows.getBoolean(2), rows.getString(3), rows.getString(4)))
                        : Optional.empty();
            }
        }
    }

    /** A delivery that ran is tried again with its event; everything else that ran has ended. */
    private static void endRunning(Connection connection, DeadBoot dead) throws SQLException {
        String sql = """
                update transfer set state = case kind when 'delivery' then 'failed' else 'aborted' end,
                    error_code = ?, error_text = ?, ended_at = clock_timestamp()
                where epoch = ? and state = 'running'""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, ErrorCode.FENCED.name());
            statement.setString(2, "node " + dead.node() + " ended while the transfer ran");
            statement.setLong(3, dead.epoch());
            statement.executeUpdate();
        }
    }

    /** Committed uploads whose staging file is gone have had their names. */
    private void notePublished(long epoch) {
        List<UUID> unnoted = database.read(connection -> unpublished(connection, epoch));
        if (!unnoted.isEmpty()) {
            database.execute(connection -> Publisher.markPublished(connection, unnoted));
        }
    }

    private static List<UUID> unpublished(Connection connection, long epoch) throws SQLException {
        String sql = """
                select id from transfer
                where epoch = ? and kind = 'upload' and published_at is null and state = 'completed'""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, epoch);
            try (ResultSet rows = statement.executeQuery()) {
                List<UUID> found = new ArrayList<>();
                while (rows.next()) {
                    found.add(rows.getObject(1, UUID.class));
                }
                return found;
            }
        }
    }
}
