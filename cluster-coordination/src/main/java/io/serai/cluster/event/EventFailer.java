package io.serai.cluster.event;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.EventQueue.Failure;
import io.serai.cluster.event.EventQueue.Verdict;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Records failed attempts and what becomes of their events, in one transaction under the claim's fencing token. */
final class EventFailer {
    private static final int LONGEST_TEXT = 4_000;

    private static final String LOCK = """
            select attempts, attempts_forgiven, resource_failures, cancel_requested_at, cancel_requested_by
              from event where id = ? and state = 'claimed' and claimed_epoch = ? for update
            """;

    /** Attempts that were not counted share a row: the last one is kept. */
    private static final String RECORD_ATTEMPT = """
            insert into event_attempt (event_id, attempt, node, epoch, error_code, error_text, error_step)
            values (?, ?, ?, ?, ?, ?, ?)
            on conflict (event_id, attempt, epoch) do update
               set ended_at = clock_timestamp(), error_code = excluded.error_code,
                   error_text = excluded.error_text, error_step = excluded.error_step
            returning ended_at
            """;

    private static final String RECORDED =
            "select 1 from event_attempt where event_id = ? and attempt = ? and epoch = ? and ended_at = ?";

    private static final String MOVE = """
            update event
               set state = ?, due_at = clock_timestamp() + ? * interval '1 millisecond', attempts = ?,
                   resource_failures = ?, error_code = ?, error_text = ?, error_step = ?, waits_for = null,
                   claimed_by = null, claimed_epoch = null, claimed_at = null, claim_key = null
             where id = ?
            """;

    /** A node that doubted its lease for a moment and still has it must not keep the event for ever. */
    private static final String GIVE_BACK = """
            update event e
               set state = 'waiting', due_at = clock_timestamp() + interval '1 second',
                   claimed_by = null, claimed_epoch = null, claimed_at = null, claim_key = null
             where e.id = ? and e.state = 'claimed' and e.claimed_epoch = ?
               and exists (select 1 from node n
                            where n.epoch = e.claimed_epoch and n.state in ('active', 'draining')
                              and n.lease_until > clock_timestamp())
            """;

    private final Database database;
    private final DatabaseInsistence insistence;
    private final RetryPolicy policy;

    EventFailer(Database database, DatabaseInsistence insistence, RetryPolicy policy) {
        this.database = database;
        this.insistence = insistence;
        this.policy = policy;
    }

    Verdict fail(ClaimedEvent event, Failure failure) {
        if (failure.code().kind() == ErrorKind.FENCED) {
            int givenBack = insistence.until(() -> database.statement(connection -> giveBack(connection, event)));
            SeraiException refused = EventRows.fenced(event);
            if (givenBack == 0) {
                database.countFenced(refused);
            }
            throw refused;
        }
        Writing writing = new Writing(event, failure);
        return insistence.until(writing::write);
    }

    private static int giveBack(Connection connection, ClaimedEvent event) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(GIVE_BACK)) {
            statement.setLong(1, event.id().value());
            statement.setLong(2, event.token().epoch());
            return statement.executeUpdate();
        }
    }

    private record Held(int attempts, int forgiven, int resourceFailures, boolean cancelled, Optional<String> by) {}

    /** One failure being written, perhaps more than once: a commit without an answer is read again first. */
    private final class Writing {
        private final ClaimedEvent event;
        private final Failure failure;
        private @Nullable OffsetDateTime writtenAt;
        private @Nullable Verdict written;
        private int attempt;

        Writing(ClaimedEvent event, Failure failure) {
            this.event = event;
            this.failure = failure;
        }

        Verdict write() {
            Verdict before = written;
            if (before != null && isRecorded()) {
                return before;
            }
            return database.transaction(this::write);
        }

        private Verdict write(Connection connection) throws SQLException {
            written = null;
            Held held = lock(connection);
            boolean resource = failure.code().kind() == ErrorKind.RESOURCE;
            attempt = held.attempts() + 1;
            int resourceFailures = resource ? held.resourceFailures() + 1 : 0;
            Verdict verdict = held.cancelled()
                    ? new Verdict.Cancelled()
                    : policy.judge(failure.code(), attempt - held.forgiven(), resourceFailures);
            writtenAt = recordAttempt(connection);
            int attempts = resource ? held.attempts() : attempt;
            if (verdict instanceof Verdict.RetryAfter retry) {
                move(connection, "waiting", retry.delay().toMillis(), attempts, resourceFailures);
            } else if (verdict instanceof Verdict.Parked) {
                move(connection, "parked", 0, attempts, resourceFailures);
            } else {
                EventEnding.cancel(connection, event.id(), held.by().orElse(""));
            }
            written = verdict;
            return verdict;
        }

        private Held lock(Connection connection) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(LOCK)) {
                statement.setLong(1, event.id().value());
                statement.setLong(2, event.token().epoch());
                try (ResultSet row = statement.executeQuery()) {
                    if (!row.next()) {
                        throw EventRows.fenced(event);
                    }
                    return new Held(
                            row.getInt("attempts"),
                            row.getInt("attempts_forgiven"),
                            row.getInt("resource_failures"),
                            EventRows.time(row, "cancel_requested_at").isPresent(),
                            EventRows.text(row, "cancel_requested_by"));
                }
            }
        }

        private OffsetDateTime recordAttempt(Connection connection) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(RECORD_ATTEMPT)) {
                statement.setLong(1, event.id().value());
                statement.setInt(2, attempt);
                statement.setString(3, event.token().node().value());
                statement.setLong(4, event.token().epoch());
                statement.setString(5, failure.code().name());
                statement.setString(6, EventRows.storable(failure.text(), LONGEST_TEXT));
                statement.setString(7, step());
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return row.getObject(1, OffsetDateTime.class);
                }
            }
        }

        private void move(Connection connection, String state, long delayMillis, int attempts, int resourceFailures)
                throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(MOVE)) {
                statement.setString(1, state);
                statement.setLong(2, delayMillis);
                statement.setInt(3, attempts);
                statement.setInt(4, resourceFailures);
                statement.setString(5, failure.code().name());
                statement.setString(6, EventRows.storable(failure.text(), LONGEST_TEXT));
                statement.setString(7, step());
                statement.setLong(8, event.id().value());
                statement.executeUpdate();
            }
        }

        private @Nullable String step() {
            return failure.step().map(step -> EventRows.storable(step, 200)).orElse(null);
        }

        private boolean isRecorded() {
            return database.read(connection -> {
                try (PreparedStatement statement = connection.prepareStatement(RECORDED)) {
                    statement.setLong(1, event.id().value());
                    statement.setInt(2, attempt);
                    statement.setLong(3, event.token().epoch());
                    statement.setObject(4, writtenAt);
                    try (ResultSet row = statement.executeQuery()) {
                        return row.next();
                    }
                }
            });
        }
    }
}
