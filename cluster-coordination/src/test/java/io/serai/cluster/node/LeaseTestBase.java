package io.serai.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.TestDatabase;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Nodes and their leases on a database of the test, for the tests of this package. */
abstract class LeaseTestBase {
    static final Duration TTL = Duration.ofSeconds(2);
    static final Duration LIMIT = Duration.ofSeconds(20);

    @RegisterExtension
    static final TestDatabase TEST_DATABASE = new TestDatabase();

    final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        TEST_DATABASE.truncate("node", "takeover", "takeover_event", "event", "event_history");
    }

    NodeLease lease(String name, Optional<UUID> former) {
        return new NodeLease(database(), identity(name), former, TTL);
    }

    NodeLease started(NodeLease lease) {
        opened.add(lease);
        lease.start();
        return lease;
    }

    static NodeIdentity identity(String name) {
        return new NodeIdentity(new NodeName(name), UUID.randomUUID(), "1", "localhost:1");
    }

    static Database database() {
        return TEST_DATABASE.database();
    }

    static void guard(FencingToken token) {
        database().execute(connection -> NodeFence.guard(connection, token));
    }

    static void isFenced(SeraiException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.FENCED);
    }

    static void insertNode(String name, UUID bootId, Duration left) throws SQLException {
        String sql = """
                insert into node (name, epoch, boot_id, version, address, state, lease_until)
                values (?, nextval('node_epoch'), ?, '1', 'localhost:2', 'active',
                        clock_timestamp() + make_interval(secs => ?))""";
        try (Connection connection = TEST_DATABASE.settings().connect();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, name);
            statement.setObject(2, bootId);
            statement.setDouble(3, left.toMillis() / 1000.0);
            statement.executeUpdate();
        }
    }

    static String single(String query) {
        return database().read(connection -> {
            try (Statement statement = connection.createStatement();
                    var rows = statement.executeQuery(query)) {
                rows.next();
                return rows.getString(1);
            }
        });
    }

    static final class Step implements TakeoverStep {
        final List<DeadBoot> dead = new CopyOnWriteArrayList<>();

        @Override
        public String subject() {
            return "things";
        }

        @Override
        public int takeOver(DeadBoot boot) {
            dead.add(boot);
            return 1;
        }
    }
}
