package io.serai.cluster.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.ChildJvm;
import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.WantedState;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class LeaseKeeperTest {
    private static final Duration TTL = Duration.ofSeconds(3);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final LeaseName REPORTS = new LeaseName("leader", "reports");

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private final List<LeaseNode> nodes = new ArrayList<>();

    @AfterEach
    void closeAll() {
        nodes.forEach(LeaseNode::close);
        DATABASE.truncate("node", "takeover", "lease", "lease_candidate");
    }

    @Test
    void givesALeaseToOneNodeAndHandsItOverWhenThatOneCloses() {
        LeaseNode a = node("a");
        LeaseNode b = node("b");
        Recorder ofA = new Recorder();
        Recorder ofB = new Recorder();
        Candidacy candidacyOfA = a.keeper().enter(REPORTS, ofA);
        Candidacy candidacyOfB = b.keeper().enter(REPORTS, ofB);

        await().atMost(LIMIT).until(() -> ofA.gained.size() + ofB.gained.size() == 1);
        Candidacy first = ofA.gained.isEmpty() ? candidacyOfB : candidacyOfA;
        long token = first.held().orElseThrow().token();
        first.close();

        await().atMost(LIMIT).until(() -> ofA.gained.size() == 1 && ofB.gained.size() == 1);
        Candidacy second = first == candidacyOfA ? candidacyOfB : candidacyOfA;
        assertThat(second.held().orElseThrow().token()).isGreaterThan(token);
        assertThat(first.held()).isEmpty();
        assertThat(ofA.lost.size() + ofB.lost.size()).isEqualTo(1);
    }

    @Test
    void asksTheDatabaseOnceATurn() {
        LeaseNode a = node("a");
        AtomicInteger looks = new AtomicInteger();
        Candidacy candidacy = a.keeper().enter(REPORTS, new LeaseHolder() {
            @Override
            public void gained(LeaseToken token) {}

            @Override
            public void lost(LeaseToken token) {}

            @Override
            public void seen(Optional<NodeName> holder, Set<NodeName> candidates) {
                looks.incrementAndGet();
            }
        });
        await().atMost(LIMIT).until(() -> candidacy.held().isPresent());
        int before = looks.get();
        long began = System.nanoTime();
        await("one look a second at least").atMost(TTL.multipliedBy(4)).until(() -> looks.get() >= before + 12);
        assertThat(Duration.ofNanos(System.nanoTime() - began))
                .as("twelve looks, ten a lease")
                .isGreaterThan(TTL);
    }

    @Test
    void takesANewTokenForEveryAcquisitionOfTheSameNode() {
        LeaseNode a = node("a");
        Recorder first = new Recorder();
        Recorder second = new Recorder();
        Candidacy before = a.keeper().enter(REPORTS, first);
        await().atMost(LIMIT).until(() -> before.held().isPresent());
        before.close();
        a.keeper().enter(REPORTS, second);

        await().atMost(LIMIT).until(() -> second.gained.size() == 1);
        assertThat(second.gained.get(0).token())
                .isGreaterThan(first.gained.get(0).token());
        assertThatThrownBy(() -> guard(a, first.gained.get(0)))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FENCED));
        guard(a, second.gained.get(0));
    }

    @Test
    void spreadsLeasesOverNodesThatComeAndGoWithoutTwoHoldersAtOnce() {
        Map<LeaseName, NodeName> holding = new ConcurrentHashMap<>();
        List<String> clashes = new CopyOnWriteArrayList<>();
        LeaseNode a = node("a");
        enterMany(a, holding, clashes);
        await().atMost(LIMIT).until(() -> loadOf(holding, "a") == 9);

        LeaseNode b = node("b");
        enterMany(b, holding, clashes);
        LeaseNode c = node("c");
        enterMany(c, holding, clashes);
        await().atMost(LIMIT)
                .until(() -> loadOf(holding, "a") == 3 && loadOf(holding, "b") == 3 && loadOf(holding, "c") == 3);

        c.close();
        nodes.remove(c);
        await().atMost(LIMIT).until(() -> loadOf(holding, "a") + loadOf(holding, "b") == 9 && loadOf(holding, "a") > 3);
        assertThat(clashes).isEmpty();
    }

    @Test
    void movesNothingForANodeThatGoesBeforeTheSpreadHasSettled() {
        LeaseNode a = node("a");
        List<Recorder> recorders = new ArrayList<>();
        IntStream.range(0, 6).forEach(i -> {
            Recorder recorder = new Recorder();
            recorders.add(recorder);
            a.keeper().enter(new LeaseName("leader", "n" + i), recorder);
        });
        await().atMost(LIMIT).until(() -> recorders.stream().allMatch(each -> each.gained.size() == 1));

        LeaseNode b = node("b");
        IntStream.range(0, 6).forEach(i -> b.keeper().enter(new LeaseName("leader", "n" + i), new Recorder()));
        await().atMost(LIMIT)
                .until(() -> a.keeper()
                        .survey()
                        .candidates(new LeaseName("leader", "n5"))
                        .contains(new NodeName("b")));
        b.close();
        nodes.remove(b);

        await().during(TTL.multipliedBy(2))
                .atMost(LIMIT)
                .until(() -> recorders.stream().allMatch(each -> each.lost.isEmpty()));
    }

    @Test
    void tellsTheLossBeforeTheLeaseEndsWhenTheDatabaseHangs() throws Exception {
        LeaseNode a = node("a");
        LossTimer timer = new LossTimer();
        Candidacy candidacy = a.keeper().enter(REPORTS, timer);
        await().atMost(LIMIT).until(() -> candidacy.held().isPresent());
        try (Connection admin = DATABASE.adminSettings().connect();
                Statement statement = admin.createStatement()) {
            admin.setAutoCommit(false);
            // Every statement on the lease and on the node waits: nothing fails, nothing answers.
            statement.execute("lock table lease, node in access exclusive mode");
            assertThat(timer.lost.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(candidacy.held()).isEmpty();
            try (ResultSet row = statement.executeQuery("select until > clock_timestamp() from lease")) {
                row.next();
                assertThat(row.getBoolean(1))
                        .as("the lease had not ended in the database when its loss was told")
                        .isTrue();
            }
            admin.rollback();
        }
        await().atMost(LIMIT).until(() -> candidacy.held().isPresent());
    }

    @Test
    void aFrozenHolderIsReplacedWithinTheLeaseAndWritesNothingAfterwards() throws Exception {
        execute("create table if not exists written (id bigint generated always as identity, token bigint not null)");
        try (ChildJvm child = holder("frozen")) {
            long first = Long.parseLong(child.await("gained"));
            LeaseNode b = node("b");
            Recorder ofB = new Recorder();
            b.keeper().enter(new LeaseName("leader", "writer"), ofB);
            await().atMost(LIMIT).until(() -> count("select count(*) from written") > 5);

            freezeBetweenTransactions(child);
            long frozen = System.nanoTime();
            await().atMost(LIMIT).pollInterval(Duration.ofMillis(10)).until(() -> !ofB.gained.isEmpty());
            Duration takeover = Duration.ofNanos(System.nanoTime() - frozen);
            LeaseToken second = ofB.gained.get(0);
            FreezableHolder.write(b, second);
            signal("-CONT", child.pid());

            child.await("refused FENCED");
            assertThat(takeover).isLessThan(TTL.multipliedBy(3).dividedBy(2));
            assertThat(second.token()).isGreaterThan(first);
            assertThat(count("select count(*) from written w where exists (select 1 from written e"
                            + " where e.id < w.id and e.token > w.token)"))
                    .as("rows with an older token after a newer one")
                    .isZero();
        }
    }

    @Test
    void aKilledHolderIsReplacedWithinTheLease() throws Exception {
        execute("create table if not exists written (id bigint generated always as identity, token bigint not null)");
        LeaseNode b;
        Recorder ofB = new Recorder();
        long killed;
        try (ChildJvm child = holder("killed")) {
            child.await("gained");
            b = node("b");
            b.keeper().enter(new LeaseName("leader", "writer"), ofB);
            signal("-KILL", child.pid());
            killed = System.nanoTime();
        }
        await().atMost(LIMIT).pollInterval(Duration.ofMillis(10)).until(() -> !ofB.gained.isEmpty());
        assertThat(Duration.ofNanos(System.nanoTime() - killed))
                .isLessThan(TTL.multipliedBy(3).dividedBy(2));
    }

    @Test
    void holdsNothingAfterTheNodeLostItsOwnLease() throws Exception {
        LeaseNode a = node("a");
        Recorder recorder = new Recorder();
        Candidacy candidacy = a.keeper().enter(REPORTS, recorder);
        await().atMost(LIMIT).until(() -> candidacy.held().isPresent());
        long epoch = a.lease().token().epoch();

        execute("update node set state = 'dead' where name = 'a'");

        await().atMost(LIMIT).until(() -> recorder.lost.size() == 1);
        await().atMost(LIMIT).until(() -> candidacy.held().isPresent());
        assertThat(candidacy.held().orElseThrow().holder().epoch()).isGreaterThan(epoch);
    }

    @Test
    void aDrainingNodeGivesItsLeasesUpAtOnce() {
        LeaseNode a = node("a");
        Candidacy ofA = a.keeper().enter(REPORTS, new Recorder());
        await().atMost(LIMIT).until(() -> ofA.held().isPresent());
        LeaseNode b = node("b");
        Candidacy ofB = b.keeper().enter(REPORTS, new Recorder());

        a.lease().follow(WantedState.DRAINING);

        await().atMost(LIMIT).until(() -> ofB.held().isPresent() && ofA.held().isEmpty());
    }

    private static void enterMany(LeaseNode node, Map<LeaseName, NodeName> holding, List<String> clashes) {
        NodeName self = node.keeper().self();
        for (int i = 0; i < 9; i++) {
            node.keeper().enter(new LeaseName("leader", "many-" + i), new LeaseHolder() {
                @Override
                public void gained(LeaseToken token) {
                    NodeName other = holding.put(token.name(), self);
                    if (other != null) {
                        clashes.add(token.name() + ": " + other + " and " + self);
                    }
                }

                @Override
                public void lost(LeaseToken token) {
                    holding.remove(token.name());
                }
            });
        }
    }

    private static long loadOf(Map<LeaseName, NodeName> holding, String node) {
        return holding.values().stream().filter(new NodeName(node)::equals).count();
    }

    private LeaseNode node(String name) {
        LeaseNode node = new LeaseNode(DATABASE.settings().withMaxConnections(4), name, TTL);
        nodes.add(node);
        return node;
    }

    private static ChildJvm holder(String name) throws Exception {
        return ChildJvm.start(
                Map.of("DATABASE_PASSWORD", DATABASE.settings().password().reveal()),
                FreezableHolder.class,
                DATABASE.settings().url(),
                DATABASE.settings().user(),
                name,
                Long.toString(TTL.toMillis()));
    }

    private static void guard(LeaseNode node, LeaseToken token) {
        node.database().execute(connection -> LeaseFence.guard(connection, token));
    }

    /** A frozen transaction keeps its locks until the database ends it after 10 seconds; that is another story. */
    private static void freezeBetweenTransactions(ChildJvm child) throws Exception {
        String inTransaction = "select count(*) from pg_stat_activity"
                + " where application_name = 'frozen' and xact_start is not null";
        signal("-STOP", child.pid());
        while (count(inTransaction) > 0) {
            signal("-CONT", child.pid());
            TimeUnit.MILLISECONDS.sleep(7); // another moment of its loop
            signal("-STOP", child.pid());
        }
    }

    private static void signal(String signal, long pid) throws Exception {
        assertThat(new ProcessBuilder("kill", signal, Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static void execute(String sql) {
        DATABASE.database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }

    private static long count(String sql) {
        return DATABASE.database().read(connection -> single(connection, sql));
    }

    private static long single(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static class Recorder implements LeaseHolder {
        final List<LeaseToken> gained = new CopyOnWriteArrayList<>();
        final List<LeaseToken> lost = new CopyOnWriteArrayList<>();

        @Override
        public void gained(LeaseToken token) {
            gained.add(token);
        }

        @Override
        public void lost(LeaseToken token) {
            lost.add(token);
        }

        @Override
        public void seen(Optional<NodeName> holder, Set<NodeName> candidates) {}
    }

    private static final class LossTimer implements LeaseHolder {
        private final CountDownLatch lost = new CountDownLatch(1);

        @Override
        public void gained(LeaseToken token) {}

        @Override
        public void lost(LeaseToken token) {
            lost.countDown();
        }
    }
}
