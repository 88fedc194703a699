package io.serai.route.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
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
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.camel.builder.RouteBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Routes that begin with {@code schedule:}, on a real database. */
@Timeout(60)
class ScheduleRouteTest {
    private static final RouteId ROUTE = new RouteId("ticker");
    private static final ScheduleName TICK = new ScheduleName("tick");

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private final List<Instant> fired = new CopyOnWriteArrayList<>();
    private RunningNode node;

    @BeforeEach
    void startNode() throws Exception {
        DATABASE.truncate("event", "event_attempt", "event_history", "transfer", "node", "schedule_fire");
        node = new RunningNode(DATABASE.database(), folder, folder.resolve("area"));
        node.camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:probe").routeId("probe").process(exchange -> {
                    assertThat(exchange.getIn().getHeader(SeraiHeaders.SCHEDULE))
                            .isEqualTo("tick");
                    fired.add(Instant.parse(exchange.getIn().getHeader(SeraiHeaders.FIRE_TIME, String.class)));
                });
            }
        });
        node.objects.put(new Route(ROUTE, Route.Dsl.YAML, """
                - route:
                    id: ticker
                    from:
                      uri: schedule:tick
                      steps:
                        - to: direct:probe
                """));
    }

    @AfterEach
    void stopNode() {
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
        new ScheduleFires(DATABASE.database(), node.queue).begin(TICK, ROUTE, hoursAgo);
        node.objects.put(schedule(true, Missed.RUN_ONCE, "0 0 * * * ?"));
        Instant planned = Instant.now().minusSeconds(20).truncatedTo(ChronoUnit.HOURS);
        node.start();
        await().atMost(Duration.ofSeconds(20)).until(() -> !fired.isEmpty());
        assertThat(fired).containsExactly(planned);
    }

    @Test
    void missedFiresAreLeftOutWhenTheScheduleSaysSo() {
        new ScheduleFires(DATABASE.database(), node.queue)
                .begin(TICK, ROUTE, Instant.now().minus(Duration.ofDays(5)));
        node.objects.put(schedule(true, Missed.SKIP, "0 0 0 1 1 ?"));
        node.start();
        await().pollDelay(Duration.ofSeconds(2)).until(() -> true);
        assertThat(fired).isEmpty();
    }

    @Test
    void theLatestTimeIsFoundWithoutCountingThroughYears() {
        Timing secondly = Timing.Cron.of(TICK, List.of("* * * * * ?"), ZoneOffset.UTC, Missed.SKIP);
        Instant now = Instant.parse("2026-03-29T01:30:00.500Z");
        assertThat(secondly.latest(Instant.EPOCH, now)).contains(now.truncatedTo(ChronoUnit.SECONDS));
        Timing yearly = Timing.Cron.of(TICK, List.of("0 30 2 1 1 ?"), ZoneId.of("Europe/Berlin"), Missed.RUN_ONCE);
        assertThat(yearly.latest(Instant.EPOCH, now)).contains(Instant.parse("2026-01-01T01:30:00Z"));
        assertThat(yearly.latest(Instant.parse("2026-01-01T01:30:00Z"), now)).isEmpty();
        Timing every = new Timing.Every(TICK, Duration.ofMinutes(5));
        assertThat(every.latest(Instant.EPOCH, now)).contains(Instant.parse("2026-03-29T01:30:00Z"));
    }

    @Test
    void aWrongExpressionIsNamed() {
        assertThatThrownBy(() -> Timing.Cron.of(TICK, List.of("every day"), ZoneOffset.UTC, Missed.SKIP))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("every day");
    }
}
