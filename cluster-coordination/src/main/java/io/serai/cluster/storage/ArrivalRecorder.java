package io.serai.cluster.storage;

import io.serai.cluster.database.Database;
import io.serai.cluster.event.EventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.ledger.TransferTable;
import io.serai.cluster.node.NodeFence;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one transaction of a commit: the fence, the ledger row, the arrival events. When the database does not confirm it,
 * its outcome is found out by trying to write the transfer's row as aborted: that waits for the transaction in doubt
 * and either finds what it committed or makes sure that it never will.
 */
final class ArrivalRecorder {
    private static final Logger LOG = LoggerFactory.getLogger(ArrivalRecorder.class);
    private static final Duration PAUSE = Duration.ofMillis(250);

    private final Database database;
    private final EventQueue queue;
    private final Function<Receiving.Received, List<NewEvent>> subscriptions;
    private final Duration settleWithin;

    ArrivalRecorder(
            Database database,
            EventQueue queue,
            Function<Receiving.Received, List<NewEvent>> subscriptions,
            Duration settleWithin) {
        this.database = database;
        this.queue = queue;
        this.subscriptions = subscriptions;
        this.settleWithin = settleWithin;
    }

    /**
     * What is recorded.
     *
     * @param completed the row of the completed transfer
     * @param aborted the row if it turns out that the transaction did not happen
     */
    record Arrival(
            TransferTable.Entry completed,
            TransferTable.Entry aborted,
            Receiving.Received received,
            Receiving.InTransaction alongside) {}

    /** What became of a transaction that was not confirmed. */
    enum Outcome {
        COMMITTED,
        ABORTED,
        UNKNOWN
    }

    /**
     * Records the arrival.
     *
     * @throws SeraiException {@code UNKNOWN_OUTCOME} when it could not be found out whether it happened; with any other
     *     code it did not happen
     */
    void record(Arrival arrival) {
        AtomicBoolean done = new AtomicBoolean();
        try {
            database.execute(connection -> {
                run(connection, arrival);
                done.set(true);
            });
        } catch (SeraiException e) {
            if (!done.get()) {
                throw e;
            }
            // All statements succeeded: only the COMMIT is in doubt.
            switch (settle(arrival)) {
                case COMMITTED -> {}
                case ABORTED -> throw new SeraiException(ErrorCode.DATABASE_DOWN, e.text(), e);
                case UNKNOWN -> throw new SeraiException(ErrorCode.UNKNOWN_OUTCOME, e.text(), e);
            }
        }
    }

    private void run(Connection connection, Arrival arrival) throws SQLException {
        NodeFence.guard(connection, arrival.completed().token());
        if (!TransferTable.put(connection, arrival.completed())) {
            throw new SeraiException(
                    ErrorCode.CANCELLED,
                    "transfer " + arrival.received().transfer() + " was ended before its file was complete");
        }
        List<NewEvent> events = subscriptions.apply(arrival.received());
        if (!events.isEmpty()) {
            queue.enqueue(connection, events);
        }
        arrival.alongside().run(connection, arrival.received());
    }

    private Outcome settle(Arrival arrival) {
        long deadline = System.nanoTime() + settleWithin.toNanos();
        do {
            Outcome outcome = settleOnce(arrival);
            if (outcome != Outcome.UNKNOWN) {
                return outcome;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Outcome.UNKNOWN;
            }
        } while (System.nanoTime() < deadline);
        return Outcome.UNKNOWN;
    }

    /** Tries once to find out what became of an unconfirmed transaction. */
    Outcome settleOnce(Arrival arrival) {
        try {
            return database.transaction(connection -> {
                if (TransferTable.put(connection, arrival.aborted())) {
                    return Outcome.ABORTED;
                }
                return isCompleted(connection, arrival.received()) ? Outcome.COMMITTED : Outcome.ABORTED;
            });
        } catch (SeraiException e) {
            // Whatever went wrong says nothing about the commit, and to take it for a failed one could lose the file.
            LOG.debug(
                    "What became of transfer {} is not known yet",
                    arrival.received().transfer(),
                    e);
            return Outcome.UNKNOWN;
        }
    }

    /** Of this very file: its id is ours, while that of a transfer may come from outside. */
    private static boolean isCompleted(Connection connection, Receiving.Received received) throws SQLException {
        String sql = "select 1 from transfer where id = ? and file_id = ? and state = 'completed'";
        try (var statement = connection.prepareStatement(sql)) {
            statement.setObject(1, received.transfer().value());
            statement.setObject(2, received.file().value());
            try (var rows = statement.executeQuery()) {
                return rows.next();
            }
        }
    }
}
