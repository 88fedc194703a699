package io.serai.cluster.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.limit.LimitSlots.Slot;
import io.serai.cluster.limit.SessionRegister.Admission;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.name.SiteName;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Three nodes on one database try to have more than they may. Each test has owners of its own. */
class ClusterLimitsTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private static LimitNode a;
    private static LimitNode b;
    private static LimitNode c;

    @BeforeAll
    static void startNodes() {
        a = new LimitNode(DATABASE.settings(), "a", LimitNode.lockout());
        b = new LimitNode(DATABASE.settings(), "b", LimitNode.lockout());
        c = new LimitNode(DATABASE.settings(), "c", LimitNode.lockout());
    }

    @AfterAll
    static void stopNodes() {
        a.close();
        b.close();
        c.close();
    }

    // ---- sessions ----

    @Test
    void tenOfThreeHundredLoginsAtOnceAreAdmitted() throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(300);
        CountDownLatch go = new CountDownLatch(1);
        List<Future<Admission>> logins = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            LimitNode node = List.of(a, b, c).get(i % 3);
            logins.add(clients.submit(() -> {
                go.await();
                return node.admit(SessionId.random(), "rush", 10);
            }));
        }
        go.countDown();
        int admitted = 0;
        for (Future<Admission> login : logins) {
            admitted += login.get(60, TimeUnit.SECONDS) == Admission.ADMITTED ? 1 : 0;
        }
        clients.shutdown();
        assertThat(admitted).isEqualTo(10);
        assertThat(sessionsOf("rush")).isEqualTo(10);
    }

    private static long sessionsOf(String account) {
        return a.limits.sessions().list().stream()
                .filter(session -> session.account().value().equals(account))
                .count();
    }

    @Test
    void neverMoreThanAllowedWhileSessionsComeAndGo() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger admitted = new AtomicInteger();
        ExecutorService clients = Executors.newFixedThreadPool(12);
        List<Future<?>> runs = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            LimitNode node = List.of(a, b, c).get(i % 3);
            runs.add(clients.submit(() -> {
                for (int turn = 0; turn < 40; turn++) {
                    SessionId session = SessionId.random();
                    if (node.admit(session, "churn", 4) == Admission.ADMITTED) {
                        admitted.incrementAndGet();
                        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                        LockSupport.parkNanos(1_000_000);
                        inside.decrementAndGet();
                        node.limits.sessions().ended(session);
                    }
                }
            }));
        }
        for (Future<?> run : runs) {
            run.get(60, TimeUnit.SECONDS);
        }
        clients.shutdown();
        assertThat(most.get()).isLessThanOrEqualTo(4);
        assertThat(admitted.get()).isGreaterThan(20);
        await().atMost(Duration.ofSeconds(10)).until(() -> sessionsOf("churn") == 0);
    }

    @Test
    void aPlaceIsFreeForTheNextLoginOfTheSameNodeAtOnce() {
        for (int i = 0; i < 20; i++) {
            SessionId session = SessionId.random();
            assertThat(a.admit(session, "again", 1)).isEqualTo(Admission.ADMITTED);
            a.limits.sessions().ended(session);
        }
    }

    @Test
    void theSessionsOfANodeWhoseLeaseIsOverDoNotCountAndItAdmitsNobody() {
        LimitNode frozen = new LimitNode(DATABASE.settings(), "frozen", LimitNode.lockout());
        assertThat(frozen.admit(SessionId.random(), "failover", 1)).isEqualTo(Admission.ADMITTED);
        assertThat(a.admit(SessionId.random(), "failover", 1)).isEqualTo(Admission.FULL);

        frozen.endLease();

        assertThat(a.admit(SessionId.random(), "failover", 1)).isEqualTo(Admission.ADMITTED);
        assertThatThrownBy(() -> frozen.admit(SessionId.random(), "other", 5))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FENCED));
        assertThat(a.limits.takeOver(frozen.dead())).isEqualTo(1);
        assertThat(a.limits.takeOver(frozen.dead())).isZero();
        frozen.close();
    }

    @Test
    void theSessionsOfADeadNodeCanBeTakenForAWhile() {
        LimitNode dying = new LimitNode(DATABASE.settings(), "dying", LimitNode.lockout());
        SessionId taken = SessionId.random();
        SessionId tooMany = SessionId.random();
        SessionId ending = SessionId.random();
        dying.admit(taken, "orphans", 3);
        dying.admit(tooMany, "orphans", 3);
        dying.admit(ending, "orphans", 3);
        assertThat(a.limits.sessions().requestEnd(ending, "olga")).isTrue();
        dying.endLease();
        assertThat(a.limits.takeOver(dying.dead())).isGreaterThanOrEqualTo(2);

        AccountName account = new AccountName("orphans");
        assertThat(a.limits.sessions().move(ending, account, 3, 1))
                .as("an operator wants its end")
                .isFalse();
        assertThat(a.limits.sessions().move(taken, new AccountName("somebody"), 3, 2))
                .isFalse();
        assertThat(a.limits.sessions().move(taken, account, 1, 3)).isTrue();
        a.loggedIn.add(taken);
        assertThat(a.limits.sessions().move(tooMany, account, 1, 4))
                .as("over the limit")
                .isFalse();
        assertThat(b.limits.sessions().move(taken, account, 1, 5))
                .as("once more, from a node that lives")
                .isTrue();
        b.loggedIn.add(taken);
        a.limits.sessions().ended(taken);
        assertThat(a.admit(SessionId.random(), "orphans", 1))
                .as("the place is the other node's")
                .isEqualTo(Admission.FULL);
        assertThat(dying.limits.sessions().move(taken, account, 1, 6))
                .as("its lease is over")
                .isFalse();
        dying.close();
    }

    private static void awaitWaitingForLocks(int count) {
        await().atMost(Duration.ofSeconds(10)).until(() -> {
            return a.database.read(connection -> {
                try (Statement statement = connection.createStatement();
                        var row = statement.executeQuery("select count(*) from pg_locks l join pg_database d"
                                + " on d.oid = l.database where d.datname = current_database()"
                                + " and l.locktype = 'advisory' and not l.granted")) {
                    row.next();
                    return row.getInt(1) == count;
                }
            });
        });
    }

    @Test
    void aMoveThatWasGivenUpAndComesLateTakesNothingAway() throws Exception {
        SessionId session = SessionId.random();
        AccountName account = new AccountName("late");
        assertThat(a.admit(session, "late", 1)).isEqualTo(Admission.ADMITTED);
        ExecutorService movers = Executors.newFixedThreadPool(2);
        Future<Boolean> back;
        Future<Boolean> givenUp;
        try (var holder = DATABASE.settings().connect();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("select pg_advisory_xact_lock(1397048137, hashtext('session late'))");
            back = movers.submit(() -> a.limits.sessions().move(session, account, 1, 2));
            awaitWaitingForLocks(1);
            givenUp = movers.submit(() -> b.limits.sessions().move(session, account, 1, 1));
            awaitWaitingForLocks(2);
            holder.rollback();
        }
        assertThat(back.get(20, TimeUnit.SECONDS)).isTrue();
        assertThat(givenUp.get(20, TimeUnit.SECONDS)).isFalse();
        movers.shutdown();
        assertThat(a.limits.sessions().list())
                .anyMatch(row -> row.id().equals(session) && row.node().value().equals("a"));
        assertThat(c.limits.sessions().move(session, account, 1, 2))
                .as("each number once")
                .isFalse();
        assertThat(c.limits.sessions().move(session, account, 1, 3)).isTrue();
    }

    @Test
    void aSessionThatIsBeingMovedIsNotTidiedAway() {
        SessionId moving = SessionId.random();
        AccountName account = new AccountName("moving");
        assertThat(a.admit(moving, "moving", 1)).isEqualTo(Admission.ADMITTED);
        a.age(moving, Duration.ofMinutes(5));
        assertThat(b.limits.sessions().move(moving, account, 1, 1)).isTrue();
        // Nobody at b knows it yet: the reply of the move has not come.
        b.limits.sessions().removeOthers(b.token(), Set::of);
        await().during(Duration.ofSeconds(1))
                .atMost(Duration.ofSeconds(10))
                .until(() -> a.limits.sessions().list().stream()
                        .anyMatch(row -> row.id().equals(moving)));
    }

    @Test
    void aSessionOfSomebodyElseOrOfAnotherNodeIsNotAdmittedByItsId() {
        SessionId known = SessionId.random();
        assertThat(a.admit(known, "owner", 5)).isEqualTo(Admission.ADMITTED);
        assertThat(a.admit(known, "owner", 5)).as("asked once more").isEqualTo(Admission.ADMITTED);
        assertThat(a.admit(known, "stranger", 5)).isEqualTo(Admission.FULL);
        assertThat(b.admit(known, "owner", 5)).isEqualTo(Admission.FULL);
        assertThat(sessionsOf("owner")).isEqualTo(1);
        assertThat(sessionsOf("stranger")).isZero();
    }

    @Test
    void aSessionOfAnotherNodeIsEndedWithinASecond() {
        SessionId session = SessionId.random();
        b.admit(session, "faraway", 5);
        assertThat(a.limits.sessions().requestEnd(session, "olga")).isTrue();
        await().atMost(Duration.ofSeconds(1)).until(() -> b.ended.contains(session));
        assertThat(a.ended).doesNotContain(session);
        assertThat(a.limits.sessions().requestEnd(SessionId.random(), "olga")).isFalse();
    }

    // ---- failures and bans ----

    @Test
    void failuresOnOneNodeLockOutOnAll() {
        String origin = "192.0.2.50";
        assertThat(a.limits.failures().failed("guessed", origin).ofLogin()).isEqualTo(1);
        assertThat(b.limits.failures().failed("guessed", origin).ofLogin()).isEqualTo(2);
        assertThat(c.limits.failures().failed("guessed", origin).ofLogin()).isEqualTo(3);
        assertThat(a.admit(SessionId.random(), "guessed", 5, origin)).isEqualTo(Admission.LOCKED_OUT);
        assertThat(a.admit(SessionId.random(), "guessed", 5, "192.0.2.51")).isEqualTo(Admission.ADMITTED);
    }

    @Test
    void aGoodLoginForgetsItsFailuresButNotThoseOfItsAddress() {
        String origin = "192.0.2.60";
        a.limits.failures().failed("clumsy", origin);
        a.limits.failures().failed("clumsy", origin);
        assertThat(b.admit(SessionId.random(), "clumsy", 5, origin)).isEqualTo(Admission.ADMITTED);
        assertThat(c.limits.failures().failed("clumsy", origin)).isEqualTo(new LoginFailures.Standing(1, 3));
    }

    @Test
    void anAddressWithTooManyFailuresIsBannedOnAllNodes() {
        List<Ban> seen = new ArrayList<>();
        c.limits.bans().onChange(bans -> {
            synchronized (seen) {
                seen.clear();
                seen.addAll(bans);
            }
        });
        for (int i = 0; i < 8; i++) {
            a.limits.failures().failed("user" + i, "2001:db8:1:2:0:0:0:0/64");
        }
        await().atMost(Duration.ofSeconds(1)).until(() -> {
            synchronized (seen) {
                return seen.stream().anyMatch(ban -> ban.network().equals("2001:db8:1:2::/64") && !ban.isByOperator());
            }
        });
        String origin = "2001:db8:1:2:0:0:0:0/64";
        assertThat(b.admit(SessionId.random(), "unban", 5, origin)).isEqualTo(Admission.LOCKED_OUT);
        assertThat(b.limits.bans().remove("2001:db8:1:2::/64")).isTrue();
        assertThat(b.admit(SessionId.random(), "unban", 5, origin)).isEqualTo(Admission.ADMITTED);
        await().atMost(Duration.ofSeconds(1)).until(() -> {
            synchronized (seen) {
                return seen.isEmpty();
            }
        });
    }

    @Test
    void anAddressThatSomebodyElseAssertsIsLockedOutThereAndBannedNowhere() {
        for (int i = 0; i < 8; i++) {
            a.limits.failures().count("user" + i, "203.0.113.77@edge1");
        }
        assertThat(b.admit(SessionId.random(), "unban", 5, "203.0.113.77@edge1"))
                .isEqualTo(Admission.LOCKED_OUT);
        assertThat(b.admit(SessionId.random(), "unban", 5, "203.0.113.77")).isEqualTo(Admission.ADMITTED);
        assertThat(b.limits.bans().list()).noneMatch(ban -> ban.network().startsWith("203.0.113.77"));
        a.limits.bans().add("203.0.113.77/32", "by hand", "olga", Optional.empty());
        assertThat(b.limits.bans().remove("203.0.113.77/32")).isTrue();
        assertThat(b.admit(SessionId.random(), "unban", 5, "203.0.113.77@edge1"))
                .isEqualTo(Admission.ADMITTED);
    }

    @Test
    void anOperatorsBanIsNotReplacedByAShorterOne() {
        a.limits.bans().add("198.51.100.7/32", "abuse", "olga", Optional.empty());
        a.limits.bans().addByFailures("198.51.100.7", 9, Duration.ofMinutes(1));
        assertThat(b.limits.bans().list())
                .filteredOn(ban -> ban.network().equals("198.51.100.7/32"))
                .singleElement()
                .satisfies(ban -> {
                    assertThat(ban.by()).isEqualTo("olga");
                    assertThat(ban.until()).isEmpty();
                });
        assertThat(b.limits.bans().remove("198.51.100.7")).isTrue();
        assertThat(b.limits.bans().remove("198.51.100.7")).isFalse();
    }

    @Test
    void bansByFailuresLeaveRoomForThoseOfOperators() {
        DATABASE.database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(
                        "insert into ban (network, reason, banned_by, banned_at, until) select"
                                + " ('10.0.0.0'::inet + i)::cidr, 'test', '" + Ban.BY_FAILURES
                                + "', clock_timestamp() - (20000 - i)"
                                + " * interval '1 second', clock_timestamp() + interval '1 hour' from generate_series(1, 10000) i");
            }
        });

        a.limits.bans().add("198.51.100.8/32", "abuse", "olga", Optional.empty());
        a.limits.bans().addByFailures("198.51.100.9", 9, Duration.ofMinutes(1));

        List<String> networks =
                b.limits.bans().list().stream().map(Ban::network).toList();
        assertThat(networks).hasSize(10_001).contains("198.51.100.8/32", "198.51.100.9/32", "10.0.0.2/32");
        assertThat(networks).doesNotContain("10.0.0.1/32");
        DATABASE.truncate("ban");
    }

    @Test
    void whatIsRememberedOfFailuresIsBounded() {
        for (int i = 0; i < 80; i++) {
            a.limits.failures().failed("bounded", "203.0.113." + i);
        }
        a.limits.failures().forget();
        long rows = DATABASE.database().read(connection -> {
            try (var statement = connection.prepareStatement("select count(*) from login_failure");
                    var row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        });
        assertThat(rows).isLessThanOrEqualTo(50);
    }

    // ---- slots ----

    @Test
    void neverMoreTransfersThanTheSiteAllows() throws Exception {
        LimitOwner site = LimitOwner.of(new SiteName("narrow"));
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger taken = new AtomicInteger();
        ExecutorService workers = Executors.newFixedThreadPool(12);
        List<Future<?>> runs = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            LimitNode node = List.of(a, b, c).get(i % 3);
            runs.add(workers.submit(() -> {
                for (int turn = 0; turn < 40; turn++) {
                    Optional<Slot> slot = node.limits.slots().take(site, 3);
                    if (slot.isPresent()) {
                        taken.incrementAndGet();
                        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                        LockSupport.parkNanos(500_000);
                        inside.decrementAndGet();
                        slot.get().close();
                    }
                }
            }));
        }
        for (Future<?> run : runs) {
            run.get(60, TimeUnit.SECONDS);
        }
        workers.shutdown();
        assertThat(most.get()).isLessThanOrEqualTo(3);
        assertThat(taken.get()).isGreaterThan(20);
        await().atMost(Duration.ofSeconds(5))
                .until(() -> a.limits
                        .slots()
                        .take(site, 1)
                        .map(LimitSlots.Slot::toString)
                        .isPresent());
    }

    @Test
    void aLoweredLimitHoldsForWhatComesNext() {
        LimitOwner site = LimitOwner.of(new SiteName("lowered"));
        assertThat(a.limits.slots().take(site, 2)).isPresent();
        assertThat(b.limits.slots().take(site, 2)).isPresent();
        assertThat(c.limits.slots().take(site, 1)).isEmpty();
        assertThat(c.limits.slots().take(site, 3)).isPresent();
    }

    // ---- bandwidth ----

    @Test
    void theSharesOfAllNodesAreTheLimitTogether() {
        LimitOwner account = LimitOwner.of(new AccountName("wide"));
        long limit = 4_000_000;
        try (var first = a.limits.bandwidth().open(account, limit);
                var second = b.limits.bandwidth().open(account, limit);
                var third = b.limits.bandwidth().open(account, limit)) {
            first.moved(1);
            await().atMost(Duration.ofSeconds(5)).untilAsserted(() -> {
                assertThat(granted("a")).isBetween(1_300_000L, 1_400_000L);
                assertThat(granted("b")).isBetween(2_600_000L, 2_700_000L);
            });
            third.close();
            second.close();
            await().atMost(Duration.ofSeconds(5)).until(() -> granted("a") == limit && granted("b") == 0);
        }
        await().atMost(Duration.ofSeconds(5)).until(() -> granted("a") == 0);
    }

    private static long granted(String node) {
        return DATABASE.database().read(connection -> {
            try (var statement = connection.prepareStatement(
                    "select coalesce(sum(granted), 0) from bandwidth_share where owner = 'wide' and node = ?")) {
                statement.setString(1, node);
                try (var row = statement.executeQuery()) {
                    row.next();
                    return row.getLong(1);
                }
            }
        });
    }

    @Test
    void twoNodesTogetherMoveNoMoreThanTheLimit() throws Exception {
        LimitOwner site = LimitOwner.of(new SiteName("paced"));
        long limit = 2_000_000;
        long end = System.nanoTime() + Duration.ofSeconds(4).toNanos();
        ExecutorService workers = Executors.newFixedThreadPool(4);
        List<Future<Long>> moved = new ArrayList<>();
        for (LimitNode node : List.of(a, b, a, b)) {
            moved.add(workers.submit(() -> {
                long bytes = 0;
                try (var flow = node.limits.bandwidth().open(site, limit)) {
                    while (System.nanoTime() < end) {
                        Duration pause = flow.pause();
                        if (pause.isZero()) {
                            flow.moved(20_000);
                            bytes += 20_000;
                        } else {
                            LockSupport.parkNanos(pause.toNanos());
                        }
                    }
                }
                return bytes;
            }));
        }
        long all = 0;
        for (Future<Long> each : moved) {
            all += each.get(30, TimeUnit.SECONDS);
        }
        workers.shutdown();
        // Four seconds, a saved quarter of one, and a block of each.
        assertThat(all).isLessThanOrEqualTo(limit * 4 + limit / 2 + 80_000);
        assertThat(all).isGreaterThan(limit * 2);
    }
}
