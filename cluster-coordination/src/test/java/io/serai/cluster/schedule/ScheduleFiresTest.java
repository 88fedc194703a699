package io.serai.cluster.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.EventQueueSettings;
import io.serai.cluster.event.JdbcEventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ScheduleFiresTest {
    private static final ScheduleName NIGHTLY = new ScheduleName("nightly");
    private static final RouteId ROUTE = new RouteId("pull-orders");
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private JdbcEventQueue queue;
    private ScheduleFires fires;

    @BeforeEach
    void start() {
        DATABASE.truncate("event", "schedule_fire", "schedule_clock");
        queue = new JdbcEventQueue(DATABASE.database(), EventQueueSettings.usual(), RandomGenerator.getDefault());
        fires = new ScheduleFires(DATABASE.database(), queue);
    }

    @Test
    void makesOneEventHoweverManyFireIt() {
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON));
        Queue<EventId> made = new ConcurrentLinkedQueue<>();
        IntStream.range(0, 8).parallel().forEach(i -> fire(ROUTE, NOON).ifPresent(made::add));
        assertThat(made).hasSize(1);
        assertThat(queue.depth()).containsEntry("ready", 1L);
    }

    @Test
    void firesEachRouteAndTimeOfItsOwn() {
        RouteId other = new RouteId("other");
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON));
        fires.begin(NIGHTLY, other, Optional.of(NOON));
        assertThat(fire(ROUTE, NOON)).isPresent();
        assertThat(fire(other, NOON)).isPresent();
        assertThat(fire(ROUTE, NOON.plusSeconds(60))).isPresent();
        assertThat(fires.fires(NIGHTLY, 10))
                .extracting(FireView::planned)
                .containsExactly(NOON.plusSeconds(60), NOON, NOON);
        assertThat(fires.lastFires())
                .extracting(FireView::route, FireView::planned)
                .containsExactlyInAnyOrder(tuple(ROUTE, NOON.plusSeconds(60)), tuple(other, NOON));
    }

    @Test
    void remembersUntilWhenItLooked() {
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON));
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON.plusSeconds(60)));
        assertThat(fires.look(NIGHTLY, ROUTE, ClockLook::since)).isEqualTo(NOON);
        fires.look(NIGHTLY, ROUTE, look -> {
            look.lookedUntil(NOON.plusSeconds(120));
            look.lookedUntil(NOON.plusSeconds(90));
            return 0;
        });
        assertThat(fires.look(NIGHTLY, ROUTE, ClockLook::since)).isEqualTo(NOON.plusSeconds(120));
    }

    @Test
    void aClockThatWasForgottenBeginsAnewWheneverItFiredBefore() {
        Instant march = Instant.parse("2026-03-01T12:00:00Z");
        fires.begin(NIGHTLY, ROUTE, Optional.of(march));
        fire(ROUTE, march);
        fires.forget(NIGHTLY, ROUTE);
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON));
        assertThat(fires.look(NIGHTLY, ROUTE, ClockLook::since)).isEqualTo(NOON);
    }

    @Test
    void aRouteThatIsGivenAnotherScheduleLeavesTheFormerOne() {
        ScheduleName hourly = new ScheduleName("hourly");
        RouteId other = new RouteId("other");
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON));
        fires.begin(NIGHTLY, other, Optional.of(NOON));
        fires.begin(hourly, ROUTE, Optional.of(NOON));
        fires.leaveOthers(hourly, ROUTE);
        assertThat(fires.clocks())
                .extracting(ClockRow::schedule, ClockRow::route)
                .containsExactlyInAnyOrder(tuple(hourly, ROUTE), tuple(NIGHTLY, other));
    }

    @Test
    void aScheduleThatIsGivenBackGoesOnAtOnceAndBeginsAnewLater() {
        ScheduleName hourly = new ScheduleName("hourly");
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON));
        fires.leaveOthers(hourly, ROUTE);
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON.plusSeconds(60)));
        assertThat(fires.look(NIGHTLY, ROUTE, ClockLook::since))
                .as("taken back")
                .isEqualTo(NOON);

        fires.leaveOthers(hourly, ROUTE);
        DATABASE.database().execute(connection -> {
            try (var statement = connection.createStatement()) {
                statement.executeUpdate("update schedule_clock set left_at = left_at - interval '1 hour'");
            }
        });
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON.plusSeconds(60)));
        assertThat(fires.look(NIGHTLY, ROUTE, ClockLook::since))
                .as("given back an hour later")
                .isEqualTo(NOON.plusSeconds(60));
    }

    @Test
    void aLookThatFailsLeavesNothing() {
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON));
        assertThatThrownBy(() -> fires.look(NIGHTLY, ROUTE, look -> {
                    look.fire(NOON, event(ROUTE), "", Optional.empty());
                    look.lookedUntil(NOON.plusSeconds(1));
                    throw new IllegalStateException("on purpose");
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(fires.fires(NIGHTLY, 10)).isEmpty();
        assertThat(queue.depth()).containsEntry("ready", 0L);
        assertThat(fires.counts().of(FireCounts.Kind.QUEUED)).isZero();
        assertThat(fires.look(NIGHTLY, ROUTE, ClockLook::since)).isEqualTo(NOON);
    }

    @Test
    void forgetsOldFiresButTheLast() {
        Instant old = Instant.now().minus(Duration.ofDays(40));
        fires.begin(NIGHTLY, ROUTE, Optional.of(old));
        fire(ROUTE, old);
        fire(ROUTE, old.plusSeconds(60));
        assertThat(fires.forget(Duration.ofDays(30))).isEqualTo(1);
        assertThat(fires.fires(NIGHTLY, 10)).hasSize(1);
        assertThat(fires.forget(Duration.ofDays(30))).isZero();
    }

    @Test
    void countsWhatCameOfEachFireOnce() {
        fires.begin(NIGHTLY, ROUTE, Optional.of(NOON));
        for (int i = 0; i < 2; i++) {
            fires.look(NIGHTLY, ROUTE, look -> {
                look.fire(NOON, event(ROUTE), "", Optional.empty());
                look.fire(NOON.plusSeconds(1), event(ROUTE), "makes up for 3 missed", Optional.empty());
                look.fire(NOON.plusSeconds(2), event(ROUTE), "", Optional.of("ada"));
                look.leaveOut(NOON.plusSeconds(3), FireOutcome.MISSED, "2 missed up to here");
                look.leaveOut(NOON.plusSeconds(4), FireOutcome.OVERLAPPED, "");
                return 0;
            });
        }
        assertThat(FireCounts.Kind.values())
                .allSatisfy(kind ->
                        assertThat(fires.counts().of(kind)).as(kind.word()).isEqualTo(1));
    }

    private Optional<EventId> fire(RouteId route, Instant planned) {
        return fires.look(NIGHTLY, route, look -> look.fire(planned, event(route), "", Optional.empty()));
    }

    private static NewEvent event(RouteId route) {
        return new NewEvent(EventKind.SCHEDULE, route, "nightly", 5, Optional.empty(), Optional.empty(), "", Map.of());
    }
}
