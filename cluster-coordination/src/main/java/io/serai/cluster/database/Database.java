package io.serai.cluster.database;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.transaction.TransactionIntegration;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

/**
 * This node's door to the shared database: a pool, plain local transactions and notifications.
 *
 * <p>Every failure is a {@link SeraiException}: {@code DATABASE_DOWN} when the database cannot be reached,
 * {@code UNKNOWN_OUTCOME} when a COMMIT was not answered, {@code BUSY} after a time limit or a deadlock,
 * {@code CONFLICT} for a unique key that is taken, {@code DEFECT} for anything else. After each of these but
 * {@code UNKNOWN_OUTCOME} nothing of the transaction happened. Connections that broke leave the pool, so it recovers
 * without help. Any thread may call.
 */
public final class Database implements AutoCloseable {
    private final DatabaseSettings settings;
    private final AgroalDataSource pool;
    private final LongAdder fenced = new LongAdder();
    private final List<Notifications> listeners = new CopyOnWriteArrayList<>();
    private final Map<Connection, List<Runnable>> afterCommit = Collections.synchronizedMap(new IdentityHashMap<>());

    /** Makes the pool; connections are opened when they are needed, so this succeeds without a database. */
    public Database(DatabaseSettings settings) {
        this.settings = settings;
        try {
            this.pool = AgroalDataSource.from(DatabasePool.plain(settings, TransactionIntegration.none()));
        } catch (SQLException e) {
            throw DatabaseErrors.of(e);
        }
    }

    public DatabaseSettings settings() {
        return settings;
    }

    /** The pool itself, for what needs a {@link DataSource} (Quartz); auto-commit is on. */
    public DataSource dataSource() {
        return pool;
    }

    /** Runs the work in one transaction and commits it; any exception of the work rolls back. */
    public <T> T transaction(SqlWork<T> work) {
        return inTransaction(work, Access.WRITE);
    }

    /** As {@link #transaction(SqlWork)}, for work without a result. */
    public void execute(SqlAction work) {
        inTransaction(
                connection -> {
                    work.run(connection);
                    return Boolean.TRUE;
                },
                Access.WRITE);
    }

    /** Runs the work in one read-only transaction. */
    public <T> T read(SqlWork<T> work) {
        return inTransaction(work, Access.READ);
    }

    /**
     * Runs work that consists of one statement, which is a transaction of its own: no round trip to begin and commit,
     * and no moment at which a frozen node holds locks. A connection lost meanwhile is {@code UNKNOWN_OUTCOME}.
     */
    public <T> T statement(SqlWork<T> work) {
        try (Connection connection = connection()) {
            return work.run(connection);
        } catch (SQLException e) {
            throw DatabaseErrors.ofStatement(e);
        } catch (SeraiException e) {
            countFenced(e);
            throw e;
        }
    }

    /**
     * Has something run when the caller's transaction has committed, by the thread that commits and before
     * {@code transaction} returns; never when it rolls back or its outcome is unknown.
     *
     * @param connection the connection that the work of a transaction of this object was given
     */
    public void afterCommit(Connection connection, Runnable action) {
        List<Runnable> actions = afterCommit.get(connection);
        if (actions == null) {
            throw new IllegalStateException("afterCommit outside a transaction of this database");
        }
        actions.add(action);
    }

    /**
     * Listens on a channel by a connection of its own that comes back by itself. Close the returned object, or this
     * one, to end it.
     */
    public Notifications listen(String channel, NotificationListener listener) {
        Notifications notifications = new Notifications(settings, channel, listener, listeners::remove);
        listeners.add(notifications);
        notifications.start();
        return notifications;
    }

    /** Whether the database answers now; at the longest this takes the time to get a connection and one statement. */
    public boolean isUp() {
        try (Connection connection = pool.getConnection()) {
            return connection.isValid(DatabasePool.VALIDATION_SECONDS);
        } catch (SQLException e) {
            return false;
        }
    }

    /** How often work was refused because this node's lease had ended. */
    public long fencedAttempts() {
        return fenced.sum();
    }

    /** Counts a refusal that was found without an exception inside the work. */
    public void countFenced(Throwable failure) {
        if (failure instanceof SeraiException known && known.code() == ErrorCode.FENCED) {
            fenced.increment();
        }
    }

    /** Ends listeners and pool; work in progress fails. */
    @Override
    public void close() {
        listeners.forEach(Notifications::close);
        pool.close();
    }

    private enum Access {
        READ,
        WRITE
    }

    private <T> T inTransaction(SqlWork<T> work, Access access) {
        try (Connection connection = connection()) {
            List<Runnable> actions = new ArrayList<>(1);
            afterCommit.put(connection, actions);
            T result;
            try {
                result = workAndCommit(connection, work, access);
            } finally {
                afterCommit.remove(connection);
            }
            actions.forEach(Runnable::run);
            return result;
        } catch (SQLException e) {
            throw DatabaseErrors.of(e);
        }
    }

    private <T> T workAndCommit(Connection connection, SqlWork<T> work, Access access) throws SQLException {
        begin(connection, access);
        T result;
        try {
            result = work.run(connection);
        } catch (SQLException e) {
            rollBack(connection, access, e);
            throw DatabaseErrors.of(e);
        } catch (RuntimeException | Error e) {
            rollBack(connection, access, e);
            countFenced(e);
            throw e;
        }
        commit(connection, access);
        return result;
    }

    private Connection connection() {
        try {
            return pool.getConnection();
        } catch (SQLException e) {
            throw new SeraiException(
                    ErrorCode.DATABASE_DOWN,
                    "no connection to the database within "
                            + settings.acquisitionTimeout().toSeconds()
                            + " s: it is down, or all " + settings.maxConnections() + " connections are in use ("
                            + DatabaseErrors.text(e) + ")",
                    e);
        }
    }

    private static void begin(Connection connection, Access access) throws SQLException {
        connection.setAutoCommit(false);
        if (access == Access.READ) {
            connection.setReadOnly(true);
        }
    }

    private static void commit(Connection connection, Access access) throws SQLException {
        try {
            connection.commit();
        } catch (SQLException e) {
            rollBack(connection, access, e);
            throw access == Access.READ ? DatabaseErrors.of(e) : DatabaseErrors.ofCommit(e);
        }
        reset(connection, access);
    }

    private static void rollBack(Connection connection, Access access, Throwable reason) {
        try {
            connection.rollback();
            reset(connection, access);
        } catch (SQLException e) {
            reason.addSuppressed(e);
        }
    }

    private static void reset(Connection connection, Access access) throws SQLException {
        if (access == Access.READ) {
            connection.setReadOnly(false);
        }
        connection.setAutoCommit(true);
    }
}
