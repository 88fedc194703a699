package io.serai.cluster.database;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A real PostgreSQL for tests: one embedded server a test JVM, a fresh migrated database a test class.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final TestDatabase DATABASE = new TestDatabase();
 * }</pre>
 */
public final class TestDatabase implements BeforeAllCallback, BeforeEachCallback, AfterAllCallback {
    private static final String TEMPLATE = "serai_template";
    private static final AtomicInteger COUNTER = new AtomicInteger();

    private final String template;
    private DatabaseSettings settings;
    private Database database;
    private String name;

    /** With the schema of Serai and no rows. */
    public TestDatabase() {
        this(TEMPLATE);
    }

    private TestDatabase(String template) {
        this.template = template;
    }

    /** With nothing in it. */
    public static TestDatabase withoutSchema() {
        return new TestDatabase("template0");
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        name = "test_" + COUNTER.incrementAndGet();
        EmbeddedPostgres server = SharedServer.get();
        executeAsAdmin(server, "create database " + name + " template " + template + " owner serai");
        settings = server.connection(name, "test").withMaxConnections(10);
        database = new Database(settings);
    }

    /** Every test has a storage root and keys of its own. */
    @Override
    public void beforeEach(ExtensionContext context) {
        if (template.equals(TEMPLATE)) {
            forgetRoot();
        }
    }

    /** The next storage root that is opened becomes the database's root. */
    public void forgetRoot() {
        database.execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("update cluster set root_id = null, key_check = null");
            }
        });
    }

    @Override
    public void afterAll(ExtensionContext context) {
        database.close();
        executeAsAdmin(SharedServer.get(), "drop database " + name + " with (force)");
    }

    /** A pool on the class's database, with the schema of Serai and no rows. */
    public Database database() {
        return database;
    }

    /** How to open further pools on the class's database. */
    public DatabaseSettings settings() {
        return settings;
    }

    /** How to reach the class's database as the superuser, to end connections, say. */
    public DatabaseSettings adminSettings() {
        return SharedServer.get().adminConnection(name).withApplicationName("test-admin");
    }

    /** Empties tables between tests of one class. */
    public void truncate(String... tables) {
        database.execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("truncate " + String.join(", ", tables));
            }
        });
    }

    private static void executeAsAdmin(EmbeddedPostgres server, String sql) {
        try (Connection connection = server.adminConnection("postgres").connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The one server of this JVM; it is stopped and removed when the JVM ends. */
    private static final class SharedServer {
        private static EmbeddedPostgres server;

        static synchronized EmbeddedPostgres get() {
            if (server == null) {
                server = start();
            }
            return server;
        }

        private static EmbeddedPostgres start() {
            try {
                Path folder = TestFolders.reachable(
                        "test-postgres-" + ProcessHandle.current().pid());
                EmbeddedPostgres made = new EmbeddedPostgres(EmbeddedPostgresSettings.in(folder)
                        .withBindir(TestFolders.programs())
                        .withOptions(Map.of("fsync", "off", "full_page_writes", "off", "shared_buffers", "64MB")));
                made.start();
                Runtime.getRuntime().addShutdownHook(new Thread(() -> stopAndRemove(made, folder)));
                executeAsAdmin(made, "create database " + TEMPLATE + " owner serai");
                new Migrations(made.connection(TEMPLATE, "test-migrations")).apply();
                return made;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static void stopAndRemove(EmbeddedPostgres made, Path folder) {
            made.close();
            try {
                PostgresBinaries.deleteTree(folder);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Whether a folder under {@code target} can be reached by PostgreSQL's user; kept for other tests of databases. */
    static Path temporaryFolder(String name) throws IOException {
        Path folder =
                TestFolders.reachable(name + "-" + ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet());
        PostgresBinaries.deleteTree(folder);
        Files.createDirectories(folder);
        return folder;
    }
}
