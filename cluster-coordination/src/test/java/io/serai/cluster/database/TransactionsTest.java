package io.serai.cluster.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.name.NodeName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class TransactionsTest {
    @RegisterExtension
    static final TestDatabase TEST_DATABASE = new TestDatabase();

    @TempDir
    static Path log;

    private static Transactions transactions;

    @BeforeAll
    static void start() {
        TEST_DATABASE.database().execute(connection -> statement(connection, "create table note (text text)"));
        transactions = new Transactions(
                TEST_DATABASE.settings().withMaxConnections(3), log, new NodeName("node"), Duration.ofSeconds(10));
    }

    @AfterAll
    static void stop() {
        transactions.close();
    }

    @BeforeEach
    void emptyTable() {
        TEST_DATABASE.truncate("note");
    }

    @Test
    void commitsAndRollsBackBothDataSources() throws Exception {
        for (DataSource source : new DataSource[] {transactions.localDataSource(), transactions.xaDataSource()}) {
            transactions.transactionManager().begin();
            write(source, "kept");
            transactions.transactionManager().commit();
            transactions.userTransaction().begin();
            write(source, "dropped");
            transactions.userTransaction().rollback();
        }

        assertThat(count("note where text = 'kept'")).isEqualTo(2);
        assertThat(count("note")).isEqualTo(2);
    }

    @Test
    void oneResourceIsCommittedWithoutALogOrAPreparation() throws Exception {
        long logged = filesInLog();
        transactions.transactionManager().begin();
        write(transactions.localDataSource(), "one phase");
        transactions.transactionManager().commit();

        assertThat(filesInLog()).isEqualTo(logged);
        assertThat(count("note")).isEqualTo(1);
    }

    @Test
    void finishesWhatACrashLeftPrepared() throws Exception {
        DatabaseSettings settings = TEST_DATABASE.settings();
        try (ChildJvm child = ChildJvm.start(
                Map.of("DATABASE_PASSWORD", settings.password().reveal()),
                PreparedThenKilled.class,
                settings.url(),
                settings.user(),
                log.toString())) {
            assertThat(child.waitFor()).isEqualTo(9);
        }
        assertThat(count("pg_prepared_xacts")).isEqualTo(1);
        assertThat(count("note")).isZero();

        await().atMost(Duration.ofSeconds(60)).until(() -> {
            transactions.recoverNow();
            return count("pg_prepared_xacts") == 0;
        });

        assertThat(count("note where text = 'survives'")).isEqualTo(1);
    }

    private static long filesInLog() throws IOException {
        try (Stream<Path> files = Files.walk(log)) {
            return files.filter(Files::isRegularFile).count();
        }
    }

    private static void write(DataSource source, String text) throws SQLException {
        try (Connection connection = source.getConnection();
                var statement = connection.prepareStatement("insert into note values (?)")) {
            statement.setString(1, text);
            statement.executeUpdate();
        }
    }

    private static int count(String from) {
        return TEST_DATABASE.database().read(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("select count(*) from " + from)) {
                rows.next();
                return rows.getInt(1);
            }
        });
    }

    private static void statement(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
