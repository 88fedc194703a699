package io.serai.cluster.event;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.node.FencingToken;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** One node of a test: a lease, a pool and a queue of its own on the class's database. */
final class QueueNode implements AutoCloseable {
    final Database database;
    final JdbcEventQueue queue;
    final FencingToken token;

    QueueNode(DatabaseSettings settings, String name, EventQueueSettings limits) {
        database = new Database(settings.withApplicationName(name));
        queue = new JdbcEventQueue(database, limits, RandomGenerator.getDefault());
        token = new FencingToken(new NodeName(name), newLease(name));
        queue.start();
    }

    private long newLease(String name) {
        return database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                    insert into node (name, epoch, boot_id, version, address, state, lease_until)
                    values (?, nextval('node_epoch'), gen_random_uuid(), 'test', 'localhost', 'active',
                            clock_timestamp() + interval '1 hour')
                    on conflict (name) do update set epoch = excluded.epoch, lease_until = excluded.lease_until
                    returning epoch
                    """)) {
                statement.setString(1, name);
                try (var row = statement.executeQuery()) {
                    row.next();
                    return row.getLong(1);
                }
            }
        });
    }

    /** What a takeover does: the lease ends and the claims return. */
    int die(Database survivor, EventQueue through) {
        return survivor.transaction(connection -> {
            endLease(connection);
            return through.releaseEpoch(connection, token.epoch());
        });
    }

    private void endLease(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "update node set lease_until = clock_timestamp(), state = 'dead' where epoch = ?")) {
            statement.setLong(1, token.epoch());
            statement.executeUpdate();
        }
    }

    List<EventId> enqueue(NewEvent... events) {
        return database.transaction(connection -> queue.enqueue(connection, List.of(events)));
    }

    List<EventId> enqueue(int count, NewEvent event) {
        return database.transaction(connection -> queue.enqueue(
                connection, IntStream.range(0, count).mapToObj(i -> event).toList()));
    }

    List<ClaimedEvent> claim(String route, int slots) {
        return queue.claim(token, Map.of(new RouteId(route), slots));
    }

    static NewEvent event(String route, String account) {
        return event(route, account, 5);
    }

    static NewEvent event(String route, String account, int priority) {
        return new NewEvent(
                EventKind.ARRIVAL,
                new RouteId(route),
                account,
                priority,
                Optional.empty(),
                Optional.empty(),
                "/outbox/file.csv",
                Map.of());
    }

    static EventQueueSettings limits() {
        return new EventQueueSettings(
                Duration.ofMillis(20), Duration.ofMillis(100), 3, Duration.ofMillis(100), 200, Duration.ofSeconds(20));
    }

    @Override
    public void close() {
        queue.close();
        database.close();
    }
}
