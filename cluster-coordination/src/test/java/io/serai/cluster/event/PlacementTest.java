package io.serai.cluster.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Which node takes which events: rules of placement, room for pulls, claims that nobody runs. */
class PlacementTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private QueueNode plain;
    private QueueNode big;
    private PlacementRules rules;

    @BeforeEach
    void startNodes() {
        DATABASE.truncate("event", "event_history", "node", "placement_rule");
        plain = new QueueNode(DATABASE.settings(), "plain", QueueNode.limits());
        big = new QueueNode(DATABASE.settings(), "big", QueueNode.limits());
        execute("update node set labels = '{big}' where name = 'big'");
        rules = new PlacementRules(DATABASE.database());
    }

    @AfterEach
    void stopNodes() {
        plain.close();
        big.close();
    }

    private static void execute(String sql) {
        DATABASE.database().execute(connection -> {
            try (var statement = connection.prepareStatement(sql)) {
                statement.executeUpdate();
            }
        });
    }

    private void prefer(Optional<EventKind> kind, Optional<String> account, Duration patience) {
        rules.put(
                new PlacementRule("rule", "big", kind, account, Optional.of(new RouteId("orders")), patience), "olga");
    }

    @Test
    void anEventIsLeftToTheNodesThatArePreferred() {
        prefer(Optional.empty(), Optional.of("acme"), Duration.ofMinutes(5));
        plain.enqueue(QueueNode.event("orders", "acme"), QueueNode.event("orders", "other"));
        assertThat(plain.claim("orders", 5)).extracting(ClaimedEvent::fairShare).containsExactly("other");
        assertThat(big.claim("orders", 5)).extracting(ClaimedEvent::fairShare).containsExactly("acme");
    }

    @Test
    void theOwnersBehindThoseThatArePassedOverAreServed() {
        prefer(Optional.empty(), Optional.of("b"), Duration.ofMinutes(5));
        for (String account : List.of("a", "b", "c")) {
            plain.enqueue(2, QueueNode.event("orders", account));
        }
        plain.enqueue(QueueNode.event("orders", "d", 4));
        for (String expected : List.of("a", "c", "a", "c", "d")) {
            assertThat(plain.claim("orders", 1))
                    .extracting(ClaimedEvent::fairShare)
                    .containsExactly(expected);
        }
        assertThat(plain.claim("orders", 1)).isEmpty();
        assertThat(big.claim("orders", 5)).hasSize(2);
    }

    @Test
    void anyNodeTakesItAfterTheWait() {
        prefer(Optional.of(EventKind.ARRIVAL), Optional.empty(), Duration.ofMillis(700));
        plain.enqueue(QueueNode.event("orders", "acme"));
        assertThat(plain.claim("orders", 5)).isEmpty();
        await().atMost(Duration.ofSeconds(5))
                .until(() -> plain.claim("orders", 5).size() == 1);
    }

    @Test
    void nobodyWaitsForNodesThatAreNotThere() {
        prefer(Optional.empty(), Optional.of("acme"), Duration.ofMinutes(10));
        for (String gone : List.of(
                "update node set lease_until = clock_timestamp() where name = 'big'",
                "update node set state = 'draining', lease_until = clock_timestamp() + interval '1 hour' where name = 'big'",
                "update node set state = 'active', wanted = 'draining' where name = 'big'")) {
            execute(gone);
            plain.enqueue(QueueNode.event("orders", "acme"));
            assertThat(plain.claim("orders", 5)).as(gone).hasSize(1);
        }
    }

    @Test
    void rulesAreListedReplacedAndRemoved() {
        prefer(Optional.of(EventKind.PULL), Optional.empty(), Duration.ofSeconds(1));
        prefer(Optional.of(EventKind.ARRIVAL), Optional.empty(), Duration.ofSeconds(2));
        assertThat(rules.list()).singleElement().satisfies(rule -> {
            assertThat(rule.kind()).contains(EventKind.ARRIVAL);
            assertThat(rule.patience()).isEqualTo(Duration.ofSeconds(2));
        });
        assertThat(rules.remove("rule")).isTrue();
        assertThat(rules.remove("rule")).isFalse();
        Assertions.assertThatThrownBy(() -> new PlacementRule(
                        "none", "big", Optional.empty(), Optional.empty(), Optional.empty(), Duration.ZERO))
                .isInstanceOf(SeraiException.class);
    }

    @Test
    void pullsTakeNoMoreThanTheirRoom() {
        for (String site : List.of("s1", "s2", "s3")) {
            plain.enqueue(new NewEvent(
                    EventKind.PULL,
                    new RouteId("pull-" + site),
                    site,
                    6,
                    Optional.empty(),
                    Optional.empty(),
                    "/",
                    Map.of()));
            plain.enqueue(QueueNode.event("pull-" + site, site));
        }
        Map<RouteId, Integer> free =
                Map.of(new RouteId("pull-s1"), 4, new RouteId("pull-s2"), 4, new RouteId("pull-s3"), 4);
        List<ClaimedEvent> first = plain.queue.claim(plain.token, new EventQueue.Room(free, 2));
        assertThat(first).filteredOn(event -> event.kind() == EventKind.PULL).hasSize(2);
        assertThat(first).filteredOn(event -> event.kind() == EventKind.ARRIVAL).hasSize(3);
        assertThat(plain.queue.claim(plain.token, new EventQueue.Room(free, 0))).isEmpty();
        assertThat(plain.queue.claim(plain.token, new EventQueue.Room(free, 1))).hasSize(1);
    }

    @Test
    void aClaimThatNobodyRunsGoesBack() {
        plain.enqueue(QueueNode.event("orders", "a"), QueueNode.event("orders", "b"));
        List<ClaimedEvent> claimed = plain.claim("orders", 2);
        assertThat(plain.queue.releaseLost(plain.token, Set.of()))
                .as("too young")
                .isZero();
        execute("update event set claimed_at = claimed_at - interval '2 minutes'");
        assertThat(plain.queue.releaseLost(plain.token, Set.of(claimed.get(0).id())))
                .isEqualTo(1);
        assertThat(big.claim("orders", 2))
                .extracting(ClaimedEvent::id)
                .containsExactly(claimed.get(1).id());
    }
}
