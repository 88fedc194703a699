package io.serai.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TakeoverTest extends LeaseTestBase {
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
    void theRecordCountsWhatWasReturnedBeforeAnotherStepFailed() throws Exception {
        started(lease("a", Optional.empty())).close();
        NodeLease other = started(lease("b", Optional.empty()));
        AtomicInteger left = new AtomicInteger(14);
        AtomicBoolean fails = new AtomicBoolean(true);
        Takeover takeover = new Takeover(
                database(),
                other,
                List.of(step("events", dead -> left.getAndSet(0)), step("things", dead -> {
                    if (fails.getAndSet(false)) {
                        throw new IllegalStateException("on purpose");
                    }
                    return 0;
                })),
                TTL);

        assertThat(takeover.takeOverNow()).isZero();
        assertThat(takeover.takeOverNow()).isEqualTo(1);

        assertThat(record().cause()).isEqualTo("stopped");
        assertThat(record().counts()).containsEntry("events", 14).containsEntry("things", 0);
        assertThat(single("select report from takeover")).isEqualTo("events: 14, things: 0");
    }

    @Test
    void theFirstStepIsDoneForAllDeadNodesBeforeTheOthersBegin() throws Exception {
        insertNode("dead", UUID.randomUUID(), Duration.ofMillis(1));
        insertNode("dead-too", UUID.randomUUID(), Duration.ofMillis(1));
        List<String> done = new ArrayList<>();
        List<TakeoverStep> steps = Stream.of("events", "slow things", "more")
                .map(subject -> step(subject, dead -> {
                    done.add(subject);
                    return 1;
                }))
                .toList();

        assertThat(new Takeover(database(), started(lease("a", Optional.empty())), steps, TTL).takeOverNow())
                .isEqualTo(2);

        assertThat(done).containsExactly("events", "events", "slow things", "more", "slow things", "more");
    }

    private static TakeoverStep step(String subject, ToIntFunction<DeadBoot> act) {
        return new TakeoverStep() {
            @Override
            public String subject() {
                return subject;
            }

            @Override
            public int takeOver(DeadBoot dead) {
                return act.applyAsInt(dead);
            }
        };
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
        assertThatThrownBy(() -> guard(slow)).isInstanceOfSatisfying(SeraiException.class, LeaseTestBase::isFenced);
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
                .isInstanceOfSatisfying(SeraiException.class, LeaseTestBase::isFenced);
        assertThat(finishedTakeovers()).isZero();

        // The first's own death, and what it had left half done.
        assertThat(new Takeover(database(), second, List.of(done), TTL).takeOverNow())
                .isEqualTo(2);
        assertThat(done.dead).extracting(boot -> boot.node().value()).containsExactlyInAnyOrder("dead", "a");
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

    private static int finishedTakeovers() {
        return Integer.parseInt(single("select count(*)::text from takeover where finished_at is not null"));
    }
}
