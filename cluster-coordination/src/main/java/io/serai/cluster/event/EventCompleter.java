package io.serai.cluster.event;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;

import io.serai.cluster.database.Database;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Ends events for many callers by one thread and one transaction a group. While a group is being committed the next one
 * gathers, so a lone caller waits for nobody and many callers share the cost of a commit.
 */
final class EventCompleter {
    private static final int LARGEST_GROUP = 500;
    private static final long LOOK_FOR_STOP_MILLIS = 200;

    private static final String COMPLETE = """
            with done as (
                delete from event where id = any (?) and state = 'claimed' and claimed_epoch = ? returning *
            ), delivered as (
                delete from delivery where event_id in (select id from done)
            )
            insert into event_history (id, kind, route_id, account, transfer_id, file_id, path, outcome, attempts,
                                       node, epoch, created_at)
            select id, kind, route_id, account, transfer_id, file_id, path, 'completed', attempts + 1,
                   claimed_by, claimed_epoch, created_at
              from done
            returning id
            """;

    /** A completion without an answer may have happened; it shows in the history under the epoch. */
    private static final String COMPLETED_BEFORE =
            "select id from event_history where id = any (?) and epoch = ? and outcome = 'completed'";

    private final Database database;
    private final DatabaseInsistence insistence;
    private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
    private final AtomicBoolean running = new AtomicBoolean();
    private @Nullable Thread thread;

    EventCompleter(Database database, DatabaseInsistence insistence) {
        this.database = database;
        this.insistence = insistence;
    }

    private record Request(ClaimedEvent event, CompletableFuture<Boolean> outcome) {}

    synchronized void start() {
        if (running.compareAndSet(false, true)) {
            Thread fresh = new Thread(this::run, "event-completer");
            fresh.setDaemon(true);
            thread = fresh;
            fresh.start();
        }
    }

    /** Ends what was asked for before, then the thread. */
    synchronized void stop() {
        running.set(false);
        Thread stopping = thread;
        thread = null;
        if (stopping != null) {
            try {
                stopping.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        refuseTheRest();
    }

    void complete(ClaimedEvent event) {
        Request request = new Request(event, new CompletableFuture<>());
        requests.add(request);
        if (!running.get()) {
            refuseTheRest();
        }
        try {
            if (!request.outcome().join()) {
                SeraiException refused = EventRows.fenced(event);
                database.countFenced(refused);
                throw refused;
            }
        } catch (CompletionException e) {
            if (e.getCause() instanceof SeraiException known) {
                throw new SeraiException(known.code(), known.text(), known);
            }
            throw e;
        }
    }

    /** As a part of the caller's transaction. */
    static void complete(Connection connection, ClaimedEvent event) throws SQLException {
        long epoch = event.token().epoch();
        if (run(connection, COMPLETE, epoch, Set.of(event.id().value())).isEmpty()) {
            throw EventRows.fenced(event);
        }
    }

    private void refuseTheRest() {
        List<Request> left = new ArrayList<>();
        requests.drainTo(left);
        left.forEach(request -> request.outcome()
                .completeExceptionally(
                        new SeraiException(ErrorCode.BUSY, "the event queue of this node is not running")));
    }

    private void run() {
        List<Request> group = new ArrayList<>();
        while (running.get() || !requests.isEmpty()) {
            try {
                Request first = requests.poll(LOOK_FOR_STOP_MILLIS, TimeUnit.MILLISECONDS);
                if (first == null) {
                    continue;
                }
                group.add(first);
                requests.drainTo(group, LARGEST_GROUP - 1);
                end(group);
            } catch (InterruptedException e) {
                // Only stop() ends this thread, and it does not interrupt.
                Thread.currentThread().interrupt();
                return;
            } finally {
                group.clear();
            }
        }
    }

    private void end(List<Request> group) {
        try {
            Set<Long> ended = insistence.until(() -> endAll(group));
            group.forEach(request -> request.outcome()
                    .complete(ended.contains(request.event().id().value())));
        } catch (RuntimeException | Error e) { // whoever waits for its event must hear of it, whatever it was
            group.forEach(request -> request.outcome().completeExceptionally(e));
        }
    }

    private Set<Long> endAll(List<Request> group) {
        Set<Long> ended = new HashSet<>();
        group.stream()
                .map(Request::event)
                .collect(groupingBy(
                        event -> event.token().epoch(),
                        mapping(event -> event.id().value(), toSet())))
                .forEach((epoch, ids) -> ended.addAll(endAll(epoch, ids)));
        return ended;
    }

    private Set<Long> endAll(long epoch, Set<Long> ids) {
        Set<Long> ended = new HashSet<>(changed(COMPLETE, epoch, ids));
        Set<Long> missing = new HashSet<>(ids);
        missing.removeAll(ended);
        if (!missing.isEmpty()) {
            ended.addAll(changed(COMPLETED_BEFORE, epoch, missing));
        }
        return ended;
    }

    private Set<Long> changed(String sql, long epoch, Set<Long> ids) {
        return database.statement(connection -> run(connection, sql, epoch, ids));
    }

    private static Set<Long> run(Connection connection, String sql, long epoch, Set<Long> ids) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(1, connection.createArrayOf("int8", ids.toArray()));
            statement.setLong(2, epoch);
            return EventRows.ids(statement);
        }
    }
}
