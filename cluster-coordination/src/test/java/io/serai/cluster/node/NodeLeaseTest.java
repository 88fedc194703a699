package io.serai.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class NodeLeaseTest extends LeaseTestBase {
    private final AtomicLong frozenNanos = new AtomicLong();

    @Test
    void takesALargerEpochAtEveryStart() {
        NodeLease first = started(lease("a", Optional.empty()));
        long epoch = first.token().epoch();
        first.close();

        NodeLease second = started(lease("a", Optional.empty()));

        assertThat(second.token().epoch()).isGreaterThan(epoch);
        assertThatThrownBy(first::token).isInstanceOfSatisfying(SeraiException.class, LeaseTestBase::isFenced);
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

        assertThatThrownBy(lease::token).isInstanceOfSatisfying(SeraiException.class, LeaseTestBase::isFenced);
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
            assertThatThrownBy(lease::token).isInstanceOfSatisfying(SeraiException.class, LeaseTestBase::isFenced);
        }

        await().atMost(LIMIT).until(() -> recorder.acquired.size() == 2);
        assertThat(lease.token().epoch()).isGreaterThan(token.epoch());
        assertThatThrownBy(() -> guard(token)).isInstanceOfSatisfying(SeraiException.class, LeaseTestBase::isFenced);
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

        assertThatThrownBy(lease::token).isInstanceOfSatisfying(SeraiException.class, LeaseTestBase::isFenced);
        assertThatThrownBy(() -> guard(token)).isInstanceOfSatisfying(SeraiException.class, LeaseTestBase::isFenced);
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

    private static boolean isLost(NodeLease lease) {
        try {
            lease.token();
            return false;
        } catch (SeraiException e) {
            return true;
        }
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
}
