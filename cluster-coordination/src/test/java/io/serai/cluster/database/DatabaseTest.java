package io.serai.cluster.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class DatabaseTest {
    @RegisterExtension
    static final TestDatabase TEST_DATABASE = new TestDatabase();

    @BeforeAll
    static void makeTable() {
        TEST_DATABASE
                .database()
                .execute(c -> statement(c, "create table note (id int primary key, secret text not null)"));
    }

    @BeforeEach
    void emptyTable() {
        TEST_DATABASE.truncate("note");
    }

    @Test
    void commitsWhatTheWorkDid() {
        database().execute(c -> insert(c, 1, "a"));

        assertThat(count()).isEqualTo(1);
    }

    @Test
    void rollsBackWhenTheWorkFails() {
        assertThatThrownBy(() -> database().execute(c -> {
                    insert(c, 1, "a");
                    throw new IllegalStateException("on purpose");
                }))
                .isInstanceOf(IllegalStateException.class);

        assertThat(count()).isZero();
    }

    @Test
    void refusesToWriteInAReadTransaction() {
        assertThatThrownBy(() -> database().read(c -> {
                    insert(c, 1, "a");
                    return 1;
                }))
                .isInstanceOf(SeraiException.class);

        database().execute(c -> insert(c, 2, "b"));
        assertThat(count()).isEqualTo(1);
    }

    @Test
    void namesATakenKeyAConflictAndKeepsValuesOutOfTheMessage() {
        database().execute(c -> insert(c, 1, "a"));

        assertThatThrownBy(() -> database().execute(c -> insert(c, 1, "topsecret")))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT))
                .hasMessageNotContaining("topsecret");
        assertThatThrownBy(() -> database().execute(c -> statement(c, "insert into note values (4711, null)")))
                .hasMessageNotContaining("4711")
                .rootCause()
                .hasMessageNotContaining("4711");
    }

    @Test
    void isUpWhileTheServerAnswers() {
        assertThat(database().isUp()).isTrue();
    }

    private static Database database() {
        return TEST_DATABASE.database();
    }

    private static int count() {
        return database().read(c -> {
            try (Statement s = c.createStatement();
                    ResultSet rows = s.executeQuery("select count(*) from note")) {
                rows.next();
                return rows.getInt(1);
            }
        });
    }

    private static void insert(Connection connection, int id, String secret) throws SQLException {
        try (PreparedStatement s = connection.prepareStatement("insert into note (id, secret) values (?, ?)")) {
            s.setInt(1, id);
            s.setString(2, secret);
            s.executeUpdate();
        }
    }

    private static void statement(Connection connection, String sql) throws SQLException {
        try (Statement s = connection.createStatement()) {
            s.execute(sql);
        }
    }
}
