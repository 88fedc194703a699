package io.serai.route.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.schedule.FireView;
import io.serai.cluster.schedule.ScheduleFires;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.object.Route;
import io.serai.config.object.Schedule;
import io.serai.config.object.Schedule.Missed;
import io.serai.route.RunningNode;
import io.serai.route.SeraiHeaders;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.builder.RouteBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Routes that begin with {@code schedule:}, on a real database. */
@Timeout(90)
class ScheduleRouteTest {
    private static final RouteId ROUTE = new RouteId("ticker");
    private static final ScheduleName TICK = new ScheduleName("tick");

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private final List<Instant> fired = new CopyOnWriteArrayList<>();
    private final AtomicBoolean slow = new AtomicBoolean();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger mostRunning = new AtomicInteger();
    private RunningNode node;

    @BeforeEach
    void startNode() throws Exception {
        DATABASE.truncate(
                "event",
                "event_attempt",
                "event_history",
                "transfer",
                "node",
                "schedule_fire",
                "schedule_clock",
                "schedule_pause",
                "quartz_job_details cascade");
        node = new RunningNode(DATABASE.database(), folder, folder.resolve("area"));
        node.camel.addRoutes(probe());
        node.objects.put(route());
    }

    private RouteBuilder probe() {
        return new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:probe").routeId("probe").process(exchange -> {
                    assertThat(exchange.getIn().getHeader(SeraiHeaders.SCHEDULE))
                            .isEqualTo("tick");
                    mostRunning.accumulateAndGet(running.incrementAndGet(), Math::max);
                    fired.add(Instant.parse(exchange.getIn().getHeader(SeraiHeaders.FIRE_TIME, String.class)));
                    await().atMost(Duration.ofSeconds(40)).until(() -> !slow.get());
                    running.decrementAndGet();
                });
            }
        };
    }

    private static Route route() {
        return route("tick");
    }

    private static Route route(String schedule) {
        return route(ROUTE, schedule, "direct:probe");
    }

    private static Route route(RouteId id, String schedule, String step) {
        return new Route(id, Route.Dsl.YAML, """
                - route:
                    id: %s
                    from:
                      uri: schedule:%s
                      steps:
                        - to: %s
                """.formatted(id, schedule, step));
    }

    @AfterEach
    void stopNode() {
        slow.set(false);
        node.close();
    }

    private static Schedule schedule(boolean enabled, Missed missed, String... cron) {
        return new Schedule(TICK, "", enabled, List.of(cron), ZoneOffset.UTC, missed);
    }

    @Test
    void aScheduleThatIsAppliedLaterFiresAndADisabledOneStops() {
        node.start();
        node.objects.put(schedule(true, Missed.SKIP, "* * * * * ?"));
        await().atMost(Duration.ofSeconds(20)).until(() -> fired.size() >= 3);
        assertThat(fired).doesNotHaveDuplicates().allMatch(at -> at.getNano() == 0);
        node.objects.put(schedule(false, Missed.SKIP, "* * * * * ?"));
        await().atMost(Duration.ofSeconds(20)).until(() -> node.queue.depth().getOrDefault("ready", 0L) == 0);
        Instant stopped = Instant.now().plusSeconds(1);
        await().pollDelay(Duration.ofSeconds(3)).until(() -> true);
        assertThat(fired).noneMatch(at -> at.isAfter(stopped));
    }

    @Test
    void severalExpressionsOfOneScheduleFireOnceForATime() {
        node.objects.put(schedule(true, Missed.SKIP, "* * * * * ?", "0/2 * * * * ?"));
        node.start();
        await().atMost(Duration.ofSeconds(20)).until(() -> fired.size() >= 4);
        assertThat(fired).doesNotHaveDuplicates();
    }

    @Test
    void oneFireMakesUpForAllThatWereMissedWhileNoNodeRan() {
        Instant hoursAgo = Instant.now().minus(Duration.ofHours(5));
        fires().begin(TICK, ROUTE, Optional.of(hoursAgo));
        node.objects.put(schedule(true, Missed.RUN_ONCE, "0 0 * * * ?"));
        Instant planned = Instant.now().minusSeconds(2).truncatedTo(ChronoUnit.HOURS);
        node.start();
        await().atMost(Duration.ofSeconds(20)).until(() -> !fired.isEmpty());
        assertThat(fired).containsExactly(planned);
    }

    @Test
    void missedFiresAreLeftOutWhenTheScheduleSaysSo() {
        fires().begin(TICK, ROUTE, Optional.of(Instant.now().minus(Duration.ofHours(5))));
        // Never while the test runs, though it run over a full hour.
        int minute = (Instant.now().atOffset(ZoneOffset.UTC).getMinute() + 30) % 60;
        node.objects.put(schedule(true, Missed.SKIP, "0 " + minute + " * * * ?"));
        node.start();
        await().atMost(Duration.ofSeconds(20))
                .until(() -> !fires().fires(TICK, 10).isEmpty());
        assertThat(fires().fires(TICK, 10)).singleElement().satisfies(left -> {
            assertThat(left.outcome()).isEqualTo("missed");
            assertThat(left.note()).contains("5 missed up to here");
        });
        assertThat(node.queue.depth())
                .allSatisfy((state, count) -> assertThat(count).isZero());
        assertThat(fired).isEmpty();
    }

    @Test
    void everyMissedFireIsMadeUpForOneAfterTheOther() {
        Instant hoursAgo = Instant.now().minus(Duration.ofHours(4));
        fires().begin(TICK, ROUTE, Optional.of(hoursAgo));
        node.objects.put(schedule(true, Missed.RUN_ALL, "0 0 * * * ?"));
        node.start();
        await().atMost(Duration.ofSeconds(40)).until(() -> fired.size() >= 4);
        assertThat(fired).isSorted().doesNotHaveDuplicates().allMatch(at -> at.isAfter(hoursAgo));
    }

    @Test
    void aFireWhileTheFormerEventIsAliveIsLeftOutAndRecorded() {
        slow.set(true);
        node.objects.put(schedule(true, Missed.RUN_ONCE, "* * * * * ?"));
        node.start();
        await().atMost(Duration.ofSeconds(20))
                .until(() -> fires().fires(TICK, 20).stream()
                                .filter(each -> each.outcome().equals("overlapped"))
                                .count()
                        >= 3);
        assertThat(running.get()).isEqualTo(1);
        assertThat(fired).hasSize(1);
        slow.set(false);
        await().atMost(Duration.ofSeconds(20)).until(() -> fired.size() >= 3);
        assertThat(mostRunning.get()).isEqualTo(1);
        assertThat(fires().fires(TICK, 200))
                .anySatisfy(fire -> assertThat(fire.note().orElse("")).contains("was alive"))
                .anySatisfy(fire -> assertThat(fire.event()).contains("completed"));
    }

    @Test
    void aPausedScheduleRestsAndIsNotMadeUpFor() {
        node.objects.put(schedule(true, Missed.RUN_ALL, "* * * * * ?"));
        node.start();
        await().atMost(Duration.ofSeconds(20)).until(() -> !fired.isEmpty());
        fires().pause(TICK, "tester");
        assertThat(fires().paused()).containsExactly(TICK);
        Instant paused = Instant.now().plusSeconds(2);
        await().pollDelay(Duration.ofSeconds(6)).until(() -> true);
        assertThat(fired).noneMatch(at -> at.isAfter(paused));
        Instant resumed = Instant.now();
        assertThat(fires().resume(TICK)).isTrue();
        await().atMost(Duration.ofSeconds(30)).until(() -> fired.stream().anyMatch(at -> at.isAfter(resumed)));
        assertThat(fired).noneMatch(at -> at.isAfter(paused) && at.isBefore(resumed.minusSeconds(1)));
        assertThat(fires().resume(TICK)).isFalse();
    }

    @Test
    void runNowMakesAnEventWhateverTheTimesSay() throws Exception {
        node.objects.put(schedule(true, Missed.RUN_ONCE, "0 0 0 1 1 ?"));
        node.start();
        slow.set(true);
        assertThat(Schedules.of(node.camel).runNow(TICK, "tester")).containsOnlyKeys(ROUTE);
        await().atMost(Duration.ofSeconds(20)).until(() -> running.get() == 1);
        assertThatThrownBy(() -> Schedules.of(node.camel).runNow(TICK, "tester"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("alive");
        slow.set(false);
        await().atMost(Duration.ofSeconds(20)).until(() -> fired.size() == 1);
        assertThat(fires().fires(TICK, 10))
                .singleElement()
                .satisfies(fire -> assertThat(fire.askedBy()).contains("tester"));
        assertThatThrownBy(() -> Schedules.of(node.camel).runNow(new ScheduleName("other"), "tester"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("other");
    }

    @Test
    void runNowMakesTheEventsOfAllRoutesOrOfNone() throws Exception {
        for (String quick : List.of("aaa", "bbb", "yyy", "zzz")) {
            node.objects.put(route(new RouteId(quick), "tick", "log:quick"));
        }
        node.objects.put(schedule(true, Missed.RUN_ONCE, "0 0 0 1 1 ?"));
        node.start();
        slow.set(true);
        await().atMost(Duration.ofSeconds(20))
                .until(() -> Schedules.of(node.camel).list().size() == 5);
        assertThat(Schedules.of(node.camel).runNow(TICK, "tester")).hasSize(5).containsKey(ROUTE);
        await().atMost(Duration.ofSeconds(20))
                .until(() -> fires().fires(TICK, 10).stream()
                                .filter(fire -> fire.event().equals(Optional.of("completed")))
                                .count()
                        == 4);
        assertThatThrownBy(() -> Schedules.of(node.camel).runNow(TICK, "tester"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("route " + ROUTE + " is alive");
        assertThat(fires().fires(TICK, 10)).hasSize(5);
        slow.set(false);
        await().atMost(Duration.ofSeconds(20)).until(() -> fired.size() == 1);
    }

    @Test
    void whatWasDueWhileTheScheduleWasDisabledIsNotMadeUpFor() {
        fires().begin(TICK, ROUTE, Optional.of(Instant.now().minus(Duration.ofHours(5))));
        node.objects.put(schedule(false, Missed.RUN_ALL, "0 0 * * * ?"));
        node.start();
        node.objects.put(schedule(true, Missed.RUN_ALL, "0 0 * * * ?"));
        await().pollDelay(Duration.ofSeconds(3)).until(() -> true);
        assertThat(fired).isEmpty();
    }

    @Test
    void whatWasDueWhileTheRouteHadAnotherScheduleIsNotMadeUpFor() {
        ScheduleName former = new ScheduleName("former");
        fires().begin(former, ROUTE, Optional.of(Instant.now().minus(Duration.ofHours(5))));
        node.objects.put(
                schedule(true, Missed.SKIP, "0 0 0 1 1 ?"),
                new Schedule(former, "", true, List.of("0 0 * * * ?"), ZoneOffset.UTC, Missed.RUN_ALL));
        node.start();
        await().atMost(Duration.ofSeconds(20))
                .until(() ->
                        fires().clocks().stream().allMatch(row -> row.schedule().equals(TICK)));
        DATABASE.database().execute(connection -> {
            try (var statement = connection.createStatement()) {
                statement.executeUpdate("update schedule_clock set left_at = left_at - interval '1 hour'");
            }
        });
        Instant back = Instant.now();
        node.objects.put(route("former"));
        await().atMost(Duration.ofSeconds(20))
                .until(() -> fires().clocks().stream()
                        .anyMatch(row -> row.schedule().equals(former)
                                && row.lookedUntil().isAfter(back.minus(Duration.ofMinutes(1)))));
    }

    @Test
    void severalNodesFireOnceForATimeAndTheOthersGoOnWithoutTheOneThatStops() throws Exception {
        node.objects.put(schedule(true, Missed.RUN_ONCE, "* * * * * ?"));
        node.start();
        RunningNode second = new RunningNode("n2", DATABASE.database(), folder, folder.resolve("area"));
        try {
            second.camel.addRoutes(probe());
            second.objects.put(route(), schedule(true, Missed.RUN_ONCE, "* * * * * ?"));
            second.start();
            await().atMost(Duration.ofSeconds(20)).until(() -> fired.size() >= 5);
            node.close();
            int then = fired.size();
            await().atMost(Duration.ofSeconds(30)).until(() -> fired.size() >= then + 5);
            assertThat(fired).doesNotHaveDuplicates();
            List<Instant> decided = fires().fires(TICK, 1000).stream()
                    .map(FireView::planned)
                    .sorted()
                    .toList();
            for (int i = 1; i < decided.size(); i++) {
                assertThat(Duration.between(decided.get(i - 1), decided.get(i)))
                        .as("no second was passed over: %s", decided)
                        .isEqualTo(Duration.ofSeconds(1));
            }
        } finally {
            second.close();
        }
    }

    private ScheduleFires fires() {
        return new ScheduleFires(DATABASE.database(), node.queue);
    }

    @Test
    void aWrongExpressionIsNamed() {
        assertThatThrownBy(() -> Timing.Cron.of(TICK, List.of("every day"), ZoneOffset.UTC, Missed.SKIP))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("every day");
    }
}
