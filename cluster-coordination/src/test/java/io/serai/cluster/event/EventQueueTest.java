package io.serai.cluster.event;

import static io.serai.cluster.event.QueueNode.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.event.EventQueue.EventFilter;
import io.serai.cluster.event.EventQueue.EventView;
import io.serai.cluster.event.EventQueue.Failure;
import io.serai.cluster.event.EventQueue.Verdict;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.FileId;
import io.serai.config.name.RouteId;
import io.serai.config.name.TransferId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EventQueueTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private QueueNode one;
    private QueueNode two;

    @BeforeEach
    void startTwoNodes() {
        DATABASE.truncate("event", "event_history", "event_attempt", "delivery", "node");
        one = new QueueNode(DATABASE.settings(), "one", QueueNode.limits());
        two = new QueueNode(DATABASE.settings(), "two", QueueNode.limits());
    }

    @AfterEach
    void stopThem() {
        one.close();
        two.close();
    }

    @Test
    void theOldestReadyEventIsTheOneThatIsDueLongest() {
        assertThat(one.queue.oldestReady()).isZero();
        List<EventId> ids = one.enqueue(3, QueueNode.event("orders", "acme"));
        // The first was tried a moment ago, the last is not ready.
        setDue(ids.get(1), "ready", 600);
        setDue(ids.get(2), "parked", 6000);
        assertThat(one.queue.oldestReady()).isBetween(Duration.ofSeconds(600), Duration.ofSeconds(630));
    }

    private static void setDue(EventId id, String state, int secondsAgo) {
        DATABASE.database().execute(connection -> {
            try (var statement = connection.prepareStatement("update event set state = ?,"
                    + " due_at = clock_timestamp() - ? * interval '1 second' where id = ?")) {
                statement.setString(1, state);
                statement.setInt(2, secondsAgo);
                statement.setLong(3, id.value());
                statement.executeUpdate();
            }
        });
    }

    @Test
    void keepsAllThatWasQueued() {
        NewEvent event = new NewEvent(
                EventKind.RESUBMIT,
                new RouteId("orders"),
                "acme",
                7,
                Optional.of(TransferId.random()),
                Optional.of(new FileId(java.util.UUID.randomUUID())),
                "/outbox/ä \"quoted\".csv",
                Map.of("schedule", "nightly", "odd", "{\"a\": 1}\n"));
        EventId id = one.enqueue(event).get(0);

        ClaimedEvent claimed = one.claim("orders", 5).get(0);

        assertThat(claimed.id()).isEqualTo(id);
        assertThat(claimed.kind()).isEqualTo(event.kind());
        assertThat(claimed.transfer()).isEqualTo(event.transfer());
        assertThat(claimed.file()).isEqualTo(event.file());
        assertThat(claimed.path()).isEqualTo(event.path());
        assertThat(claimed.detail()).isEqualTo(event.detail());
        assertThat(claimed.attempt()).isEqualTo(1);
        assertThat(claimed.token()).isEqualTo(one.token);
    }

    @Test
    void queuesNothingWhenTheTransactionRollsBack() {
        assertThatThrownBy(() -> one.database.execute(connection -> {
                    one.queue.enqueue(connection, List.of(event("orders", "acme")));
                    throw new IllegalStateException("rolled back");
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(one.claim("orders", 5)).isEmpty();
    }

    @Test
    void claimsOnlyRoutesWithFreeSlotsAndNeverMoreThanAsked() {
        one.enqueue(10, event("orders", "acme"));
        one.enqueue(10, event("invoices", "acme"));
        one.enqueue(10, event("other", "acme"));

        List<ClaimedEvent> claimed = one.queue.claim(
                one.token, Map.of(new RouteId("orders"), 3, new RouteId("invoices"), 2, new RouteId("none"), 4));

        assertThat(claimed).hasSize(5);
        assertThat(claimed).filteredOn(e -> e.route().value().equals("orders")).hasSize(3);
        assertThat(claimed)
                .filteredOn(e -> e.route().value().equals("invoices"))
                .hasSize(2);
    }

    @Test
    void takesHigherPriorityFirstThenOwnersInTurnsThenInOrder() {
        one.enqueue(3, event("orders", "acme"));
        one.enqueue(2, event("orders", "bolt"));
        List<EventId> urgent = one.enqueue(1, event("orders", "acme", 9));
        one.enqueue(1, event("orders", "bolt", 0));

        List<ClaimedEvent> claimed = one.claim("orders", 20);

        assertThat(claimed.get(0).id()).isEqualTo(urgent.get(0));
        assertThat(claimed.stream().map(ClaimedEvent::fairShare))
                .containsExactly("acme", "bolt", "acme", "bolt", "acme", "acme", "bolt");
        assertThat(claimed.stream()
                        .filter(e -> e.fairShare().equals("acme"))
                        .skip(1)
                        .map(e -> e.id().value()))
                .isSorted();
    }

    @Test
    void servesOwnersInTurnsFromClaimToClaim() {
        List.of("a", "b", "c").forEach(owner -> one.enqueue(5, event("orders", owner)));
        List<String> served = new ArrayList<>();
        IntStream.range(0, 6)
                .forEach(i -> served.add(one.claim("orders", 1).get(0).fairShare()));
        assertThat(served).containsExactly("a", "b", "c", "a", "b", "c");
    }

    @Test
    void claimsNothingTwice() throws InterruptedException {
        IntStream.range(0, 10).forEach(i -> one.enqueue(40, event("orders", "owner" + i)));
        Set<EventId> claimed = java.util.Collections.synchronizedSet(new HashSet<>());
        List<EventId> all = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            QueueNode node = i % 2 == 0 ? one : two;
            Thread thread = new Thread(() -> {
                for (int round = 0; round < 40; round++) {
                    node.claim("orders", 7).forEach(event -> {
                        claimed.add(event.id());
                        all.add(event.id());
                    });
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join(30_000);
        }
        assertThat(all).hasSize(400);
        assertThat(claimed).hasSize(400);
    }

    @Test
    void movesACompletedEventToTheHistory() {
        EventId id = one.enqueue(event("orders", "acme")).get(0);
        ClaimedEvent claimed = one.claim("orders", 1).get(0);
        insertDelivery(id, one.token.epoch());

        one.queue.complete(claimed);
        one.queue.complete(claimed);

        assertThat(one.queue.depth())
                .allSatisfy((state, count) -> assertThat(count).isZero());
        assertThat(count("select count(*) from delivery where event_id = ?", id))
                .isZero();
        EventView view = one.queue.get(id).orElseThrow();
        assertThat(view.state()).isEqualTo("completed");
        assertThat(view.node()).contains("one");
        assertThat(view.attempts()).isEqualTo(1);
    }

    @Test
    void refusesWhatAStaleHolderWrites() {
        EventId id = one.enqueue(event("orders", "acme")).get(0);
        ClaimedEvent stale = one.claim("orders", 1).get(0);

        assertThat(one.die(two.database, two.queue)).isEqualTo(1);

        assertFenced(() -> one.queue.complete(stale));
        assertFenced(() -> one.queue.fail(stale, failure(ErrorCode.SITE_FAILED)));
        long counted = one.database.fencedAttempts();
        assertFenced(() -> one.queue.fail(stale, failure(ErrorCode.FENCED)));
        assertThat(one.database.fencedAttempts()).isEqualTo(counted + 1);
        assertFenced(() -> one.claim("orders", 1));
        one.queue.release(List.of(stale));
        assertThat(one.queue.get(id).orElseThrow().history()).isEmpty();
        ClaimedEvent again = two.claim("orders", 1).get(0);
        assertFenced(() -> one.queue.complete(stale));
        assertThatThrownBy(() -> one.queue.complete(stale))
                .hasMessageContaining("event " + id + " is not held by node one (epoch " + one.token.epoch()
                        + ") any more; nothing was written");
        two.queue.complete(again);
        assertFenced(() -> one.queue.complete(stale));
        assertThat(two.queue.get(id).orElseThrow().node()).contains("two");
    }

    @Test
    void retriesWhatASiteFailedThenParksItAndRetriesAnewForAnOperator() {
        EventId id = one.enqueue(event("orders", "acme")).get(0);
        for (int attempt = 1; attempt <= 2; attempt++) {
            ClaimedEvent claimed = claimOne("orders");
            assertThat(claimed.attempt()).isEqualTo(attempt);
            assertThat(one.queue.fail(claimed, failure(ErrorCode.SITE_FAILED))).isInstanceOf(Verdict.RetryAfter.class);
        }
        ClaimedEvent last = claimOne("orders");
        insertDelivery(id, one.token.epoch());
        assertThat(one.queue.fail(last, failure(ErrorCode.SITE_FAILED))).isEqualTo(new Verdict.Parked());

        EventView parked = one.queue.get(id).orElseThrow();
        assertThat(parked.state()).isEqualTo("parked");
        assertThat(parked.error()).contains("SITE_FAILED: it did not work");
        assertThat(parked.step()).contains("to-bank");
        assertThat(parked.history()).hasSize(3);
        assertThat(count("select count(*) from delivery where event_id = ?", id))
                .isOne();

        one.queue.retryNow(id);
        ClaimedEvent retried = one.claim("orders", 1).get(0);
        assertThat(retried.attempt()).isEqualTo(4);
        assertThat(one.queue.fail(retried, failure(ErrorCode.SITE_FAILED))).isInstanceOf(Verdict.RetryAfter.class);
        one.queue.complete(claimOne("orders"));
        assertThat(one.queue.get(id).orElseThrow().history()).hasSize(4);
    }

    @Test
    void doesNotCountFailuresOfOurOwnResources() {
        EventId id = one.enqueue(event("orders", "acme")).get(0);
        for (int i = 0; i < 6; i++) {
            ClaimedEvent claimed = claimOne("orders");
            assertThat(claimed.attempt()).isEqualTo(1);
            assertThat(one.queue.fail(claimed, failure(ErrorCode.NO_SPACE))).isInstanceOf(Verdict.RetryAfter.class);
        }
        assertThat(one.queue.get(id).orElseThrow().history()).hasSize(1);
    }

    @Test
    void parksAtOnceWhatNoRetryMends() {
        one.enqueue(event("orders", "acme"));
        assertThat(one.queue.fail(claimOne("orders"), failure(ErrorCode.SITE_LOGIN_REFUSED)))
                .isEqualTo(new Verdict.Parked());
        assertThat(one.queue.depth()).containsEntry("parked", 1L);
    }

    @Test
    void doesNotKeepAnEventOfANodeThatOnlyDoubtedItsLease() {
        one.enqueue(event("orders", "acme"));
        ClaimedEvent claimed = claimOne("orders");
        assertFenced(() -> one.queue.fail(claimed, failure(ErrorCode.FENCED)));
        assertThat(one.database.fencedAttempts()).isZero();
        assertThat(claimOne("orders").attempt()).isEqualTo(1);
    }

    @Test
    void returnsReleasedEventsUncounted() {
        one.enqueue(2, event("orders", "acme"));
        List<ClaimedEvent> claimed = one.claim("orders", 2);
        one.queue.release(claimed);
        assertThat(two.claim("orders", 5)).hasSize(2).allMatch(event -> event.attempt() == 1);
    }

    @Test
    void cancelsWhatDoesNotRunAtOnce() {
        EventId id = one.enqueue(event("orders", "acme")).get(0);
        one.queue.cancel(id, "maria");
        EventView view = one.queue.get(id).orElseThrow();
        assertThat(view.state()).isEqualTo("cancelled");
        assertThat(view.error()).contains("cancelled by maria");
        assertThat(one.claim("orders", 1)).isEmpty();
        assertThatThrownBy(() -> one.queue.cancel(id, "maria"))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SUCH_OBJECT));
        assertThatThrownBy(() -> one.queue.retryNow(id)).isInstanceOf(SeraiException.class);
    }

    @Test
    void asksTheNodeThatRunsAnEventToStop() {
        EventId id = one.enqueue(event("orders", "acme")).get(0);
        ClaimedEvent claimed = claimOne("orders");

        two.queue.cancel(id, "maria");

        assertThat(one.queue.cancelRequests(one.token)).containsExactly(id);
        assertThat(two.queue.cancelRequests(two.token)).isEmpty();
        assertThat(one.queue.fail(claimed, failure(ErrorCode.SITE_FAILED))).isEqualTo(new Verdict.Cancelled());
        assertThat(one.queue.get(id).orElseThrow().error()).contains("cancelled by maria");
    }

    @Test
    void endsACancelledEventOfADeadNode() {
        EventId id = one.enqueue(event("orders", "acme")).get(0);
        claimOne("orders");
        two.queue.cancel(id, "maria");
        assertThat(one.die(two.database, two.queue)).isEqualTo(1);
        assertThat(two.claim("orders", 1)).isEmpty();
        assertThat(two.queue.get(id).orElseThrow().state()).isEqualTo("cancelled");
    }

    @Test
    void findsByStateRouteAndOwner() {
        one.enqueue(3, event("orders", "acme"));
        one.enqueue(2, event("orders", "bolt"));
        List<EventId> last = one.enqueue(1, event("invoices", "bolt"));
        assertThat(find(Optional.empty(), Optional.empty(), Optional.empty(), 50))
                .hasSize(6);
        assertThat(find(Optional.of("ready"), Optional.of("orders"), Optional.of("bolt"), 50))
                .hasSize(2);
        assertThat(find(Optional.of("parked"), Optional.empty(), Optional.empty(), 50))
                .isEmpty();
        assertThat(find(Optional.empty(), Optional.empty(), Optional.empty(), 1)
                        .get(0)
                        .id())
                .isEqualTo(last.get(0));
    }

    @Test
    void forgetsOldHistoryWithItsAttempts() {
        EventId id = one.enqueue(event("orders", "acme")).get(0);
        one.queue.fail(claimOne("orders"), failure(ErrorCode.SITE_FAILED));
        one.queue.complete(claimOne("orders"));
        assertThat(one.queue.forget(Duration.ofHours(1))).isZero();
        assertThat(one.queue.forget(Duration.ZERO)).isEqualTo(1);
        assertThat(one.queue.get(id)).isEmpty();
        assertThat(count("select count(*) from event_attempt where event_id = ?", id))
                .isZero();
    }

    @Test
    void wakesClaimersOfThisNodeAtOnceAndOfOthersSoon() throws InterruptedException {
        List<Long> latencies = new ArrayList<>();
        QueueNode listener = new QueueNode(
                DATABASE.settings(), "listener", QueueNode.limits().withPollInterval(Duration.ofMinutes(5)));
        try {
            await().atMost(Duration.ofSeconds(10)).until(() -> wakesWithin(listener, 200) >= 0);
            for (int i = 0; i < 20; i++) {
                latencies.add(wakesWithin(listener, 5_000));
            }
        } finally {
            listener.close();
        }
        latencies.sort(null);
        System.out.printf(
                "commit on one node to wake-up of another: p50 %d ms, max %d ms%n",
                latencies.get(latencies.size() / 2), latencies.get(latencies.size() - 1));
        assertThat(latencies).allMatch(millis -> millis >= 0);
    }

    /** Milliseconds until a queueing on node one wakes the other node; -1 if it does not in time. */
    private long wakesWithin(QueueNode other, long millis) throws InterruptedException {
        CountDownLatch woken = new CountDownLatch(1);
        other.queue.onWork(woken::countDown);
        long start = System.nanoTime();
        one.enqueue(event("orders", "acme"));
        boolean inTime = woken.await(millis, TimeUnit.MILLISECONDS);
        return inTime ? (System.nanoTime() - start) / 1_000_000 : -1;
    }

    private ClaimedEvent claimOne(String route) {
        List<ClaimedEvent> claimed = new ArrayList<>();
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> {
                    claimed.addAll(one.claim(route, 1));
                    return !claimed.isEmpty();
                });
        return claimed.get(0);
    }

    private List<EventView> find(Optional<String> state, Optional<String> route, Optional<String> owner, int limit) {
        return one.queue.find(new EventFilter(state, route.map(RouteId::new), owner, Optional.empty(), limit));
    }

    private static Failure failure(ErrorCode code) {
        return new Failure(code, "it did not work", Optional.of("to-bank"));
    }

    private static void assertFenced(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FENCED));
    }

    private static void insertDelivery(EventId id, long epoch) {
        DATABASE.database().execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                    insert into delivery (event_id, step_key, transfer_id, site, temp_name, final_name, state, epoch)
                    values (?, 'to-bank', gen_random_uuid(), 'bank', '.tmp', 'file', 'delivered', ?)
                    """)) {
                statement.setLong(1, id.value());
                statement.setLong(2, epoch);
                statement.executeUpdate();
            }
        });
    }

    private static long count(String sql, EventId id) {
        return DATABASE.database().read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setLong(1, id.value());
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return row.getLong(1);
                }
            }
        });
    }
}
