package io.serai.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class NodeLeaseTest {
    private static final Duration TTL = Duration.ofSeconds(2);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @RegisterExtension
    static final TestDatabase TEST_DATABASE = new TestDatabase();

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final AtomicLong frozenNanos = new AtomicLong();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        TEST_DATABASE.truncate("node", "takeover", "takeover_event", "event", "event_history");
    }

    @Test
    void takesALargerEpochAtEveryStart() {
        NodeLease first = started(lease("a", Optional.empty()));
        long epoch = first.token().epoch();
        first.close();

        NodeLease second = started(lease("a", Optional.empty()));

        assertThat(second.token().epoch()).isGreaterThan(epoch);
        assertThatThrownBy(first::token).isInstanceOfSatisfying(SeraiException.class, NodeLeaseTest::isFenced);
    }

    @Test
    void keepsTheLeaseLongerThanItsLengthByRenewing() {
        NodeLease lease = started(lease("a", Optional.empty()));
        FencingToken token = lease.token();

        await().during(TTL.multipliedBy(2))
                .atMost(LIMIT)
                .until(() -> lease.token().equals(token));
        guard(token);
    }

    @Test
    void isNotTrustedWhenRenewalsDoNotComeInTime() {
        NodeLease lease =
                new NodeLease(database(), identity("a"), Optional.empty(), Duration.ofMinutes(10), frozenNanos::get);
        started(lease);
        FencingToken token = lease.token();

        frozenNanos.addAndGet(Duration.ofMinutes(8).toNanos() - 1);
        assertThat(lease.token()).isEqualTo(token);
        frozenNanos.addAndGet(1);

        assertThatThrownBy(lease::token).isInstanceOfSatisfying(SeraiException.class, NodeLeaseTest::isFenced);
    }

    @Test
    void firesTheLossWhileTheRenewalHangsAndTakesANewEpochAfterwards() throws SQLException {
        NodeLease lease = lease("a", Optional.empty());
        Recorder recorder = new Recorder();
        lease.addListener(recorder);
        started(lease);
        FencingToken token = lease.token();

        try (Connection blocker = TEST_DATABASE.settings().connect();
                Statement statement = blocker.createStatement()) {
            blocker.setAutoCommit(false);
            statement.execute("select 1 from node for update");
            await().atMost(LIMIT).until(() -> recorder.lost.contains(token));
            assertThatThrownBy(lease::token).isInstanceOfSatisfying(SeraiException.class, NodeLeaseTest::isFenced);
        }

        await().atMost(LIMIT).until(() -> recorder.acquired.size() == 2);
        assertThat(lease.token().epoch()).isGreaterThan(token.epoch());
        assertThatThrownBy(() -> guard(token)).isInstanceOfSatisfying(SeraiException.class, NodeLeaseTest::isFenced);
        assertThat(new Takeover(database(), lease, List.of(), TTL).takeOverNow())
                .isEqualTo(1);
    }

    /** Its locks would keep the others from its work: the database ends the transaction before the lease is over. */
    @Test
    void aNodeThatFreezesInAGuardedTransactionLosesItBeforeItsLeaseEnds() throws SQLException {
        NodeLease lease = started(lease("a", Optional.empty()));
        try (Connection frozen = TEST_DATABASE.settings().connect();
                Connection other = TEST_DATABASE.settings().connect();
                Statement statement = other.createStatement()) {
            frozen.setAutoCommit(false);
            NodeFence.guard(frozen, lease.token());
            long began = System.nanoTime();
            statement.execute("select 1 from node for update"); // as who marks it dead
            assertThat(Duration.ofNanos(System.nanoTime() - began))
                    .isBetween(TTL.dividedBy(4), TTL.multipliedBy(3).dividedBy(4));
            assertThatThrownBy(frozen::commit).isInstanceOf(SQLException.class);
        }
    }

    @Test
    void refusesASecondLiveNodeOfTheSameName() {
        NodeLease first = started(lease("a", Optional.empty()));
        FencingToken token = first.token();

        assertThatThrownBy(() -> lease("a", Optional.of(UUID.randomUUID())).start())
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
                .hasMessageContaining("localhost:1")
                .hasMessageContaining("node.name");
        assertThat(first.token()).isEqualTo(token);
    }

    @Test
    void waitsForTheEndOfADeadNodesLease() throws SQLException {
        insertNode("a", UUID.randomUUID(), TTL);

        NodeLease lease = started(lease("a", Optional.empty()));

        assertThat(lease.token().epoch()).isPositive();
    }

    @Test
    void takesTheNameAtOnceWhenTheFormerBootIsKnownToBeDead() throws SQLException {
        UUID former = UUID.randomUUID();
        insertNode("a", former, Duration.ofHours(1));

        NodeLease lease = started(lease("a", Optional.of(former)));

        assertThat(lease.token().epoch()).isPositive();
        Step step = new Step();
        assertThat(new Takeover(database(), lease, List.of(step), TTL).takeOverNow())
                .isEqualTo(1);
        assertThat(step.dead).extracting(DeadBoot::bootId).containsExactly(former);
    }

    @Test
    void refusesARemovedNode() {
        NodeLease lease = started(lease("a", Optional.empty()));
        Nodes nodes = new Nodes(database());
        assertThatThrownBy(() -> nodes.remove(new NodeName("a")))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_IN_USE));
        lease.close();
        assertThatThrownBy(() -> nodes.remove(new NodeName("a"))).hasMessageContaining("taken over");
        new Takeover(database(), started(lease("b", Optional.empty())), List.of(), TTL).takeOverNow();

        nodes.remove(new NodeName("a"));

        assertThatThrownBy(() -> lease("a", Optional.empty()).start()).hasMessageContaining("was removed");
        assertThat(nodes.list()).extracting(Nodes.NodeView::state).containsExactly(NodeState.REMOVED, NodeState.ACTIVE);
    }

    @Test
    void takesADeadNodesWorkOverExactlyOnceAmongSeveralNodes() throws Exception {
        UUID dead = UUID.randomUUID();
        insertNode("dead", dead, Duration.ofMillis(1));
        Step step = new Step();
        List<Takeover> takeovers = new ArrayList<>();
        for (String name : List.of("a", "b", "c")) {
            Takeover takeover = new Takeover(
                    database(), started(lease(name, Optional.empty())), List.of(step), Duration.ofMillis(100));
            opened.add(0, takeover);
            takeovers.add(takeover);
        }

        takeovers.parallelStream().forEach(Takeover::start);

        await().atMost(LIMIT).until(() -> finishedTakeovers() == 1);
        await().during(Duration.ofMillis(500)).atMost(LIMIT).until(() -> finishedTakeovers() == 1);
        assertThat(step.dead).extracting(DeadBoot::bootId).containsExactly(dead);
        assertThat(new Nodes(database()).list())
                .filteredOn(node -> node.name().value().equals("dead"))
                .extracting(Nodes.NodeView::state)
                .containsExactly(NodeState.DEAD);
    }

    @Test
    void runsAFailedTakeoverAgainUntilAllStepsSucceed() throws Exception {
        insertNode("dead", UUID.randomUUID(), Duration.ofMillis(1));
        AtomicInteger attempts = new AtomicInteger();
        TakeoverStep failing = new TakeoverStep() {
            @Override
            public String subject() {
                return "things";
            }

            @Override
            public int takeOver(DeadBoot dead) {
                if (attempts.incrementAndGet() < 3) {
                    throw new IllegalStateException("on purpose");
                }
                return 7;
            }
        };
        Takeover takeover = new Takeover(
                database(), started(lease("a", Optional.empty())), List.of(failing), Duration.ofMillis(100));
        opened.add(0, takeover);

        takeover.start();

        await().atMost(LIMIT).until(() -> finishedTakeovers() == 1);
        assertThat(attempts).hasValue(3);
        assertThat(single("select report from takeover")).isEqualTo("things: 7");
    }

    @Test
    void finishesTheTakeoverOfATakerThatDied() throws Exception {
        try (Connection connection = TEST_DATABASE.settings().connect()) {
            TakeoverTable.record(
                    connection,
                    new DeadBoot(new NodeName("dead"), 1_000_000, UUID.randomUUID()),
                    new NodeName("gone"),
                    "silent");
        }
        Step step = new Step();

        int finished =
                new Takeover(database(), started(lease("a", Optional.empty())), List.of(step), TTL).takeOverNow();

        assertThat(finished).isEqualTo(1);
        assertThat(step.dead).hasSize(1);
    }

    @Test
    void aTakeoverWaitsForAnOpenGuardedTransactionAndNoneBeginsAfterIt() throws Exception {
        insertNode("slow", UUID.randomUUID(), Duration.ofMillis(1500));
        FencingToken slow = new FencingToken(
                new NodeName("slow"), Long.parseLong(single("select epoch from node where name = 'slow'")));
        Takeover takeover = new Takeover(database(), started(lease("a", Optional.empty())), List.of(), TTL);

        try (Connection open = TEST_DATABASE.settings().connect()) {
            open.setAutoCommit(false);
            NodeFence.guard(open, slow);
            await().atMost(LIMIT)
                    .until(() -> single("select (lease_until < clock_timestamp())::text from node where name = 'slow'")
                            .equals("true"));
            assertThat(takeover.takeOverNow()).isZero();
            open.commit();
        }

        assertThat(takeover.takeOverNow()).isEqualTo(1);
        assertThatThrownBy(() -> guard(slow)).isInstanceOfSatisfying(SeraiException.class, NodeLeaseTest::isFenced);
    }

    @Test
    void survivesTheEndOfAllItsDatabaseConnections() throws SQLException {
        Recorder recorder = new Recorder();
        NodeLease lease = lease("a", Optional.empty());
        lease.addListener(recorder);
        started(lease);
        FencingToken token = lease.token();

        try (Connection admin = TEST_DATABASE.adminSettings().connect();
                Statement statement = admin.createStatement()) {
            statement.execute("select pg_terminate_backend(pid) from pg_stat_activity"
                    + " where datname = current_database() and pid <> pg_backend_pid()");
        }

        await().during(TTL.multipliedBy(2))
                .atMost(LIMIT)
                .until(() -> lease.token().equals(token));
        assertThat(recorder.lost).isEmpty();
    }

    @Test
    void drainingKeepsTheLease() {
        NodeLease lease = started(lease("a", Optional.empty()));

        lease.follow(WantedState.DRAINING);

        assertThat(new Nodes(database()).list())
                .extracting(Nodes.NodeView::state)
                .containsExactly(NodeState.DRAINING);
        guard(lease.token());
    }

    @Test
    void whatACleanStopLeavesIsTakenOverAtOnceByAnotherNode() throws Exception {
        NodeLease stopping = started(lease("a", Optional.empty()));
        long epoch = stopping.token().epoch();
        NodeLease other = started(lease("b", Optional.empty()));
        Step step = new Step();

        stopping.close();

        assertThat(new Takeover(database(), other, List.of(step), TTL).takeOverNow())
                .isEqualTo(1);
        assertThat(step.dead).extracting(DeadBoot::epoch).containsExactly(epoch);
        assertThat(new Takeovers(database()).latest(10))
                .extracting(Takeovers.TakeoverView::cause, Takeovers.TakeoverView::takenBy)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("stopped", "b"));
    }

    @Test
    void aCleanStopThatLeftNothingLeavesNoRecord() {
        started(lease("a", Optional.empty())).close();
        NodeLease other = started(lease("b", Optional.empty()));
        TakeoverStep nothing = new TakeoverStep() {
            @Override
            public String subject() {
                return "things";
            }

            @Override
            public int takeOver(DeadBoot dead) {
                return 0;
            }
        };

        assertThat(new Takeover(database(), other, List.of(nothing), TTL).takeOverNow())
                .isEqualTo(1);

        assertThat(new Takeovers(database()).latest(10)).isEmpty();
    }

    @Test
    void tellsWhatOperatorsWantAndKeepsItAfterARestart() {
        NodeLease lease = lease("a", Optional.empty());
        Recorder recorder = new Recorder();
        lease.addListener(recorder);
        started(lease);
        new Nodes(database()).want(new NodeName("a"), WantedState.DRAINING, "ops");

        await().atMost(TTL).until(() -> lease.wanted() == WantedState.DRAINING);
        assertThat(recorder.wanted).contains(WantedState.DRAINING);
        lease.close();

        assertThat(started(lease("a", Optional.empty())).wanted()).isEqualTo(WantedState.DRAINING);
        assertThat(new Nodes(database()).list())
                .singleElement()
                .satisfies(node -> assertThat(node.wanted().by()).contains("ops"));
        assertThatThrownBy(() -> new Nodes(database()).want(new NodeName("nobody"), WantedState.DRAINING, "ops"))
                .hasMessageContaining("no node nobody");
    }

    @Test
    void aNodeWithoutStorageGivesItsLeaseUpAtOnceAndComesBackWithANewEpoch() {
        NodeLease lease = started(lease("a", Optional.empty()));
        NodeLease other = started(lease("b", Optional.empty()));
        FencingToken token = lease.token();

        lease.forbid(LossReason.WITHOUT_STORAGE);

        assertThatThrownBy(lease::token).isInstanceOfSatisfying(SeraiException.class, NodeLeaseTest::isFenced);
        assertThatThrownBy(() -> guard(token)).isInstanceOfSatisfying(SeraiException.class, NodeLeaseTest::isFenced);
        Step step = new Step();
        assertThat(new Takeover(database(), other, List.of(step), TTL).takeOverNow())
                .isEqualTo(1);
        await().during(TTL).atMost(LIMIT).until(() -> isLost(lease));

        lease.permit();
        await().atMost(LIMIT).until(() -> !isLost(lease));
        assertThat(lease.token().epoch()).isGreaterThan(token.epoch());
        assertThat(new Takeovers(database()).latest(10))
                .singleElement()
                .satisfies(record -> assertThat(record.text()).contains("node a lost the storage root"));
    }

    @Test
    void aNodeThatWasRemovedWhileItWasSilentIsToldAndStaysOut() throws Exception {
        NodeLease lease = lease("a", Optional.empty());
        Recorder recorder = new Recorder();
        lease.addListener(recorder);
        started(lease);
        lease.forbid(LossReason.CUT_OFF);
        NodeLease other = started(lease("b", Optional.empty()));
        new Takeover(database(), other, List.of(), TTL).takeOverNow();
        new Nodes(database()).remove(new NodeName("a"));

        lease.permit();

        await().atMost(LIMIT).until(() -> recorder.removed.get() > 0);
        assertThat(isLost(lease)).isTrue();
    }

    @Test
    void theRecordSaysWhoFinishedTheReturnedEvents() throws Exception {
        NodeLease taker = started(lease("b", Optional.empty()));
        insertNode("a", UUID.randomUUID(), Duration.ofMillis(1));
        long epoch = Long.parseLong(single("select epoch from node where name = 'a'"));
        for (int i = 0; i < 3; i++) {
            execute("insert into event (kind, route_id, account, state, claimed_by, claimed_epoch, claimed_at)"
                    + " values ('arrival', 'r', 'acme', 'claimed', 'a', " + epoch + ", clock_timestamp())");
        }
        TakeoverStep events = new TakeoverStep() {
            @Override
            public String subject() {
                return "events";
            }

            @Override
            public int takeOver(DeadBoot dead) {
                return database().transaction(connection -> {
                    Takeovers.noteEvents(connection, dead);
                    try (Statement statement = connection.createStatement()) {
                        return statement.executeUpdate("update event set state = 'ready', claimed_by = null,"
                                + " claimed_epoch = null where claimed_epoch = " + dead.epoch());
                    }
                });
            }
        };
        Takeover takeover = new Takeover(database(), taker, List.of(events), TTL);

        assertThat(takeover.takeOverNow()).isEqualTo(1);
        assertThat(record().text()).contains("3 events returned, not all finished yet");

        end("b", 2);
        takeover.takeOverNow();
        assertThat(record().workEnded()).isEmpty();
        end("c", 1);
        takeover.takeOverNow();

        assertThat(record().endedBy()).containsEntry("b", 2).containsEntry("c", 1);
        assertThat(record().text())
                .startsWith("node a stopped answering")
                .contains("taken over by b")
                .contains("3 events returned")
                .contains("finished by b (2), c (1) by ");
        assertThat(single("select count(*)::text from takeover_event")).isEqualTo("0");
    }

    @Test
    void workOfAnEpochThatIsOverAndBelongsToNobodyIsTakenOverAgain() throws Exception {
        execute("insert into event (kind, route_id, account, state, claimed_by, claimed_epoch, claimed_at)"
                + " values ('arrival', 'r', 'acme', 'claimed', 'gone', 4711, clock_timestamp())");
        Step step = new Step();

        new Takeover(database(), started(lease("a", Optional.empty())), List.of(step), TTL).takeOverNow();

        assertThat(step.dead).extracting(DeadBoot::epoch).containsExactly(4711L);
    }

    @Test
    void aTakerThatDiesHalfWayIsFollowedByAnother() throws Exception {
        insertNode("dead", UUID.randomUUID(), Duration.ofMillis(1));
        NodeLease first = started(lease("a", Optional.empty()));
        NodeLease second = started(lease("b", Optional.empty()));
        Step done = new Step();
        TakeoverStep dying = new TakeoverStep() {
            @Override
            public String subject() {
                return "things";
            }

            @Override
            public int takeOver(DeadBoot dead) {
                first.forbid(LossReason.CUT_OFF);
                return 1;
            }
        };

        assertThatThrownBy(() -> new Takeover(database(), first, List.of(dying), TTL).takeOverNow())
                .isInstanceOfSatisfying(SeraiException.class, NodeLeaseTest::isFenced);
        assertThat(finishedTakeovers()).isZero();

        // The first's own death, and what it had left half done.
        assertThat(new Takeover(database(), second, List.of(done), TTL).takeOverNow())
                .isEqualTo(2);
        assertThat(done.dead).extracting(boot -> boot.node().value()).containsExactlyInAnyOrder("dead", "a");
    }

    private static boolean isLost(NodeLease lease) {
        try {
            lease.token();
            return false;
        } catch (SeraiException e) {
            return true;
        }
    }

    private static Takeovers.TakeoverView record() {
        return new Takeovers(database()).latest(1).get(0);
    }

    private static void end(String node, int count) {
        execute("with gone as (delete from event where id in (select id from event order by id limit " + count
                + ") returning *) insert into event_history (id, kind, route_id, account, path, outcome, attempts, node,"
                + " epoch, created_at) select id, kind, route_id, account, path, 'completed', 1, '" + node
                + "', 1, created_at from gone");
    }

    private static void execute(String sql) {
        database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }

    private NodeLease lease(String name, Optional<UUID> former) {
        return new NodeLease(database(), identity(name), former, TTL);
    }

    private NodeLease started(NodeLease lease) {
        opened.add(lease);
        lease.start();
        return lease;
    }

    private static NodeIdentity identity(String name) {
        return new NodeIdentity(new NodeName(name), UUID.randomUUID(), "1", "localhost:1");
    }

    private static Database database() {
        return TEST_DATABASE.database();
    }

    private static void guard(FencingToken token) {
        database().execute(connection -> NodeFence.guard(connection, token));
    }

    private static void isFenced(SeraiException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.FENCED);
    }

    private static void insertNode(String name, UUID bootId, Duration left) throws SQLException {
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

    private static int finishedTakeovers() {
        return Integer.parseInt(single("select count(*)::text from takeover where finished_at is not null"));
    }

    private static String single(String query) {
        return database().read(connection -> {
            try (Statement statement = connection.createStatement();
                    var rows = statement.executeQuery(query)) {
                rows.next();
                return rows.getString(1);
            }
        });
    }

    private static final class Recorder implements LeaseListener {
        private final List<FencingToken> acquired = new CopyOnWriteArrayList<>();
        private final List<FencingToken> lost = new CopyOnWriteArrayList<>();
        private final List<WantedState> wanted = new CopyOnWriteArrayList<>();
        private final AtomicInteger removed = new AtomicInteger();

        @Override
        public void wanted(WantedState state) {
            wanted.add(state);
        }

        @Override
        public void removed() {
            removed.incrementAndGet();
        }

        @Override
        public void acquired(FencingToken token) {
            acquired.add(token);
        }

        @Override
        public void lost(FencingToken token) {
            lost.add(token);
        }
    }

    private static final class Step implements TakeoverStep {
        private final List<DeadBoot> dead = new CopyOnWriteArrayList<>();

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
