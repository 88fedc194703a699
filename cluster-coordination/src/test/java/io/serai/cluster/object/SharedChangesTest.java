package io.serai.cluster.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.cluster.object.SharedChanges.Made;
import io.serai.cluster.object.SharedChanges.Standing;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectJson;
import io.serai.config.object.ObjectKind;
import io.serai.config.object.Route;
import io.serai.config.object.Schedule;
import io.serai.config.secret.SecretBox;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class SharedChangesTest {
    private static final Key CLAIMS = new Key(ObjectKind.ROUTE, "claims");

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private SecretBox box;
    private final List<Node> nodes = new ArrayList<>();

    @BeforeEach
    void clear() {
        DATABASE.truncate(
                "config_object", "config_history", "config_proposal", "config_vote", "config_node", "node", "event");
        box = SecretBox.openOrCreate(folder.resolve("secrets.key"));
    }

    @AfterEach
    void stopAll() {
        nodes.forEach(Node::stop);
    }

    /** A node as far as changes are concerned: a copy of the objects, a say, and what it has in force. */
    private final class Node implements ChangeParty {
        private final String name;
        private final JdbcObjectStore store;
        private final SharedChanges changes;
        private final Map<String, String> inForce = new HashMap<>();
        private final Set<String> objectsTo = new HashSet<>();
        private final Set<String> failsAt = new HashSet<>();
        private volatile boolean isFenced;
        private volatile Runnable whileSettling = () -> {};
        private volatile CountDownLatch frozen = new CountDownLatch(0);

        Node(String name, long epoch, Duration lease) {
            this.name = name;
            register(name, epoch, lease);
            ObjectJson json = new ObjectJson(box);
            store = new JdbcObjectStore(DATABASE.database(), json, SharedChangesTest::references);
            store.start();
            FencingToken token = new FencingToken(new NodeName(name), epoch);
            changes = new SharedChanges(DATABASE.database(), store, json, () -> {
                if (isFenced) {
                    throw new SeraiException(ErrorCode.FENCED, "no lease");
                }
                return token;
            });
            changes.start(this);
            nodes.add(this);
        }

        @Override
        public List<String> objections(List<ConfigObject> puts, List<Key> deletes) {
            thaw();
            return puts.stream()
                    .map(put -> ((Route) put).source())
                    .filter(objectsTo::contains)
                    .map(source -> "there is no " + source + " here")
                    .toList();
        }

        @Override
        public synchronized List<String> enforce(List<Key> changed) {
            thaw();
            whileSettling.run();
            inForce.clear();
            List<String> problems = new ArrayList<>();
            for (Route route : store.all(Route.class)) {
                if (failsAt.contains(route.source())) {
                    problems.add("cannot start " + route.source());
                } else {
                    inForce.put(route.id().value(), route.source());
                }
            }
            return problems;
        }

        @Override
        public synchronized void follow() {
            inForce.clear();
            store.all(Route.class).stream()
                    .filter(route -> !failsAt.contains(route.source()))
                    .forEach(route -> inForce.put(route.id().value(), route.source()));
        }

        private void thaw() {
            try {
                frozen.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        void stop() {
            frozen.countDown();
            changes.close();
            store.close();
        }

        String stored() {
            return store.find(Route.class, "claims").map(Route::source).orElse("none");
        }
    }

    @Test
    void aChangeIsInForceOnEveryNodeWhenItReturns() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node two = new Node("two", 2, Duration.ofMinutes(1));
        Node three = new Node("three", 3, Duration.ofMinutes(1));

        Made made = one.changes.make(List.of(route("first")), List.of(), "ada");

        assertThat(made.standing()).isEqualTo(Standing.IN_FORCE);
        assertThat(made.changes())
                .singleElement()
                .satisfies(change -> assertThat(change.key()).isEqualTo(CLAIMS));
        assertThat(List.of(one, two, three)).allSatisfy(node -> {
            assertThat(node.stored()).isEqualTo("first");
            assertThat(node.inForce).containsEntry("claims", "first");
        });
        assertThat(one.changes.awaitNodes(Duration.ofSeconds(5)))
                .extracting(node -> node.node().value())
                .containsExactly("one", "three", "two");
    }

    @Test
    void nothingIsChangedWhenOneNodeObjects() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node two = new Node("two", 2, Duration.ofMinutes(1));
        one.changes.make(List.of(route("first")), List.of(), "ada");
        two.objectsTo.add("second");

        assertThatThrownBy(() -> one.changes.make(List.of(route("second")), List.of(), "ada"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("two: there is no second here");

        assertThat(one.stored()).isEqualTo("first");
        assertThat(one.store.history(ObjectKind.ROUTE, "claims")).hasSize(1);
    }

    @Test
    void whatFailsOnOneNodeIsTakenBackOnAll() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node two = new Node("two", 2, Duration.ofMinutes(1));
        one.changes.make(List.of(route("first")), List.of(), "ada");
        two.failsAt.add("second");

        assertThatThrownBy(() -> one.changes.make(List.of(route("second")), List.of(), "ada"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("taken back on every node")
                .hasMessageContaining("two: cannot start second");

        await().untilAsserted(() -> assertThat(List.of(one, two)).allSatisfy(node -> {
            assertThat(node.stored()).isEqualTo("first");
            assertThat(node.inForce).containsEntry("claims", "first");
        }));
        assertThat(one.store.history(ObjectKind.ROUTE, "claims"))
                .extracting(ObjectStore.Versioned::changedBy)
                .containsExactly("ada (taken back)", "ada", "ada");
    }

    @Test
    void aNewObjectThatFailsIsGoneAgain() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node two = new Node("two", 2, Duration.ofMinutes(1));
        two.failsAt.add("first");

        assertThatThrownBy(() -> one.changes.make(List.of(route("first")), List.of(), "ada"))
                .hasMessageContaining("two: cannot start first");

        await().untilAsserted(() -> assertThat(two.stored()).isEqualTo("none"));
        assertThat(one.stored()).isEqualTo("none");
    }

    @Test
    void filesThatArrivedForARouteThatIsTakenBackAreParked() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node two = new Node("two", 2, Duration.ofMinutes(1));
        two.failsAt.add("first");
        two.whileSettling = () -> {
            event("ready");
            event("waiting");
        };

        assertThatThrownBy(() -> one.changes.make(List.of(route("first")), List.of(), "ada"))
                .hasMessageContaining("Events that are parked, for their route is gone again: 2");

        assertThat(eventStates()).containsExactly("parked", "parked");
        event("ready"); // on a node that has not heard of it yet
        var unused = new StrayEvents(DATABASE.database()).park();
        assertThat(eventStates()).containsExactly("parked", "parked", "parked");
    }

    @Test
    void whatNamedSomethingThatIsGoneIsNotPutBack() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node two = new Node("two", 2, Duration.ofMinutes(1));
        one.changes.make(List.of(route("by bank"), route("bank", "bank")), List.of(), "ada");
        two.failsAt.add("second");
        two.whileSettling = () -> one.store.change(List.of(), List.of(new Key(ObjectKind.ROUTE, "bank")), "bob");

        assertThatThrownBy(() -> one.changes.make(List.of(route("second")), List.of(), "ada"))
                .hasMessageContaining("two: cannot start second")
                .hasMessageContaining("Route claims stays: what it was before names Route bank");

        assertThat(one.stored()).isEqualTo("second");
    }

    @Test
    void whatIsUsedMeanwhileDoesNotGo() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node two = new Node("two", 2, Duration.ofMinutes(1));
        two.failsAt.add("first");
        two.whileSettling = () -> one.store.change(List.of(route("user", "by claims")), List.of(), "bob");

        assertThatThrownBy(() -> one.changes.make(List.of(route("first"), route("new", "new")), List.of(), "ada"))
                .hasMessageContaining("Route claims stays: it is used by Route user");

        assertThat(one.stored()).isEqualTo("first");
        assertThat(one.store.find(Route.class, "new")).isEmpty();
    }

    @Test
    void aNodeThatTookNoPartFollowsBeforeItSaysThatItHasARevision() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node absent = new Node("two", 2, Duration.ofMinutes(1));
        absent.isFenced = true;
        endLease("two");
        one.changes.make(List.of(route("first")), List.of(), "ada");
        renewLease("two");
        absent.isFenced = false;

        await().until(() -> one.changes.awaitNodes(Duration.ofSeconds(5)).stream()
                .anyMatch(node -> node.node().value().equals("two") && node.revision() == one.changes.revision()));
        assertThat(absent.inForce).containsEntry("claims", "first");
    }

    @Test
    void aFrozenNodeIsWaitedForUntilItsLeaseEnds() throws Exception {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node frozen = new Node("two", 2, Duration.ofSeconds(2));
        frozen.frozen = new CountDownLatch(1);
        Instant began = Instant.now();

        one.changes.make(List.of(route("first")), List.of(), "ada");

        assertThat(Duration.between(began, Instant.now())).isBetween(Duration.ofMillis(500), Duration.ofSeconds(5));
        assertThat(one.inForce).containsEntry("claims", "first");
        assertThat(one.changes.nodes()).extracting(NodeRevision::node).containsExactly(new NodeName("one"));
    }

    @Test
    void aLateObjectionOfADeadBootChangesNothing() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node late = new Node("two", 2, Duration.ofMillis(1200));
        late.failsAt.add("first");
        CountDownLatch thaw = new CountDownLatch(1);
        late.frozen = thaw;

        one.changes.make(List.of(route("first")), List.of(), "ada");
        thaw.countDown();

        await().during(Duration.ofMillis(800))
                .atMost(Duration.ofSeconds(3))
                .until(() -> one.stored().equals("first"));
    }

    @Test
    void survivorsEndTheProposalOfANodeThatDied() throws Exception {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node two = new Node("two", 2, Duration.ofMinutes(1));
        CountDownLatch thaw = new CountDownLatch(1);
        two.frozen = thaw;
        CompletableFuture<Made> proposed =
                CompletableFuture.supplyAsync(() -> one.changes.make(List.of(route("first")), List.of(), "ada"));
        await().until(() -> DATABASE.database()
                .statement(one.store.tables()::look)
                .openProposal()
                .isPresent());
        one.store.close();
        one.changes.close();
        endLease("one");
        thaw.countDown();

        await().atMost(Duration.ofSeconds(5)).until(() -> two.inForce.containsKey("claims"));
        await().atMost(Duration.ofSeconds(5))
                .until(() -> DATABASE.database()
                        .statement(two.store.tables()::look)
                        .openProposal()
                        .isEmpty());
        try {
            proposed.get(5, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(SeraiException.class);
        }
    }

    @Test
    void proposalsOfSeveralNodesFollowOneAnother() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Node two = new Node("two", 2, Duration.ofMinutes(1));

        List<CompletableFuture<Made>> all = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Node by = i % 2 == 0 ? one : two;
            Route route = new Route(new RouteId("route-" + i), Route.Dsl.YAML, "text " + i);
            all.add(CompletableFuture.supplyAsync(() -> by.changes.make(List.of(route), List.of(), "ada")));
        }
        all.forEach(each -> assertThat(each.join().changes()).hasSize(1));

        await().untilAsserted(() -> assertThat(List.of(one, two))
                .allSatisfy(node -> assertThat(node.inForce).hasSize(6)));
    }

    @Test
    void aRouteThatNamesWhatIsGoneIsRefused() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        assertThatThrownBy(() -> one.changes.make(List.of(), List.of(CLAIMS, CLAIMS), "ada"))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
    }

    @Test
    void aLiveNodeWithoutASayIsNamed() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        register("older", 9, Duration.ofMinutes(1));

        assertThat(one.changes.nodesWithoutPart()).containsExactly(new NodeName("older"));
        assertThat(one.changes.make(List.of(route("first")), List.of(), "ada").changes())
                .hasSize(1);
    }

    @Test
    void whatAnOlderNodeCannotReadIsRefusedWhileItRuns() {
        Node one = new Node("one", 1, Duration.ofMinutes(1));
        Schedule plain = new Schedule(
                new ScheduleName("nightly"), "", true, List.of("0 0 2 * * ?"), ZoneOffset.UTC, Schedule.Missed.SKIP);
        Schedule newer = new Schedule(
                plain.name(),
                "",
                true,
                plain.cron(),
                plain.timeZone(),
                plain.missed(),
                Optional.empty(),
                plain.holidays(),
                Schedule.Overlap.ALLOW);
        one.changes.requireReadByAll(List.of(newer));
        register("older", 9, Duration.ofMinutes(1));

        one.changes.requireReadByAll(List.of(plain));
        assertThatThrownBy(() -> one.changes.requireReadByAll(List.of(plain, newer)))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BUSY))
                .hasMessageContaining("schedule \"nightly\" with overlap")
                .hasMessageContaining("older is of an older release");
        assertThatThrownBy(() -> one.changes.requireNoOlderNodes("a new key for secrets"))
                .hasMessageContaining("a new key for secrets");

        endLease("older");
        one.changes.requireReadByAll(List.of(newer));
    }

    private static Route route(String source) {
        return route("claims", source);
    }

    private static Route route(String id, String source) {
        return new Route(new RouteId(id), Route.Dsl.YAML, source);
    }

    /** In this test the route "by X" names the route X. */
    private static Set<Key> references(ConfigObject object) {
        return object instanceof Route route && route.source().startsWith("by ")
                ? Set.of(new Key(ObjectKind.ROUTE, route.source().substring(3)))
                : Set.of();
    }

    private static void event(String state) {
        DATABASE.database().execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "insert into event (kind, route_id, account, state) values ('arrival', 'claims', 'acme', ?)")) {
                statement.setString(1, state);
                statement.executeUpdate();
            }
        });
    }

    private static List<String> eventStates() {
        return DATABASE.database().read(connection -> {
            List<String> states = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement("select state from event order by id");
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    states.add(rows.getString(1));
                }
            }
            return states;
        });
    }

    private static void register(String name, long epoch, Duration lease) {
        DATABASE.database().execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                    insert into node (name, epoch, boot_id, version, address, state, lease_until)
                    values (?, ?, ?, 'test', 'here', 'active', clock_timestamp() + ? * interval '1 millisecond')""")) {
                statement.setString(1, name);
                statement.setLong(2, epoch);
                statement.setObject(3, UUID.randomUUID());
                statement.setLong(4, lease.toMillis());
                statement.executeUpdate();
            }
        });
    }

    private static void endLease(String name) {
        lease(name, Duration.ZERO);
    }

    private static void renewLease(String name) {
        lease(name, Duration.ofMinutes(1));
    }

    private static void lease(String name, Duration length) {
        DATABASE.database().execute(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("update node"
                    + " set lease_until = clock_timestamp() + ? * interval '1 millisecond' where name = ?")) {
                statement.setLong(1, length.toMillis());
                statement.setString(2, name);
                statement.executeUpdate();
            }
        });
    }
}
