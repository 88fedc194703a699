package io.serai.cluster.schedule;

import static org.assertj.core.api.Assertions.assertThat;

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
        DATABASE.truncate("event", "schedule_fire");
        queue = new JdbcEventQueue(DATABASE.database(), EventQueueSettings.usual(), RandomGenerator.getDefault());
        fires = new ScheduleFires(DATABASE.database(), queue);
    }

    @Test
    void makesOneEventHoweverManyFireIt() {
        Queue<EventId> made = new ConcurrentLinkedQueue<>();
        IntStream.range(0, 8)
                .parallel()
                .forEach(i -> fires.fire(NIGHTLY, ROUTE, NOON, event(ROUTE)).ifPresent(made::add));
        assertThat(made).hasSize(1);
        assertThat(queue.depth()).containsEntry("ready", 1L);
    }

    @Test
    void firesEachRouteAndTimeOfItsOwn() {
        RouteId other = new RouteId("other");
        assertThat(fires.fire(NIGHTLY, ROUTE, NOON, event(ROUTE))).isPresent();
        assertThat(fires.fire(NIGHTLY, other, NOON, event(other))).isPresent();
        assertThat(fires.fire(NIGHTLY, ROUTE, NOON.plusSeconds(60), event(ROUTE)))
                .isPresent();
        assertThat(fires.last(NIGHTLY, ROUTE)).contains(NOON.plusSeconds(60));
        assertThat(fires.last(NIGHTLY, other)).contains(NOON);
        assertThat(fires.last(new ScheduleName("never"), ROUTE)).isEmpty();
    }

    @Test
    void remembersFromWhenOnFiresCountAsMissed() {
        fires.begin(NIGHTLY, ROUTE, NOON);
        fires.begin(NIGHTLY, ROUTE, NOON.plusSeconds(60));
        assertThat(fires.last(NIGHTLY, ROUTE)).contains(NOON);
        assertThat(queue.depth()).containsEntry("ready", 0L);
    }

    @Test
    void forgetsOldFiresButTheLast() {
        Instant old = Instant.now().minus(Duration.ofDays(40));
        fires.fire(NIGHTLY, ROUTE, old, event(ROUTE));
        fires.fire(NIGHTLY, ROUTE, old.plusSeconds(60), event(ROUTE));
        assertThat(fires.forget(Duration.ofDays(30))).isEqualTo(1);
        assertThat(fires.last(NIGHTLY, ROUTE)).isPresent();
        assertThat(fires.forget(Duration.ofDays(30))).isZero();
    }

    private static NewEvent event(RouteId route) {
        return new NewEvent(EventKind.SCHEDULE, route, "nightly", 5, Optional.empty(), Optional.empty(), "", Map.of());
    }
}
