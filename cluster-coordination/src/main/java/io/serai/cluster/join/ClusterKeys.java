package io.serai.cluster.join;

import io.serai.cluster.database.Database;
import io.serai.cluster.object.JdbcObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretBox;
import io.serai.config.secret.SecretContext;
import io.serai.config.secret.SecretText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The cluster's secret keys, the same on every node. The first node makes them; the database holds a known text that
 * was encrypted with them, so that a node with other keys, or none, is told so at its start instead of encrypting what no
 * other node can read.
 */
public final class ClusterKeys {
    private static final SecretText KNOWN = new SecretText("the keys of this cluster");

    private final Database database;
    private final Path keyFile;

    public ClusterKeys(Database database, Path keyFile) {
        this.database = database;
        this.keyFile = keyFile;
    }

    private record Row(UUID cluster, Optional<String> check) {}

    /**
     * Opens the keys of this node and makes sure that they are the cluster's; makes them if this is its first node.
     *
     * @throws SeraiException {@code INVALID} when this node has no keys, or others
     */
    public SecretBox open() {
        boolean secretsStored = JdbcObjectStore.holdsAny(database);
        SecretBox box = database.transaction(connection -> {
            Row row = lock(connection);
            if (row.check().isPresent()) {
                return known(row.cluster(), row.check().get(), rotations(connection));
            }
            SecretBox fresh = secretsStored ? SecretBox.open(keyFile) : SecretBox.openOrCreate(keyFile);
            remember(connection, fresh.encrypt(KNOWN, context(row.cluster())));
            return fresh;
        });
        box.follow(this::rotations);
        return box;
    }

    private SecretBox known(UUID cluster, String check, List<String> rotations) {
        if (!Files.exists(keyFile)) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "this server has no keys of the cluster " + cluster + " (" + keyFile + "): run \"serai nodes"
                            + " invite\" on a node of the cluster, then \"serai join TOKEN\" here; if this server had"
                            + " keys before, put the file back from your backup");
        }
        SecretBox box = SecretBox.open(keyFile);
        box.absorb(rotations);
        try {
            SecretText unused = box.decrypt(check, context(cluster));
            return box;
        } catch (SeraiException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the keys in " + keyFile + " are not those of the cluster " + cluster
                            + ", so this server does not start: put the cluster's key file back, or move this one away"
                            + " and join with a token of \"serai nodes invite\"",
                    e);
        }
    }

    /** Whether a key file holds keys of the cluster, of before a rotation or after it. */
    static boolean areIn(Path keyFile, Connection connection) throws SQLException {
        Optional<String> check = lock(connection).check();
        if (check.isEmpty() || !Files.exists(keyFile)) {
            return false;
        }
        SecretBox box = SecretBox.open(keyFile);
        box.absorb(rotations(connection));
        try {
            SecretText unused = box.decrypt(check.get(), context(cluster(connection)));
            return true;
        } catch (SeraiException others) {
            return false;
        }
    }

    /** Makes new keys, which encrypt from now on on this node; the others follow. */
    public void rotate(SecretBox box, String by) {
        database.execute(connection -> {
            lock(connection);
            box.absorb(rotations(connection));
            try (PreparedStatement statement =
                    connection.prepareStatement("insert into key_rotation (wrapped_keys, made_by) values (?, ?)")) {
                statement.setString(1, box.prepareRotation().wrapped());
                statement.setString(2, by);
                statement.executeUpdate();
            }
        });
        // Only what all the others can have is used here.
        box.absorb(rotations());
    }

    private List<String> rotations() {
        return database.statement(ClusterKeys::rotations);
    }

    private static List<String> rotations(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select wrapped_keys from key_rotation order by id")) {
            List<String> found = new ArrayList<>();
            while (rows.next()) {
                found.add(rows.getString(1));
            }
            return found;
        }
    }

    /** The id of the cluster that a database belongs to. */
    static UUID cluster(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select id from cluster")) {
            if (!rows.next()) {
                throw new SeraiException(ErrorCode.DEFECT, "table cluster has no row");
            }
            return rows.getObject(1, UUID.class);
        }
    }

    private static Row lock(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select id, key_check from cluster for update")) {
            if (!rows.next()) {
                throw new SeraiException(ErrorCode.DEFECT, "table cluster has no row");
            }
            return new Row(rows.getObject(1, UUID.class), Optional.ofNullable(rows.getString(2)));
        }
    }

    private static void remember(Connection connection, String check) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("update cluster set key_check = ?")) {
            statement.setString(1, check);
            statement.executeUpdate();
        }
    }

    private static SecretContext context(UUID cluster) {
        return new SecretContext("Cluster", cluster.toString(), "key-check");
    }
}
