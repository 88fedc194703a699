package io.serai.cluster.leadership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.lease.LeaseNode;
import io.serai.cluster.node.FencingToken;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.camel.ServiceStatus;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.cluster.CamelClusterEventListener;
import org.apache.camel.cluster.CamelClusterMember;
import org.apache.camel.cluster.CamelClusterView;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.impl.cluster.ClusteredRoutePolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class PostgresClusterServiceTest {
    private static final Duration TTL = Duration.ofSeconds(3);
    /** Camel's. */
    private static final Duration MASTER_START_DELAY = Duration.ofSeconds(1);

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private final List<CamelNode> nodes = new ArrayList<>();

    @AfterEach
    void closeAll() {
        nodes.forEach(CamelNode::close);
        DATABASE.truncate("node", "takeover", "lease", "lease_candidate");
    }

    @Test
    void masterConsumesOnOneNodeAndGoesOnOnAnother() throws Exception {
        CamelNode a = node("a", "master:reports:timer:tick?period=50");
        CamelNode b = node("b", "master:reports:timer:tick?period=50");
        await().atMost(LIMIT).until(() -> a.ticks.get() + b.ticks.get() > 5);
        CamelNode leader = a.ticks.get() > 0 ? a : b;
        CamelNode other = leader == a ? b : a;
        assertThat(other.ticks.get()).isZero();

        leader.camel.stop();

        await().atMost(LIMIT).until(() -> other.ticks.get() > 5);
    }

    @Test
    void aLossWithinTheStartDelayOfMasterIsNotForgotten() throws Exception {
        CamelNode a = nodeThatLosesBeforeItsConsumerStarts();
        TimeUnit.MILLISECONDS.sleep(2500); // past the start delay: what must not go on would be going on by now

        await().during(Duration.ofSeconds(1)).atMost(LIMIT).until(() -> a.ticks.get() == 0);
    }

    /** The consumer starts a second after the leadership; a round in which the loss came later than that shows nothing. */
    private CamelNode nodeThatLosesBeforeItsConsumerStarts() throws Exception {
        List<Duration> tooLate = new ArrayList<>();
        while (tooLate.size() < 5) {
            String name = "a" + tooLate.size();
            CamelNode a = node(name, "master:reports:timer:tick?period=50");
            await().atMost(LIMIT).pollInterval(Duration.ofMillis(5)).until(() -> a.leads("reports"));
            long leads = System.nanoTime();
            execute("update node set state = 'removed' where name = '" + name + "'");
            a.node.lease().hurry();
            await().atMost(LIMIT).pollInterval(Duration.ofMillis(5)).until(() -> !a.leads("reports"));
            Duration until = Duration.ofNanos(System.nanoTime() - leads);
            if (until.compareTo(MASTER_START_DELAY.dividedBy(2)) < 0) {
                return a;
            }
            tooLate.add(until);
            a.close();
            nodes.remove(a);
        }
        throw new AssertionError("the leadership was never lost within the start delay, but after " + tooLate);
    }

    @Test
    void stoppingARouteWhileItsLossIsToldDoesNotBlock() throws Exception {
        for (int round = 0; round < 5; round++) {
            String name = "stop" + round;
            CamelNode a = node(name, "master:reports:timer:tick?period=20");
            await().atMost(LIMIT).until(() -> a.ticks.get() > 0);
            CountDownLatch both = new CountDownLatch(2);
            Thread stopping = new Thread(() -> {
                a.camel.stop();
                both.countDown();
            });
            Thread losing = new Thread(() -> {
                a.node.keeper().lost(a.node.lease().token());
                both.countDown();
            });
            losing.start();
            stopping.start();
            assertThat(both.await(15, TimeUnit.SECONDS)).isTrue();
            a.close();
            nodes.remove(a);
        }
    }

    @Test
    void aListenerThatBlocksKeepsNeitherTheLossOfOthersNorTheStopWaiting() throws Exception {
        CamelNode a = node("a", "timer:unused?period=60000");
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch blocked = new CountDownLatch(1);
        CamelClusterView slow = a.service.getView("slow");
        CamelClusterEventListener.Leadership blocking = (view, leader) -> {
            if (view.getLocalMember().isLeader()) {
                blocked.countDown();
                awaitQuietly(release);
            }
        };
        slow.addEventListener(blocking);
        assertThat(blocked.await(20, TimeUnit.SECONDS)).isTrue();
        CamelClusterView quick = a.service.getView("quick");
        await().atMost(LIMIT).until(() -> quick.getLocalMember().isLeader());
        CountDownLatch lost = new CountDownLatch(1);
        quick.addEventListener((CamelClusterEventListener.Leadership) (view, leader) -> {
            if (!view.getLocalMember().isLeader()) {
                lost.countDown();
            }
        });

        slow.removeEventListener(blocking);
        a.service.releaseView(slow);
        a.node.keeper().lost(a.node.lease().token());

        assertThat(lost.await(2, TimeUnit.SECONDS)).isTrue();
        release.countDown();
    }

    @Test
    void theLossStopsTheRouteWhileTheDatabaseHangs() throws Exception {
        CamelNode a = node("a", "master:reports:timer:tick?period=20");
        await().atMost(LIMIT).until(() -> a.ticks.get() > 0);
        try (Connection admin = DATABASE.adminSettings().connect();
                Statement statement = admin.createStatement()) {
            admin.setAutoCommit(false);
            statement.execute("lock table lease, node in access exclusive mode");
            await().atMost(TTL).until(() -> !a.leads("reports"));
            TimeUnit.MILLISECONDS.sleep(500); // the timer's stop
            long then = a.ticks.get();
            await().during(Duration.ofSeconds(1)).atMost(LIMIT).until(() -> a.ticks.get() == then);
            admin.rollback();
        }
        long before = a.ticks.get();
        await().atMost(LIMIT).until(() -> a.ticks.get() > before);
    }

    @Test
    void aLossThatIsToldLateIsFollowedByWhatIsSoNow() throws Exception {
        CamelNode a = node("a", "timer:unused?period=60000");
        List<Boolean> told = new CopyOnWriteArrayList<>();
        AtomicInteger losses = new AtomicInteger();
        CountDownLatch late = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        CamelClusterView view = a.service.getView("reports");
        await().atMost(LIMIT).until(() -> view.getLocalMember().isLeader());
        view.addEventListener((CamelClusterEventListener.Leadership) (changed, leader) -> {
            boolean leads = changed.getLocalMember().isLeader();
            // The first is the loss itself; the second repeats it, on another thread.
            if (!leads && losses.incrementAndGet() == 2) {
                late.countDown();
                awaitQuietly(release);
            }
            told.add(leads);
        });
        try (Connection admin = DATABASE.adminSettings().connect();
                Statement statement = admin.createStatement()) {
            admin.setAutoCommit(false);
            statement.execute("lock table lease, node in access exclusive mode");
            assertThat(late.await(20, TimeUnit.SECONDS)).isTrue();
            admin.rollback();
        }
        await().atMost(LIMIT).until(() -> told.equals(List.of(true, false, true)));
        release.countDown();
        await().atMost(LIMIT).until(() -> told.size() > 3);
        await().during(Duration.ofMillis(500)).atMost(LIMIT).until(() -> told.get(told.size() - 1));
    }

    @Test
    void clusteredRoutePolicyRunsTheRouteOnTheLeaderAlone() throws Exception {
        CamelNode a = policyNode("a");
        CamelNode b = policyNode("b");
        await().atMost(LIMIT).until(() -> a.ticks.get() + b.ticks.get() > 5);
        CamelNode leader = a.ticks.get() > 0 ? a : b;
        CamelNode other = leader == a ? b : a;
        assertThat(other.ticks.get()).isZero();
        assertThat(other.camel.getRouteController().getRouteStatus("watched")).isEqualTo(ServiceStatus.Stopped);

        FencingToken ended = leader.node.lease().token();
        leader.node.lease().close();
        leader.node.keeper().lost(ended);

        await().atMost(LIMIT).until(() -> other.ticks.get() > 5);
        await().atMost(LIMIT)
                .until(() -> leader.camel.getRouteController().getRouteStatus("watched") == ServiceStatus.Stopped);
    }

    @Test
    void aRouteThatIsNotToStartByItselfStaysStoppedOnTheLeaderToo() throws Exception {
        CamelNode a = policyNode("a");
        await().atMost(LIMIT).until(() -> a.ticks.get() > 0);
        assertThat(a.camel.getRouteController().getRouteStatus("manual")).isEqualTo(ServiceStatus.Stopped);

        a.camel.getRouteController().startRoute("manual");
        assertThat(a.camel.getRouteController().getRouteStatus("manual")).isEqualTo(ServiceStatus.Started);
    }

    @Test
    void nothingIsToldBeforeTheContextHasStarted() throws Exception {
        CamelNode a = new CamelNode("a");
        nodes.add(a);
        List<String> early = new CopyOnWriteArrayList<>();
        CountDownLatch told = new CountDownLatch(1);
        CamelClusterView view = a.service.getView("early");
        view.addEventListener((CamelClusterEventListener.Leadership) (changed, leader) -> {
            if (!a.camel.isStarted()) {
                early.add(String.valueOf(leader));
            }
            if (changed.getLocalMember().isLeader()) {
                told.countDown();
            }
        });
        a.service.start();
        TimeUnit.MILLISECONDS.sleep(1000); // time in which it could wrongly become the leader
        assertThat(view.getLocalMember().isLeader()).isFalse();
        assertThat(early).isEmpty();

        a.camel.start();

        assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(early).isEmpty();
    }

    @Test
    void membersAndLeaderAreKnownOnEveryNode() throws Exception {
        CamelNode a = node("a", "master:reports:timer:tick?period=1000");
        CamelNode b = node("b", "master:reports:timer:tick?period=1000");
        for (CamelNode each : List.of(a, b)) {
            CamelClusterView view = each.service.getView("reports");
            await().atMost(LIMIT)
                    .until(() -> view.getMembers().size() == 2
                            && view.getLeader().isPresent()
                            && view.getMembers().stream()
                                            .filter(CamelClusterMember::isLeader)
                                            .count()
                                    == 1);
        }
        Optional<CamelClusterMember> ofA = a.service.getView("reports").getLeader();
        Optional<CamelClusterMember> ofB = b.service.getView("reports").getLeader();
        assertThat(ofA.map(CamelClusterMember::getId)).isEqualTo(ofB.map(CamelClusterMember::getId));
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private CamelNode node(String name, String from) throws Exception {
        CamelNode made = new CamelNode(name);
        nodes.add(made);
        made.camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from(from).routeId("ticks").process(exchange -> made.ticks.incrementAndGet());
            }
        });
        made.camel.start();
        return made;
    }

    private CamelNode policyNode(String name) throws Exception {
        CamelNode made = new CamelNode(name);
        nodes.add(made);
        ClusteredRoutePolicy policy = ClusteredRoutePolicy.forNamespace(made.camel, "policy");
        made.camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("timer:watched?period=50&delay=0")
                        .routeId("watched")
                        .routePolicy(policy)
                        .process(exchange -> made.ticks.incrementAndGet());
                from("timer:manual?period=50")
                        .routeId("manual")
                        .autoStartup(false)
                        .routePolicy(policy)
                        .process(exchange -> {});
            }
        });
        made.camel.start();
        return made;
    }

    private static void execute(String sql) {
        DATABASE.database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }

    /** A node with a Camel context and nothing else. */
    private static final class CamelNode implements AutoCloseable {
        private final LeaseNode node;
        private final DefaultCamelContext camel = new DefaultCamelContext();
        private final PostgresClusterService service;
        private final AtomicLong ticks = new AtomicLong();

        CamelNode(String name) throws Exception {
            node = new LeaseNode(DATABASE.settings().withMaxConnections(4), name, TTL);
            service = new PostgresClusterService(node.keeper());
            camel.getShutdownStrategy().setTimeout(5);
            camel.addService(service);
            assertThat(node.keeper().self()).isEqualTo(new NodeName(name));
        }

        boolean leads(String namespace) {
            return service.isLeader(namespace);
        }

        @Override
        public void close() {
            camel.stop();
            node.close();
        }
    }
}
