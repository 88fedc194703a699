package io.serai.cluster.database;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the embedded PostgreSQL's data, starts the server and makes the role and database that Serai uses. The folder
 * belongs to this process until {@code close}.
 */
final class PostgresLauncher implements AutoCloseable {
    static final String ADMIN = "serai_admin";
    static final String USER = "serai";
    static final String DATABASE = "serai";

    private static final Logger LOG = LoggerFactory.getLogger(PostgresLauncher.class);
    private static final int OLDEST_MAJOR = 14;
    private static final int MAJOR_WITH_BUILTIN_LOCALE = 17;
    private static final int PORT_ATTEMPTS = 5;
    private static final Duration INITDB_LIMIT = Duration.ofMinutes(3);
    private static final Duration START_LIMIT = Duration.ofMinutes(5);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(20);
    private static final Duration LEFTOVER_PATIENCE = Duration.ofSeconds(12);
    private static final Duration LEFTOVER_LIMIT = Duration.ofSeconds(40);

    private final EmbeddedPostgresSettings settings;
    private final PostgresAccount account;
    private final PostgresFolder folder;
    private final Path programs;
    private final SecretText adminPassword;
    private final SecretText userPassword;
    private final FileChannel ownership;

    /** Checks everything that can be checked and unpacks the programs. */
    PostgresLauncher(EmbeddedPostgresSettings settings) throws IOException {
        this.settings = settings;
        this.account = PostgresAccount.of(settings.userAccount());
        this.folder = new PostgresFolder(settings.folder(), account);
        folder.prepare();
        this.ownership = folder.take();
        try {
            PostgresBinaries.removeDrafts(folder.root());
            this.programs = settings.bindir().orElseGet(() -> PostgresBinaries.unpackInto(folder.root()));
            this.adminPassword = folder.password(ADMIN);
            this.userPassword = folder.password(USER);
        } catch (IOException | RuntimeException e) {
            ownership.close();
            throw e;
        }
    }

