package io.serai.route.arrival;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.limit.LimitOwner;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A queue in memory whose database and lease can be taken away. */
final class FailingQueue implements EventQueue {
    static final RouteId ROUTE = new RouteId("r");

    private final Deque<Long> ready = new ArrayDeque<>();
    final List<String> outcomes = new ArrayList<>();
    private boolean down;
    private boolean fenced;
    private long epoch = 1;

    synchronized void offer(long id) {
        ready.add(id);
    }

    synchronized void down(boolean value) {
        down = value;
    }

    /** Ends the lease; what was claimed under it is ready again. */
    synchronized void loseLease(long... claimed) {
        fenced = true;
        for (long id : claimed) {
            ready.add(id);
        }
    }

    synchronized void newLease() {
        fenced = false;
        epoch++;
    }

    synchronized FencingToken token() {
        if (fenced) {
            throw new SeraiException(ErrorCode.FENCED, "the lease has ended");
        }
        return new FencingToken(new NodeName("n"), epoch);
    }

    synchronized List<String> outcomes() {
        return List.copyOf(outcomes);
    }

    private void check(FencingToken shown) {
        if (down) {
            throw new SeraiException(ErrorCode.DATABASE_DOWN, "no database");
        }
        if (fenced || shown.epoch() != epoch) {
            throw new SeraiException(ErrorCode.FENCED, "an old token");
        }
    }

    @Override
    public synchronized int releaseLost(FencingToken token, Set<EventId> running) {
        return 0;
    }

    @Override
    public synchronized List<ClaimedEvent> claim(FencingToken token, Room room) {
        Map<RouteId, Integer> freeSlots = room.freeSlots();
        check(token);
        List<ClaimedEvent> claimed = new ArrayList<>();
        while (claimed.size() < freeSlots.getOrDefault(ROUTE, 0) && !ready.isEmpty()) {
            claimed.add(new ClaimedEvent(
                    new EventId(ready.remove()),
                    EventKind.SCHEDULE,
                    ROUTE,
                    "a",
                    Optional.empty(),
                    Optional.empty(),
                    "",
                    Map.of(),
                    1,
                    Instant.EPOCH,
                    token));
        }
        return claimed;
    }

    @Override
    public synchronized void complete(ClaimedEvent event) {
        check(event.token());
        outcomes.add("complete " + event.id());
    }

    @Override
    public void complete(Connection connection, ClaimedEvent event) {
        complete(event);
    }

    @Override
    public synchronized Verdict fail(ClaimedEvent event, Failure failure) {
        // Until a takeover an outcome of the old claim is still taken: a stop must not be reported as a failure.
        if (failure.code().kind() == ErrorKind.FENCED) {
            throw new SeraiException(ErrorCode.FENCED, "the event is left to its next owner");
        }
        outcomes.add("fail " + event.id() + " " + failure.code());
        return new Verdict.Parked();
    }

    @Override
    public synchronized void release(List<ClaimedEvent> events) {
        events.forEach(event -> outcomes.add("release " + event.id()));
    }

    @Override
    public List<EventId> enqueue(Connection connection, List<NewEvent> events) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int releaseEpoch(Connection connection, long ended) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void retryNow(EventId id) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void cancel(EventId id, String by) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<EventId> cancelRequests(FencingToken token) {
        return List.of();
    }

    @Override
    public List<EventView> find(EventFilter filter) {
        return List.of();
    }

    @Override
    public Optional<EventView> get(EventId id) {
        return Optional.empty();
    }

    @Override
    public Map<String, Long> depth() {
        return Map.of();
    }

    @Override
    public int forget(Duration olderThan) {
        return 0;
    }

    @Override
    public synchronized void waitFor(ClaimedEvent event, LimitOwner owner, int most) {
        check(event.token());
        outcomes.add("wait " + event.id());
    }

    @Override
    public void onWork(Runnable wake) {
        wake.run();
    }

    /** For settings that want a poll. */
    static Duration poll() {
        return Duration.ofMillis(20);
    }
}
