package io.serai.cluster.database;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the schema to what this version of Serai needs. Many nodes may try at once: one applies, the others wait. Each
 * file is one transaction, recorded with its checksum; a schema that is newer than this Serai, or a file that was
 * changed after it had been applied, stops the start.
 */
public final class Migrations {
    private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);
    /** In their order; a new file is added at the end, and no published one is ever changed. */
    static final List<String> FILES = List.of(
            "V001__the_first_schema.sql", //
            "V002__nodes_and_takeovers.sql",
            "V003__leases_schedules_monitors.sql",
            "V004__limits_of_the_cluster.sql",
            "V005__shared_configuration.sql",
            "V006__transaction_outcomes.sql",
            "V007__edges.sql",
            "V008__edges_together.sql",
            "V009__used_proofs.sql",
            "V010__addresses_of_deliveries.sql",
            "V011__moves_of_sessions.sql",
            "V013__admission_of_known_sessions.sql");

    private static final long LOCK_KEY = 0x5e7a1_0001L;
    private static final Duration LOCK_PATIENCE = Duration.ofMinutes(5);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration SOCKET_TIMEOUT = Duration.ofMinutes(30);

    private final DatabaseSettings settings;
    private final List<Migration> migrations;

    public Migrations(DatabaseSettings settings) {
        this(settings, FILES.stream().map(Migration::read).toList());
    }

    Migrations(DatabaseSettings settings, List<Migration> migrations) {
        this.settings = settings.withSocketTimeout(SOCKET_TIMEOUT);
        this.migrations = List.copyOf(migrations);
    }

    /** One file. */
    record Migration(int version, String name, String sql) {
        static Migration read(String file) {
            try (InputStream stream = Migrations.class.getResourceAsStream("migrations/" + file)) {
                if (stream == null) {
                    throw new IllegalStateException("the migration " + file + " is not on the class path");
                }
                String sql = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
                return new Migration(Integer.parseInt(file.substring(1, 4)), file, sql);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        String checksum() {
            try {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(sql.getBytes(StandardCharsets.UTF_8));
                return HexFormat.of().formatHex(digest);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Applies what is missing and returns the number of files applied. */
    public int apply() {
        try (Connection connection = settings.connect()) {
            lock(connection);
            // Closing the connection ends the session and with it the lock.
            return applyMissing(connection);
        } catch (SQLException e) {
            throw DatabaseErrors.of(e);
        }
    }

    /** Polled, because a session that waits in the lock's queue holds a snapshot and blocks concurrent index builds. */
    private static void lock(Connection connection) throws SQLException {
        long deadline = System.nanoTime() + LOCK_PATIENCE.toNanos();
        while (!tryLock(connection)) {
            if (System.nanoTime() > deadline) {
                throw new SeraiException(
                        ErrorCode.BUSY,
                        "another node has been changing the database's schema for " + LOCK_PATIENCE.toMinutes()
                                + " minutes: look at its log, then start this node again");
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SeraiException(ErrorCode.BUSY, "interrupted while waiting for the schema's lock", e);
            }
        }
    }

    private static boolean tryLock(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select pg_try_advisory_lock(?)")) {
            statement.setLong(1, LOCK_KEY);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() && rows.getBoolean(1);
            }
        }
    }

    private int applyMissing(Connection connection) throws SQLException {
        execute(connection, """
                create table if not exists schema_migration (
                    version integer primary key,
                    name text not null,
                    checksum text not null,
                    applied_at timestamptz not null default clock_timestamp()
                )""");
        Map<Integer, String> applied = applied(connection);
        refuseNewer(applied);
        int count = 0;
        connection.setAutoCommit(false);
        for (Migration migration : migrations) {
            String checksum = applied.get(migration.version());
            if (checksum == null) {
                applyOne(connection, migration);
                count++;
            } else if (!checksum.equals(migration.checksum())) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "the database's schema was made by another text of " + migration.name()
                                + ": this Serai and the one that made the database are different builds");
            }
        }
        return count;
    }

    private static Map<Integer, String> applied(Connection connection) throws SQLException {
        Map<Integer, String> applied = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select version, checksum from schema_migration")) {
            while (rows.next()) {
                applied.put(rows.getInt(1), rows.getString(2));
            }
        }
        return applied;
    }

    private void refuseNewer(Map<Integer, String> applied) {
        int known = migrations.stream().mapToInt(Migration::version).max().orElse(0);
        int found = applied.keySet().stream().mapToInt(Integer::intValue).max().orElse(0);
        if (found > known) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the database's schema is version " + found + ", but this Serai knows only versions up to " + known
                            + ": start the newer Serai that this database belongs to");
        }
    }

    private static void applyOne(Connection connection, Migration migration) throws SQLException {
        LOG.info("Applying {} to the database", migration.name());
        try {
            execute(connection, "set local lock_timeout = '20s'");
            execute(connection, "set local statement_timeout = 0");
            execute(connection, migration.sql());
            record(connection, migration);
            connection.commit();
        } catch (SQLException e) {
            connection.rollback();
            throw new SeraiException(
                    DatabaseErrors.of(e).code(),
                    "the migration " + migration.name() + " failed and left nothing behind (" + DatabaseErrors.text(e)
                            + ")",
                    e);
        }
    }

    private static void record(Connection connection, Migration migration) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "insert into schema_migration (version, name, checksum) values (?, ?, ?)")) {
            statement.setInt(1, migration.version());
            statement.setString(2, migration.name());
            statement.setString(3, migration.checksum());
            statement.executeUpdate();
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
