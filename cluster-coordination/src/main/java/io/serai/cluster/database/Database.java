package io.serai.cluster.database;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.transaction.TransactionIntegration;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
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
    private final List<Notifications> listeners = new CopyOnWriteArrayList<>();

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
            begin(connection, access);
            T result;
            try {
                result = work.run(connection);
            } catch (SQLException e) {
                rollBack(connection, access, e);
                throw DatabaseErrors.of(e);
            } catch (RuntimeException | Error e) {
                rollBack(connection, access, e);
                throw e;
            }
            commit(connection, access);
            return result;
        } catch (SQLException e) {
            throw DatabaseErrors.of(e);
        }
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
