package io.serai.cluster.join;

import io.serai.cluster.database.Database;
import io.serai.cluster.node.Nodes;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.secret.JoinSecret;
import io.serai.config.secret.SecretBox;
import io.serai.config.secret.WrappedKeys;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Invitations of new nodes: each lets one node in, until it expires. */
public final class Invitations {
    private final Database database;

    public Invitations(Database database) {
        this.database = database;
    }

    /** A new invitation: what goes into its token. */
    public record Invitation(UUID cluster, UUID id, JoinSecret secret, Instant expires) {}

    /** An invitation as operators see it. */
    public record InvitationView(
            UUID id,
            Instant created,
            String createdBy,
            Instant expires,
            boolean expired,
            Optional<Instant> used,
            Optional<String> usedBy) {}

    /** Makes an invitation. */
    public Invitation create(SecretBox keys, Duration valid, String by) {
        UUID id = UUID.randomUUID();
        JoinSecret secret = JoinSecret.random();
        return database.transaction(connection -> {
            int unused = forget(connection);
            UUID cluster = ClusterKeys.cluster(connection);
            String wrapped = keys.wrapFor(secret, cluster.toString(), id.toString());
            String sql = """
                    insert into invitation (id, wrapped_keys, created_by, expires_at)
                    values (?, ?, ?, clock_timestamp() + ? * interval '1 millisecond') returning expires_at""";
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setObject(1, id);
                statement.setString(2, wrapped);
                statement.setString(3, by);
                statement.setLong(4, valid.toMillis());
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    return new Invitation(
                            cluster, id, secret, rows.getTimestamp(1).toInstant());
                }
            }
        });
    }

    /**
     * Takes an invitation: writes the key file, and lets the node's name in again if it was removed. A home that has the
     * cluster's keys already keeps them; only a removed name has use for an invitation then. The invitation is used up
     * when, and only when, one of the two was done.
     *
     * @return false when the home needs no invitation: it has the cluster's keys, and the name was not removed
     * @throws SeraiException {@code INVALID} when it is for another cluster, unknown, expired or used, or when the home has
     *     other keys, with the mend
     */
    public boolean redeem(JoinToken token, NodeName node, Path keyFile) {
        return database.transaction(connection -> {
            UUID cluster = ClusterKeys.cluster(connection);
            if (!cluster.equals(token.cluster())) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "the token lets nodes into the cluster " + token.cluster() + ", but this database belongs to "
                                + cluster + ": use the database.url of the cluster that invited");
            }
            String wrapped = lock(connection, token.invitation());
            String id = token.invitation().toString();
            if (ClusterKeys.areIn(keyFile, connection)) {
                WrappedKeys.verify(wrapped, token.secret(), cluster.toString(), id);
                if (!Nodes.readmit(connection, node)) {
                    return false;
                }
            } else {
                WrappedKeys.install(keyFile, wrapped, token.secret(), cluster.toString(), id);
                boolean unused = Nodes.readmit(connection, node);
            }
            use(connection, token.invitation(), node);
            return true;
        });
    }

    private static String lock(Connection connection, UUID id) throws SQLException {
        String sql = """
                select wrapped_keys, used_at, used_by, expires_at <= clock_timestamp(), expires_at
                from invitation where id = ? for update""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, id);
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    throw refused("was revoked, or made for another database");
                }
                if (rows.getTimestamp(2) != null) {
                    throw refused("was used by node " + rows.getString(3) + " at "
                            + rows.getTimestamp(2).toInstant() + "; it lets in one node");
                }
                if (rows.getBoolean(4)) {
                    throw refused("expired at " + rows.getTimestamp(5).toInstant());
                }
                return rows.getString(1);
            }
        }
    }

    private static SeraiException refused(String why) {
        return new SeraiException(
                ErrorCode.INVALID, "the invitation " + why + ": make another with \"serai nodes invite\"");
    }

    private static void use(Connection connection, UUID id, NodeName node) throws SQLException {
        String sql = "update invitation set used_at = clock_timestamp(), used_by = ?, wrapped_keys = '' where id = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, node.value());
            statement.setObject(2, id);
            statement.executeUpdate();
        }
    }

    /** The invitations, newest first; those that expired a month ago or earlier are gone. */
    public List<InvitationView> list() {
        return database.transaction(connection -> {
            int unused = forget(connection);
            String sql = """
                    select id, created_at, created_by, expires_at, expires_at <= clock_timestamp(), used_at, used_by
                    from invitation order by created_at desc""";
            try (PreparedStatement statement = connection.prepareStatement(sql);
                    ResultSet rows = statement.executeQuery()) {
                List<InvitationView> found = new ArrayList<>();
                while (rows.next()) {
                    found.add(new InvitationView(
                            rows.getObject(1, UUID.class),
                            rows.getTimestamp(2).toInstant(),
                            rows.getString(3),
                            rows.getTimestamp(4).toInstant(),
                            rows.getBoolean(5),
                            Optional.ofNullable(rows.getTimestamp(6)).map(Timestamp::toInstant),
                            Optional.ofNullable(rows.getString(7))));
                }
                return found;
            }
        });
    }

    /** Removes what expired invitations hold; the number of rows that changed. */
    public int forget() {
        return database.transaction(Invitations::forget);
    }

    /** The keys of an expired invitation are of no use to anybody, and its row is of none a month later. */
    private static int forget(Connection connection) throws SQLException {
        try (PreparedStatement old = connection.prepareStatement(
                        "delete from invitation where expires_at < clock_timestamp() - interval '30 days'");
                PreparedStatement expired = connection.prepareStatement(
                        "update invitation set wrapped_keys = '' where expires_at <= clock_timestamp()"
                                + " and wrapped_keys <> ''")) {
            return old.executeUpdate() + expired.executeUpdate();
        }
    }

    /** Takes an invitation back; {@code NO_SUCH_OBJECT} when there is none. */
    public void revoke(UUID id) {
        int changed = database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("delete from invitation where id = ?")) {
                statement.setObject(1, id);
                return statement.executeUpdate();
            }
        });
        if (changed == 0) {
            throw new SeraiException(ErrorCode.NO_SUCH_OBJECT, "there is no invitation " + id);
        }
    }
}
