package io.serai.cluster.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class DatabaseFailureTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @RegisterExtension
    static final TestDatabase TEST_DATABASE = new TestDatabase();

    @Test
    void saysThatTheOutcomeIsUnknownWhenTheConnectionBreaksAtTheCommit() {
        assertThatThrownBy(() -> database().execute(connection -> {
                    write(connection, "unknown");
                    endConnections("pid = " + backendPid(connection));
                }))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNKNOWN_OUTCOME));
        await().atMost(LIMIT).until(database()::isUp);
    }

    @Test
    void saysThatTheDatabaseIsDownWhenTheConnectionBreaksBeforeTheCommit() {
        assertThatThrownBy(() -> database().execute(connection -> {
                    endConnections("pid = " + backendPid(connection));
                    write(connection, "lost");
                }))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_DOWN));
    }

    @Test
    void aCheckThatFailsAtTheCommitIsAKnownRollback() {
        database()
                .execute(connection ->
                        statement(connection, "create table late (id int unique deferrable initially deferred)"));

        assertThatThrownBy(() ->
                        database().execute(connection -> statement(connection, "insert into late values (1), (1)")))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT));
    }

    @Test
    void recoversWhenAllConnectionsAreEnded() throws SQLException {
        Listener listener = new Listener();
        Notifications notifications = database().listen("failure_test", listener);
        await().atMost(LIMIT).until(() -> listener.listening.get() == 1);

        endConnections("datname = current_database() and pid <> pg_backend_pid()");

        await().atMost(LIMIT).until(() -> listener.listening.get() == 2);
        await().atMost(LIMIT).until(database()::isUp);
        database().execute(connection -> statement(connection, "notify failure_test, 'hello'"));
        await().atMost(LIMIT).until(() -> listener.received.contains("hello"));
        notifications.close();
    }

    @Test
    void aSlowStatementIsCancelledAndTheConnectionKept() {
        try (Database impatient =
                new Database(TEST_DATABASE.settings().withMaxConnections(2).withSocketTimeout(Duration.ofSeconds(1)))) {
            assertThatThrownBy(() -> impatient.execute(connection -> statement(connection, "select pg_sleep(5)")))
                    .isInstanceOfSatisfying(
                            SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BUSY));
            assertThat(impatient.isUp()).isTrue();
        }
    }

    @Test
    void aPoolWithoutFreeConnectionsSaysSo() {
        try (Database small = new Database(
                TEST_DATABASE.settings().withMaxConnections(2).withAcquisitionTimeout(Duration.ofSeconds(1)))) {
            assertThatThrownBy(() -> small.read(one -> small.read(two -> small.read(three -> 3))))
                    .isInstanceOfSatisfying(
                            SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_DOWN))
                    .hasMessageContaining("all 2 connections are in use");
        }
    }

    @Test
    void anUnreachableDatabaseIsDown() {
        try (Database nowhere = new Database(DatabaseSettings.of(
                        "jdbc:postgresql://127.0.0.1:1/none",
                        "nobody",
                        new io.serai.config.secret.SecretText("x"),
                        "test")
                .withAcquisitionTimeout(Duration.ofSeconds(1)))) {
            assertThat(nowhere.isUp()).isFalse();
            assertThatThrownBy(() -> nowhere.read(connection -> 1))
                    .isInstanceOfSatisfying(
                            SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_DOWN));
        }
    }

    private static Database database() {
        return TEST_DATABASE.database();
    }

    private static void endConnections(String condition) throws SQLException {
        try (Connection admin = TEST_DATABASE.adminSettings().connect()) {
            statement(admin, "select pg_terminate_backend(pid, 5000) from pg_stat_activity where " + condition);
        }
    }

    private static int backendPid(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select pg_backend_pid()")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    private static void write(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "insert into admin_token (name, sha256, role, created_by) values (?, ?, 'viewer', 'test')")) {
            statement.setString(1, name);
            statement.setString(2, name);
            statement.executeUpdate();
        }
    }

    private static void statement(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static final class Listener implements NotificationListener {
        private final AtomicInteger listening = new AtomicInteger();
        private final List<String> received = new CopyOnWriteArrayList<>();

        @Override
        public void listening() {
            listening.incrementAndGet();
        }

        @Override
        public void notified(String payload) {
            received.add(payload);
        }
    }
}
