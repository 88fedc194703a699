package io.serai.cluster.secret;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretCipher;
import io.serai.config.secret.SecretContext;
import io.serai.config.secret.SecretText;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Named secrets of the cluster with their versions; the highest version is in force. Of several nodes that make the same
 * one at once, one wins and all use that.
 */
public final class SharedSecrets {
    private static final String KIND = "SharedSecret";
    private static final String ONE_AT_A_TIME = "select pg_advisory_xact_lock(7315805)";

    private static final String NEWEST =
            "select version, value from shared_secret where name = ? order by version desc limit 1";

    private static final String ADD = """
            insert into shared_secret (name, version, value, made_by)
            select ?, coalesce(max(version), 0) + 1, ?, ? from shared_secret where name = ?
            """;

    private final Database database;
    private final SecretCipher cipher;

    public SharedSecrets(Database database, SecretCipher cipher) {
        this.database = database;
        this.cipher = cipher;
    }

    /** One version of a secret, without the secret. */
    public record Version(String name, long version, Instant madeAt, String madeBy) {}

    /** The secret that is in force. */
    public Optional<SecretText> find(String name) {
        return database.read(connection -> newest(connection, name)).map(value -> decrypt(name, value));
    }

    /** The secret in force; it is made first when there is none. */
    public SecretText findOrMake(String name, Supplier<SecretText> maker, String by) {
        Optional<SecretText> found = find(name);
        if (found.isPresent()) {
            return found.get();
        }
        String made = cipher.encrypt(maker.get(), context(name));
        String stored = database.transaction(connection -> {
            lock(connection);
            Optional<String> other = newest(connection, name);
            if (other.isPresent()) {
                return other.get();
            }
            add(connection, name, made, by);
            return made;
        });
        return decrypt(name, stored);
    }

    /** Puts a new version in force. */
    public void put(String name, SecretText secret, String by) {
        String value = cipher.encrypt(secret, context(name));
        database.execute(connection -> {
            lock(connection);
            add(connection, name, value, by);
        });
    }

    /** Puts an older version in force again, as a new one. */
    public void rollback(String name, long version, String by) {
        database.execute(connection -> {
            lock(connection);
            try (PreparedStatement statement =
                    connection.prepareStatement("select value from shared_secret where name = ? and version = ?")) {
                statement.setString(1, name);
                statement.setLong(2, version);
                try (ResultSet row = statement.executeQuery()) {
                    if (!row.next()) {
                        throw new SeraiException(
                                ErrorCode.NO_SUCH_OBJECT, "There is no version " + version + " of " + name);
                    }
                    add(connection, name, row.getString(1), by);
                }
            }
        });
    }

    /** Every version of every secret, newest first, without the secrets. */
    public List<Version> list() {
        return database.read(connection -> {
            List<Version> all = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(
                            "select name, version, made_at, made_by from shared_secret order by name, version desc");
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    all.add(new Version(
                            rows.getString(1),
                            rows.getLong(2),
                            rows.getObject(3, OffsetDateTime.class).toInstant(),
                            rows.getString(4)));
                }
            }
            return all;
        });
    }

    /** Encrypts every version with the newest key; the number of rows. */
    public int encryptAnew() {
        return database.transaction(connection -> {
            lock(connection);
            int written = 0;
            try (PreparedStatement select =
                            connection.prepareStatement("select name, version, value from shared_secret");
                    PreparedStatement update = connection.prepareStatement(
                            "update shared_secret set value = ? where name = ? and version = ?");
                    ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    String name = rows.getString(1);
                    update.setString(1, cipher.encrypt(decrypt(name, rows.getString(3)), context(name)));
                    update.setString(2, name);
                    update.setLong(3, rows.getLong(2));
                    written += update.executeUpdate();
                }
            }
            return written;
        });
    }

    private SecretText decrypt(String name, String value) {
        return cipher.decrypt(value, context(name));
    }

    private static SecretContext context(String name) {
        return new SecretContext(KIND, name, "value");
    }

    private static void lock(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ONE_AT_A_TIME)) {
            statement.execute();
        }
    }

    private static Optional<String> newest(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NEWEST)) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(row.getString("value")) : Optional.empty();
            }
        }
    }

    private static void add(Connection connection, String name, String value, String by) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ADD)) {
            statement.setString(1, name);
            statement.setString(2, value);
            statement.setString(3, by);
            statement.setString(4, name);
            statement.executeUpdate();
        }
    }
}