    @Override
    public void close() {
        try {
            ownership.close();
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.DEFECT, "the database's folder cannot be given up: " + e, e);
        }
    }

    /** A server that answers. */
    record Started(PostgresProcess process, int port, long postmasterPid) {}

    /** Starts the server and returns when it answers; makes data, role and database when they are not there. */
    Started launch() throws IOException {
        int major = PostgresBinaries.majorVersion(programs);
        if (major < OLDEST_MAJOR) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the PostgreSQL in " + programs + " is version " + major + ": " + OLDEST_MAJOR + " is the oldest"
                            + " that works");
        }
        if (Files.exists(folder.data())) {
            checkVersion(major);
        } else {
            makeData(major);
        }
        Started started = startServer();
        boolean complete = false;
        try {
            folder.removeDrafts();
            prepareDatabase(started.port());
            complete = true;
            return started;
        } catch (SQLException e) {
            throw DatabaseErrors.of(e);
        } finally {
            if (!complete) {
                started.process().stop(STOP_LIMIT);
            }
        }
    }

    DatabaseSettings userSettings(int port, String database, String applicationName) {
        return DatabaseSettings.of(url(port, database), USER, userPassword, applicationName);
    }

    DatabaseSettings adminSettings(int port, String database) {
        return DatabaseSettings.of(url(port, database), ADMIN, adminPassword, "serai-admin");
    }

    private static String url(int port, String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    private void checkVersion(int major) throws IOException {
        String version = Files.readString(folder.data().resolve("PG_VERSION"), StandardCharsets.US_ASCII)
                .strip();
        if (!version.equals(Integer.toString(major))) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the database under " + folder.data() + " was made by PostgreSQL " + version
                            + ", but the programs in " + programs + " are version " + major
                            + ": set database.bindir to programs of that version, or move the data with pg_dump");
        }
    }

    private void makeData(int major) throws IOException {
        LOG.info("Making a new database under {}", folder.data());
        long deadline = System.nanoTime() + LEFTOVER_LIMIT.toNanos();
        while (true) {
            Path draft = folder.newDraft();
            Path passwordFile = folder.passwordForInitdb(draft, adminPassword);
            PostgresProcess initdb = PostgresProcess.start(
                    folder, account, Optional.empty(), "KILL", initdbCommand(major, draft, passwordFile));
            Optional<Integer> status = initdb.waitFor(INITDB_LIMIT);
            Files.deleteIfExists(passwordFile);
            if (status.isPresent() && status.get() == 0) {
                folder.adopt(draft);
                return;
            }
            initdb.kill();
            if (status.isEmpty() || status.get() != PostgresProcess.LOCK_IS_HELD || System.nanoTime() > deadline) {
                throw new SeraiException(
                        ErrorCode.DATABASE_DOWN,
                        "initdb could not make a database under " + folder.data() + ": " + folder.lastWords());
            }
            PostgresProcess.killLeftovers(folder);
        }
    }

    private List<String> initdbCommand(int major, Path draft, Path passwordFile) {
        List<String> command = new ArrayList<>(List.of(
                programs.resolve("initdb").toString(),
                "--pgdata=" + draft,
                "--username=" + ADMIN,
                "--pwfile=" + passwordFile,
                "--auth=scram-sha-256",
                "--data-checksums",
                "--encoding=UTF8",
                "--locale=C"));
        if (major >= MAJOR_WITH_BUILTIN_LOCALE) {
            command.add("--locale-provider=builtin");
            command.add("--builtin-locale=C.UTF-8");
        }
        return command;
    }

    private Started startServer() throws IOException {
        long deadline = System.nanoTime() + LEFTOVER_LIMIT.toNanos();
        long patienceEnd = System.nanoTime() + LEFTOVER_PATIENCE.toNanos();
        int portAttempts = 0;
        while (true) {
            int port = folder.freePort(settings.port());
            PostgresProcess process =
                    PostgresProcess.start(folder, account, Optional.of(folder.data()), "QUIT", serverCommand(port));
            if (answers(process, port)) {
                return new Started(process, port, postmasterPid());
            }
            Optional<Integer> status = process.waitFor(Duration.ofSeconds(20));
            if (status.isPresent() && status.get() == PostgresProcess.LOCK_IS_HELD) {
                if (System.nanoTime() > patienceEnd) {
                    PostgresProcess.killLeftovers(folder);
                }
            } else if (++portAttempts >= PORT_ATTEMPTS || folder.freePort(settings.port()) == port) {
                throw new SeraiException(
                        ErrorCode.DATABASE_DOWN,
                        "the embedded PostgreSQL under " + folder.root() + " does not start: " + folder.lastWords()
                                + " (more in " + folder.data().resolve("log") + ")");
            }
            if (System.nanoTime() > deadline) {
                throw new SeraiException(
                        ErrorCode.DATABASE_DOWN,
                        "another PostgreSQL still runs on " + folder.data() + " and does not end: stop the Serai that"
                                + " uses this home, or kill its postgres processes");
            }
        }
    }

    private List<String> serverCommand(int port) {
        Map<String, String> options = new TreeMap<>(Map.of(
                "max_connections", Integer.toString(settings.maxConnections()),
                "shared_buffers", "128MB",
                "max_wal_size", "512MB",
                "statement_timeout", "60s",
                "idle_in_transaction_session_timeout", "10s",
                "client_connection_check_interval", "2s",
                "jit", "off"));
        options.put("autovacuum_naptime", "10s");
        options.put("log_filename", "postgresql-%a.log");
        options.put("log_truncate_on_rotation", "on");
        options.put("log_rotation_age", "1d");
        options.put("log_rotation_size", "0");
        options.putAll(settings.options());
        options.put("listen_addresses", "127.0.0.1");
        options.put("port", Integer.toString(port));
        options.put("unix_socket_directories", "");
        options.put("max_prepared_transactions", "64");
        options.put("password_encryption", "scram-sha-256");
        options.put("logging_collector", "on");
        List<String> command = new ArrayList<>(List.of(
                programs.resolve("postgres").toString(), "-D", folder.data().toString()));
        options.forEach((name, value) -> {
            command.add("-c");
            command.add(name + "=" + value);
        });
        return command;
    }

    /** Waits until the server takes our password, which also proves that it is ours; false when it ended. */
    private boolean answers(PostgresProcess process, int port) throws IOException {
        DatabaseSettings address = adminSettings(port, "postgres");
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (process.isAlive()) {
            if (process.waitFor(Duration.ofMillis(20)).isPresent()) {
                return false;
            }
            try (Connection connection = address.connect()) {
                return connection.isValid(5);
            } catch (SQLException e) {
                if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
                    process.kill();
                    throw new IOException("it did not answer in time: " + DatabaseErrors.text(e), e);
                }
            }
        }
        return false;
    }

    private void prepareDatabase(int port) throws SQLException {
        try (Connection connection = adminSettings(port, "postgres").connect()) {
            if (!exists(connection, "select 1 from pg_roles where rolname = ?", USER)) {
                execute(connection, "create role " + USER + " login");
            }
            // Sent as a hash, and at every start, so that a lost password file mends itself.
            connection
                    .unwrap(PGConnection.class)
                    .alterUserPassword(USER, userPassword.reveal().toCharArray(), "scram-sha-256");
            if (!exists(connection, "select 1 from pg_database where datname = ?", DATABASE)) {
                execute(connection, "create database " + DATABASE + " owner " + USER);
            }
        }
    }

    private static boolean exists(Connection connection, String query, String name) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            statement.setString(1, name);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next();
            }
        }
    }

    private static void execute(Connection connection, String fixedSql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(fixedSql);
        }
    }

    private long postmasterPid() throws IOException {
        Path file = folder.data().resolve("postmaster.pid");
        return Long.parseLong(
                Files.readAllLines(file, StandardCharsets.US_ASCII).get(0).strip());
    }
}
