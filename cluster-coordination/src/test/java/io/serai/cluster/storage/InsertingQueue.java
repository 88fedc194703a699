package io.serai.cluster.storage;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.event.EventId;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.node.FencingToken;
import io.serai.config.name.RouteId;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** As much of an event queue as receiving needs: it inserts into the table. */
public final class InsertingQueue implements EventQueue {
    @Override
    public List<EventId> enqueue(Connection connection, List<NewEvent> events) throws SQLException {
        List<EventId> ids = new ArrayList<>();
        String sql =
                "insert into event (kind, route_id, account, transfer_id, path) values (?, ?, ?, ?, ?) returning id";
        for (NewEvent event : events) {
            try (var statement = connection.prepareStatement(sql)) {
                statement.setString(1, event.kind().name().toLowerCase(Locale.ROOT));
                statement.setString(2, event.route().value());
                statement.setString(3, event.fairShare());
                statement.setObject(4, event.transfer().orElseThrow().value());
                statement.setString(5, event.path());
                try (var rows = statement.executeQuery()) {
                    rows.next();
                    ids.add(new EventId(rows.getLong(1)));
                }
            }
        }
        return ids;
    }

    @Override
    public List<ClaimedEvent> claim(FencingToken token, Map<RouteId, Integer> freeSlots) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void complete(ClaimedEvent event) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Verdict fail(ClaimedEvent event, Failure failure) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void release(List<ClaimedEvent> events) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int releaseEpoch(Connection connection, long epoch) {
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
        throw new UnsupportedOperationException();
    }

    @Override
    public List<EventView> find(EventFilter filter) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<EventView> get(EventId id) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Map<String, Long> depth() {
        throw new UnsupportedOperationException();
    }

    @Override
    public int forget(Duration olderThan) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void onWork(Runnable wake) {
        throw new UnsupportedOperationException();
    }
}
