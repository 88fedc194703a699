package io.serai.cluster.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.EventQueue.EventView;
import io.serai.cluster.event.EventQueueSettings;
import io.serai.cluster.event.JdbcEventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.limit.LimitSlots.Slot;
import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Events whose site has no free place: nobody waits longer than needed, and nobody is forgotten. */
class WaitingForPlacesTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private static final RouteId ROUTE = new RouteId("r");
    private static final LimitOwner BANK = LimitOwner.of(new SiteName("bank"));

    private final List<Worker> nodes = new ArrayList<>();

    /** A node with a queue that its limits announce to. */
    private static final class Worker implements AutoCloseable {
        final LimitNode node;
        final JdbcEventQueue queue;
        final ClusterLimits limits;

        Worker(String name) {
            node = new LimitNode(DATABASE.settings(), name, LimitNode.lockout());
            queue = new JdbcEventQueue(
                    node.database,
                    EventQueueSettings.usual().withPollInterval(Duration.ofMillis(100)),
                    RandomGenerator.getDefault());
            queue.start();
            limits = new ClusterLimits(node.database, () -> node.token, LimitNode.lockout(), queue::announce);
            limits.start();
        }

        List<ClaimedEvent> claim(int most) {
            return queue.claim(node.token, Map.of(ROUTE, most));
        }

        @Override
        public void close() {
            limits.close();
            queue.close();
            node.close();
        }
    }

    @BeforeEach
    void empty() {
        DATABASE.truncate("event", "event_history", "limit_slot");
    }

    @AfterEach
    void stop() {
        nodes.forEach(Worker::close);
    }

    private Worker node(String name) {
        Worker made = new Worker(name);
        nodes.add(made);
        return made;
    }

    private static List<EventId> enqueue(Worker node, int count) {
        List<NewEvent> events = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            events.add(new NewEvent(
                    EventKind.ARRIVAL, ROUTE, "a" + i % 3, 5, Optional.empty(), Optional.empty(), "/x", Map.of()));
        }
        return node.node.database.transaction(connection -> node.queue.enqueue(connection, events));
    }

    private static String state(Worker node, EventId id) {
        return node.queue.get(id).map(EventView::state).orElse("gone");
    }

    @Test
    void anEventIsReadyAsSoonAsAPlaceIsGivenBackAndUsedNoAttempt() {
        Worker a = node("a");
        Worker b = node("b");
        EventId id = enqueue(a, 1).get(0);
        Slot taken = b.limits.slots().take(BANK, 1).orElseThrow();
        ClaimedEvent claimed = a.claim(1).get(0);
        assertThat(a.limits.slots().take(BANK, 1)).isEmpty();
        a.queue.waitFor(claimed, BANK, 1);
        assertThat(state(a, id)).isEqualTo("waiting");
        assertThat(a.queue.get(id).flatMap(EventView::error))
                .get()
                .asString()
                .contains("waits for a place of site bank");
        assertThat(a.claim(1)).isEmpty();

        taken.close();

        await().atMost(Duration.ofSeconds(1)).until(() -> state(a, id).equals("ready"));
        assertThat(b.claim(1))
                .singleElement()
                .satisfies(again -> assertThat(again.attempt()).isEqualTo(1));
    }

    @Test
    void anEventDoesNotWaitWhenAPlaceBecameFreeMeanwhile() {
        Worker a = node("a");
        EventId id = enqueue(a, 1).get(0);
        ClaimedEvent claimed = a.claim(1).get(0);
        a.queue.waitFor(claimed, BANK, 1);
        assertThat(state(a, id)).isEqualTo("ready");
    }

    @Test
    void anEventThatIsToBeCancelledDoesNotWait() {
        Worker a = node("a");
        EventId id = enqueue(a, 1).get(0);
        assertThat(a.limits.slots().take(BANK, 1)).isPresent();
        ClaimedEvent claimed = a.claim(1).get(0);
        a.queue.cancel(id, "olga");

        a.queue.waitFor(claimed, BANK, 1);

        assertThat(state(a, id)).isNotEqualTo("waiting");
        assertThat(a.claim(1)).isEmpty();
    }

    @Test
    void aPlaceThatAStatementWithoutAnAnswerTookIsGivenBack() {
        Worker a = node("a");
        EventId id = enqueue(a, 1).get(0);
        Slot held = a.limits.slots().take(BANK, 2).orElseThrow();
        a.node.database.execute(connection -> {
            try (PreparedStatement take = connection.prepareStatement(
                    "select take_slot(gen_random_uuid(), 'site', 'bank', 2, 'a', " + a.node.token.epoch() + ")")) {
                take.execute();
            }
        });
        a.queue.waitFor(a.claim(1).get(0), BANK, 2);
        assertThat(state(a, id)).isEqualTo("waiting");

        a.limits.slots().removeOthers(a.node.token);

        await().atMost(Duration.ofSeconds(2)).until(() -> state(a, id).equals("ready"));
        assertThat(a.limits.slots().take(BANK, 2)).isPresent();
        assertThat(a.limits.slots().take(BANK, 2)).isEmpty();
        held.close();
    }

    @Test
    void thePlacesOfADeadNodeWakeWhatWaitsForThem() {
        Worker a = node("a");
        Worker dead = node("dead");
        EventId id = enqueue(a, 1).get(0);
        assertThat(dead.limits.slots().take(BANK, 1)).isPresent();
        a.queue.waitFor(a.claim(1).get(0), BANK, 1);
        assertThat(state(a, id)).isEqualTo("waiting");
        dead.node.endLease();
        assertThat(a.limits.slots().take(BANK, 1).map(slot -> {
                    slot.close();
                    return slot;
                }))
                .isPresent();

        a.limits.takeOver(dead.node.dead());

        await().atMost(Duration.ofSeconds(1)).until(() -> state(a, id).equals("ready"));
    }

    @Test
    void everyEventGetsItsTurnAndNeverMoreThanTheSiteAllows() throws Exception {
        List<Worker> workers = List.of(node("a"), node("b"), node("c"));
        int count = 150;
        enqueue(workers.get(0), count);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        AtomicInteger sentBack = new AtomicInteger();
        long limit = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        ExecutorService threads = Executors.newFixedThreadPool(9);
        List<Future<?>> runs = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            Worker worker = workers.get(i % 3);
            runs.add(threads.submit(() -> {
                while (done.get() < count && System.nanoTime() < limit) {
                    for (ClaimedEvent event : worker.claim(1)) {
                        Optional<Slot> slot = worker.limits.slots().take(BANK, 2);
                        if (slot.isEmpty()) {
                            sentBack.incrementAndGet();
                            worker.queue.waitFor(event, BANK, 2);
                            continue;
                        }
                        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                        LockSupport.parkNanos(3_000_000);
                        inside.decrementAndGet();
                        slot.get().close();
                        worker.queue.complete(event);
                        done.incrementAndGet();
                    }
                }
            }));
        }
        for (Future<?> run : runs) {
            run.get(60, TimeUnit.SECONDS);
        }
        threads.shutdown();
        assertThat(done.get()).isEqualTo(count);
        assertThat(most.get()).isLessThanOrEqualTo(2);
        // Each comes back once or a few times, not in a loop.
        assertThat(sentBack.get()).isPositive().isLessThan(6 * count);
    }
}
