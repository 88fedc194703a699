package io.serai.cluster.event;

import static io.serai.cluster.event.QueueNode.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.event.EventQueue.Failure;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Connections are ended by force while two nodes claim, complete and fail: every event ends once and none is stuck. */
class EventQueueBreakageTest {
    private static final int EVENTS = 2_000;
    private static final int KILLS = 60;

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private final Map<EventId, AtomicInteger> completions = new ConcurrentHashMap<>();
    private final AtomicBoolean finished = new AtomicBoolean();
    private final AtomicInteger failures = new AtomicInteger();

    @Test
    void completesEveryEventOnceWhateverHappensToConnections() throws InterruptedException {
        long seed = Long.getLong("serai.test.seed", System.nanoTime());
        System.out.println("seed of EventQueueBreakageTest: " + seed + " (repeat with -Dserai.test.seed=" + seed + ")");
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        EventQueueSettings limits =
                QueueNode.limits().withRetries(Duration.ofMillis(5), Duration.ofMillis(50), 1_000_000);
        try (QueueNode one = new QueueNode(DATABASE.settings(), "one", limits);
                QueueNode two = new QueueNode(DATABASE.settings(), "two", limits);
                Database admin = new Database(DATABASE.adminSettings())) {
            IntStream.range(0, 20).forEach(owner -> one.enqueue(EVENTS / 20, event("orders", "owner" + owner)));
            List<Thread> workers = new ArrayList<>();
            for (QueueNode node : List.of(one, two, one, two)) {
                workers.add(worker(node, random.nextLong()));
            }
            workers.forEach(Thread::start);
            for (int kill = 0; kill < KILLS && remaining() > 0; kill++) {
                await().pollDelay(Duration.ofMillis(5 + random.nextInt(60))).until(() -> true);
                endOneConnection(admin, random);
            }
            await().atMost(Duration.ofSeconds(120)).until(() -> remaining() == 0);
            finished.set(true);
            for (Thread worker : workers) {
                worker.join(30_000);
            }
            System.out.printf("%d events completed, %d attempts failed%n", completions.size(), failures.get());
        }
        assertThat(completions).hasSize(EVENTS);
        assertThat(completions.values()).allMatch(count -> count.get() == 1);
        assertThat(number("select count(*) from event_history where outcome = 'completed'"))
                .isEqualTo(EVENTS);
    }

    private Thread worker(QueueNode node, long seed) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        return new Thread(() -> {
            while (!finished.get()) {
                try {
                    node.claim("orders", 1 + random.nextInt(20)).forEach(event -> end(node, event, random));
                } catch (SeraiException e) {
                    // What the database's absence makes of a claim; the next round tries again.
                    assertThat(e.code()).isIn(ErrorCode.DATABASE_DOWN, ErrorCode.BUSY, ErrorCode.UNKNOWN_OUTCOME);
                }
            }
        });
    }

    private void end(QueueNode node, ClaimedEvent event, RandomGenerator random) {
        switch (random.nextInt(10)) {
            case 0 -> {
                node.queue.fail(event, new Failure(ErrorCode.SITE_TIMEOUT, "by the dice", Optional.empty()));
                failures.incrementAndGet();
            }
            case 1 -> node.queue.release(List.of(event));
            default -> {
                node.queue.complete(event);
                completions
                        .computeIfAbsent(event.id(), id -> new AtomicInteger())
                        .incrementAndGet();
            }
        }
    }

    private static void endOneConnection(Database admin, RandomGenerator random) {
        admin.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                    select pg_terminate_backend(pid) from pg_stat_activity
                     where datname = current_database() and application_name in ('one', 'two')
                     order by pid offset ? limit 1
                    """)) {
                statement.setInt(1, random.nextInt(6));
                return statement.execute();
            }
        });
    }

    private static long remaining() {
        return number("select count(*) from event");
    }

    private static long number(String sql) {
        return DATABASE.database().read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql);
                    ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        });
    }
}
