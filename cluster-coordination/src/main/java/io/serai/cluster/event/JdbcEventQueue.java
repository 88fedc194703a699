package io.serai.cluster.event;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import io.serai.cluster.database.Database;
import io.serai.cluster.limit.LimitOwner;
import io.serai.cluster.node.FencingToken;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The event queue in the shared database. Claims are made by {@link EventClaimer}, completions by
 * {@link EventCompleter}, failures by {@link EventFailer}, wake-ups by {@link EventWaker}.
 *
 * <p>{@code complete}, {@code fail} and {@code release} wait for a database that is away for as long as
 * {@link EventQueueSettings#patience} says; when they give up the event returns to the queue with the end of the lease.
 */
public final class JdbcEventQueue implements EventQueue, AutoCloseable {
    private static final int FORGET_AT_ONCE = 1_000;
    /** Places that are given back wake what waits for them; this is for one that nobody gave back. */
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    private static final String WAIT_FOR = "select wait_for_slot(?, ?, ?, ?, ?, ?)";

    private static final String ENQUEUE = """
            insert into event (kind, route_id, account, priority, transfer_id, file_id, path, detail)
            select kind, route_id, account, priority, transfer_id, file_id, path, detail::jsonb
              from unnest(?::text[], ?::text[], ?::text[], ?::int2[], ?::uuid[], ?::uuid[], ?::text[], ?::text[])
                   with ordinality
                   as n (kind, route_id, account, priority, transfer_id, file_id, path, detail, place)
             order by place
            returning id
            """;

    private static final String UNCLAIM =
            "set state = 'ready', claimed_by = null, claimed_epoch = null, claimed_at = null, claim_key = null";

    private static final String RELEASE =
            "update event " + UNCLAIM + " where id = any (?) and state = 'claimed' and claimed_epoch = ?";

    private static final String RELEASE_EPOCH =
            "update event " + UNCLAIM + " where state = 'claimed' and claimed_epoch = ?";

    private static final String LOST = """
            select id from event
             where state = 'claimed' and claimed_epoch = ? and claimed_at < clock_timestamp() - interval '1 minute'
               and id <> all (?)
            """;

    private static final String RETRY = """
            update event
               set state = 'ready', due_at = clock_timestamp(), attempts_forgiven = attempts, resource_failures = 0
             where id = ? and state in ('parked', 'waiting')
            """;

    private static final String REQUEST_CANCEL = """
            update event
               set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()),
                   cancel_requested_by = coalesce(cancel_requested_by, ?)
             where id = ?
            """;

    private static final String CANCEL_REQUESTS = """
            select id from event
             where state = 'claimed' and claimed_epoch = ? and cancel_requested_at is not null order by id
            """;

    private static final String FORGET = """
            with gone as (
                delete from event_history
                 where id in (select id from event_history
                               where ended_at < clock_timestamp() - ? * interval '1 millisecond'
                               order by ended_at limit ?)
                returning id
            ), attempts as (
                delete from event_attempt where event_id in (select id from gone)
            )
            select id from gone
            """;

    private final Database database;
    private final DatabaseInsistence insistence;
    private final EventWaker waker;
    private final EventClaimer claimer;
    private final EventCompleter completer;
    private final EventFailer failer;

    /**
     * Makes the queue; {@link #start} makes it run.
     *
     * @param random spreads retries; injected so that tests can repeat
     */
    public JdbcEventQueue(Database database, EventQueueSettings settings, RandomGenerator random) {
        this.database = database;
        this.insistence = new DatabaseInsistence(settings.patience());
        this.waker = new EventWaker(database, settings.pollInterval());
        this.claimer = new EventClaimer(database, insistence, settings.claimBatch());
        this.completer = new EventCompleter(database, insistence);
        this.failer = new EventFailer(database, insistence, new RetryPolicy(settings, random));
    }

    /** Begins to listen, to promote what is due and to complete. */
    public void start() {
        completer.start();
        waker.start();
    }

    /** Finishes completions that were asked for and stops; claims stay, to be released by the caller or a takeover. */
    @Override
    public void close() {
        waker.stop();
        completer.stop();
    }

    @Override
    public List<EventId> enqueue(Connection connection, List<NewEvent> events) throws SQLException {
        if (events.isEmpty()) {
            return List.of();
        }
        try (PreparedStatement statement = connection.prepareStatement(ENQUEUE)) {
            set(statement, 1, "text", events.stream().map(event -> EventRows.word(event.kind())));
            set(statement, 2, "text", events.stream().map(event -> event.route().value()));
            set(statement, 3, "text", events.stream().map(NewEvent::fairShare));
            set(statement, 4, "int2", events.stream().map(NewEvent::priority));
            set(statement, 5, "uuid", events.stream().map(JdbcEventQueue::transfer));
            set(statement, 6, "uuid", events.stream().map(JdbcEventQueue::file));
            set(statement, 7, "text", events.stream().map(NewEvent::path));
            set(statement, 8, "text", events.stream().map(event -> EventRows.json(event.detail())));
            List<EventId> ids =
                    EventRows.ids(statement).stream().sorted().map(EventId::new).toList();
            database.afterCommit(connection, waker::announce);
            return ids;
        }
    }

    private static @Nullable UUID transfer(NewEvent event) {
        return event.transfer().map(id -> id.value()).orElse(null);
    }

    private static @Nullable UUID file(NewEvent event) {
        return event.file().map(id -> id.value()).orElse(null);
    }

    private static void set(PreparedStatement statement, int index, String type, Stream<?> values) throws SQLException {
        statement.setArray(index, statement.getConnection().createArrayOf(type, values.toArray()));
    }

    @Override
    public List<ClaimedEvent> claim(FencingToken token, Room room) {
        return claimer.claim(token, room);
    }

    @Override
    public int releaseLost(FencingToken token, Set<EventId> running) {
        Object[] known = running.stream().map(EventId::value).toArray();
        Set<Long> lost = database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(LOST)) {
                statement.setLong(1, token.epoch());
                statement.setArray(2, connection.createArrayOf("int8", known));
                return EventRows.ids(statement);
            }
        });
        if (lost.isEmpty()) {
            return 0;
        }
        return database.transaction(connection -> {
            release(connection, token.epoch(), lost.toArray());
            database.afterCommit(connection, waker::announce);
            return lost.size();
        });
    }

    @Override
    public void complete(ClaimedEvent event) {
        completer.complete(event);
    }

    @Override
    public void complete(Connection connection, ClaimedEvent event) throws SQLException {
        EventCompleter.complete(connection, event);
    }

    @Override
    public Verdict fail(ClaimedEvent event, Failure failure) {
        Verdict verdict = failer.fail(event, failure);
        if (verdict instanceof Verdict.RetryAfter retry) {
            waker.dueIn(retry.delay());
        }
        return verdict;
    }

    @Override
    public void waitFor(ClaimedEvent event, LimitOwner owner, int most) {
        // Each a statement by itself: a node that freezes here must not hold the owner's lock.
        String outcome =
                insistence.until(() -> database.statement(connection -> waitFor(connection, event, owner, most)));
        if (outcome.equals("ready")) {
            waker.announce();
        } else if (outcome.equals("fenced")) {
            cancelIfRequested(event);
        }
    }

    private void cancelIfRequested(ClaimedEvent event) {
        Object[] id = {event.id().value()};
        var unused = insistence.until(() -> database.statement(connection -> {
            EventEnding.cancelRequested(connection, event.token().epoch(), id);
            return Boolean.TRUE;
        }));
    }

    private static String waitFor(Connection connection, ClaimedEvent event, LimitOwner owner, int most)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(WAIT_FOR)) {
            statement.setLong(1, event.id().value());
            statement.setLong(2, event.token().epoch());
            statement.setString(3, owner.kind().name().toLowerCase(Locale.ROOT));
            statement.setString(4, owner.name());
            statement.setInt(5, most);
            statement.setLong(
                    6, LONGEST_WAIT.toMillis() + ThreadLocalRandom.current().nextLong(LONGEST_WAIT.toMillis()));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    /** Events were made ready by others than this queue's own methods: who claims looks for them now. */
    public void announce() {
        waker.announce();
    }

    @Override
    public void release(List<ClaimedEvent> events) {
        if (events.isEmpty()) {
            return;
        }
        Map<Long, List<Long>> byEpoch = events.stream()
                .collect(groupingBy(
                        event -> event.token().epoch(),
                        mapping(event -> event.id().value(), toList())));
        insistence.until(() -> database.transaction(connection -> {
            for (Map.Entry<Long, List<Long>> claims : byEpoch.entrySet()) {
                release(connection, claims.getKey(), claims.getValue().toArray());
            }
            database.afterCommit(connection, waker::announce);
            return byEpoch.size();
        }));
    }

    private static void release(Connection connection, long epoch, Object[] ids) throws SQLException {
        EventEnding.cancelRequested(connection, epoch, ids);
        try (PreparedStatement statement = connection.prepareStatement(RELEASE)) {
            statement.setArray(1, connection.createArrayOf("int8", ids));
            statement.setLong(2, epoch);
            statement.executeUpdate();
        }
    }

    @Override
    public int releaseEpoch(Connection connection, long epoch) throws SQLException {
        int cancelled = EventEnding.cancelRequested(connection, epoch);
        try (PreparedStatement statement = connection.prepareStatement(RELEASE_EPOCH)) {
            statement.setLong(1, epoch);
            int released = statement.executeUpdate();
            database.afterCommit(connection, waker::announce);
            return cancelled + released;
        }
    }

    @Override
    public void retryNow(EventId id) {
        int changed = database.transaction(connection -> {
            database.afterCommit(connection, waker::announce);
            try (PreparedStatement statement = connection.prepareStatement(RETRY)) {
                statement.setLong(1, id.value());
                return statement.executeUpdate();
            }
        });
        if (changed == 0) {
            throw EventRows.noSuchEvent(id, "parked or waiting");
        }
    }

    @Override
    public void cancel(EventId id, String by) {
        database.execute(connection -> {
            String state = lock(connection, id).orElseThrow(() -> EventRows.noSuchEvent(id, "live"));
            if (state.equals("claimed")) {
                requestCancel(connection, id, by);
                database.afterCommit(connection, waker::announce);
            } else {
                EventEnding.cancel(connection, id, by);
            }
        });
    }

    private static Optional<String> lock(Connection connection, EventId id) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select state from event where id = ? for update")) {
            statement.setLong(1, id.value());
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
            }
        }
    }

    private static void requestCancel(Connection connection, EventId id, String by) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(REQUEST_CANCEL)) {
            statement.setString(1, by);
            statement.setLong(2, id.value());
            statement.executeUpdate();
        }
    }

    @Override
    public List<EventId> cancelRequests(FencingToken token) {
        return database.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(CANCEL_REQUESTS)) {
                statement.setLong(1, token.epoch());
                return EventRows.ids(statement).stream().map(EventId::new).toList();
            }
        });
    }

    @Override
    public List<EventView> find(EventFilter filter) {
        return database.read(connection -> EventViews.find(connection, filter));
    }

    @Override
    public Optional<EventView> get(EventId id) {
        return database.read(connection -> EventViews.get(connection, id));
    }

    @Override
    public Map<String, Long> depth() {
        return database.read(EventViews::depth);
    }

    /** How long the oldest event that is ready has waited. */
    public Duration oldestReady() {
        return database.statement(EventViews::oldestReady);
    }

    /** How long this node's claims had to wait. */
    public ClaimTimes claimTimes() {
        return claimer.times();
    }

    @Override
    public void onWork(Runnable wake) {
        waker.onWork(wake);
    }

    @Override
    public int forget(Duration olderThan) {
        if (olderThan.isNegative()) {
            throw new SeraiException(ErrorCode.INVALID, "the retention of ended events must not be negative");
        }
        int forgotten = 0;
        int step;
        do {
            step = database.statement(connection -> {
                try (PreparedStatement statement = connection.prepareStatement(FORGET)) {
                    statement.setLong(1, olderThan.toMillis());
                    statement.setInt(2, FORGET_AT_ONCE);
                    return EventRows.ids(statement).size();
                }
            });
            forgotten += step;
        } while (step == FORGET_AT_ONCE);
        return forgotten;
    }
}
