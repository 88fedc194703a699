package io.serai.cluster.storage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file in a storage root that says which cluster it belongs to and which root it is. The database knows the id of its
 * root as well, so that neither two clusters share a root nor the nodes of one work on two: an empty folder under a mount
 * point whose share is not mounted, say. A mark of an older version has no id of its own until this one gives it one.
 */
final class RootMark {
    static final String NAME = "serai-storage.json";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Logger LOG = LoggerFactory.getLogger(RootMark.class);

    private final Path root;
    private final Path file;

    private RootMark(Path root) {
        this.root = root;
        this.file = root.resolve(NAME);
    }

    /** What the file says. */
    record Mark(String cluster, Optional<String> root) {}

    private record Known(UUID cluster, Optional<UUID> root, boolean inUse) {}

    /** Makes sure that root and database belong together; the database is locked, so that nodes do this in turns. */
    static Mark claim(Path root, Database database) throws IOException {
        RootMark mark = new RootMark(root);
        try {
            return database.transaction(mark::claim);
        } catch (Unusable e) {
            throw e.failure;
        }
    }

    /** Carries a failure of the file system through the transaction. */
    private static final class Unusable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient IOException failure;

        Unusable(IOException failure) {
            super(failure);
            this.failure = failure;
        }
    }

    private Mark claim(Connection connection) throws SQLException {
        Known known = known(connection);
        try {
            if (read(root).isEmpty()) {
                refuseStranger(known);
                adopt(known);
            }
            // Also after adopting: of two clusters that begin on one empty root the file names the first.
            check(connection, known, present());
            return present();
        } catch (IOException e) {
            throw new Unusable(e);
        }
    }

    private Mark present() throws IOException {
        return read(root).orElseThrow(() -> new NoSuchFileException(file.toString()));
    }

    private void refuseStranger(Known known) {
        if (known.root().isPresent() || known.inUse()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The storage root " + root + " is empty, but the database knows"
                            + (known.inUse() ? " files in it" : " another one")
                            + ": mount the share, or set storage.root to the directory that holds " + NAME
                            + " of cluster "
                            + known.cluster());
        }
    }

    /** The file first: if the database does not follow, the next start takes the id from the file. */
    private void check(Connection connection, Known known, Mark mark) throws SQLException, IOException {
        if (!mark.cluster().equals(known.cluster().toString())) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The storage root " + root + " belongs to the cluster \"" + mark.cluster()
                            + "\" and this database to " + known.cluster()
                            + ": set storage.root or database.url to the pair that belongs together");
        }
        if (mark.root().isPresent() && known.root().isEmpty()) {
            store(connection, UUID.fromString(mark.root().get()));
        } else if (known.root().isEmpty()) {
            UUID id = UUID.randomUUID();
            Files.move(written(known, id), file, StandardCopyOption.ATOMIC_MOVE);
            StorageRoot.sync(root);
            store(connection, id);
        } else if (!mark.root().equals(known.root().map(UUID::toString))) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The storage root " + root + " is " + mark.root().orElse("an older copy without an id")
                            + " of cluster " + known.cluster() + ", but the cluster works on the root "
                            + known.root().get() + ": set storage.root to the same shared directory on every node");
        }
    }

    /** A root without a mark gets this cluster's, unless another cluster's comes first. */
    private void adopt(Known known) throws IOException {
        Path fresh = written(known, UUID.randomUUID());
        try {
            StorageRoot.linkOrCopy(fresh, file);
        } catch (FileAlreadyExistsException e) {
            LOG.debug("The storage root {} got a mark at this very moment", root, e);
        } finally {
            Files.deleteIfExists(fresh);
        }
        StorageRoot.sync(root);
    }

    private Path written(Known known, UUID id) throws IOException {
        Path fresh = Files.createTempFile(root, NAME, ".new", StorageRoot.FILE_MODE);
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
            String text = "{\"product\": \"serai\", \"layout\": 1, \"cluster\": \"" + known.cluster()
                    + "\", \"root\": \"" + id + "\"}\n";
            channel.write(StandardCharsets.UTF_8.encode(text));
            channel.force(true);
        }
        return fresh;
    }

    static Optional<Mark> read(Path root) throws IOException {
        Path file = root.resolve(NAME);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        JsonNode content = JSON.readTree(Files.readAllBytes(file));
        return Optional.of(new Mark(
                content.path("cluster").asText(),
                Optional.ofNullable(content.get("root")).map(JsonNode::asText)));
    }

    private static Known known(Connection connection) throws SQLException {
        String sql =
                "select id, root_id, exists (select 1 from transfer where direction = 'in' and state = 'completed')"
                        + " from cluster for update";
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            if (!rows.next()) {
                throw new SeraiException(ErrorCode.DEFECT, "table cluster has no row");
            }
            return new Known(
                    rows.getObject(1, UUID.class),
                    Optional.ofNullable(rows.getObject(2, UUID.class)),
                    rows.getBoolean(3));
        }
    }

    private static void store(Connection connection, UUID id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("update cluster set root_id = ?")) {
            statement.setObject(1, id);
            statement.executeUpdate();
        }
    }
}
