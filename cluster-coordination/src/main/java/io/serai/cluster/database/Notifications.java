package io.serai.cluster.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread and one connection that listen on one channel until closed. A lost connection is opened again with a
 * growing pause; a silent server is found out by a question every few seconds.
 *
 * <p>State: {@code connection} and {@code closed} are guarded by {@code lock}.
 */
public final class Notifications implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Notifications.class);
    private static final Pattern CHANNEL = Pattern.compile("[a-z][a-z0-9_]{0,62}");
    private static final Duration WAIT = Duration.ofSeconds(5);
    private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private final DatabaseSettings settings;
    private final String channel;
    private final NotificationListener listener;
    private final Consumer<Notifications> onClose;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wasClosed = lock.newCondition();
    private @Nullable Connection connection;
    private boolean closed;

    Notifications(
            DatabaseSettings settings, String channel, NotificationListener listener, Consumer<Notifications> onClose) {
        if (!CHANNEL.matcher(channel).matches()) {
            throw new IllegalArgumentException("not a channel name: " + channel);
        }
        this.settings = settings.withSocketTimeout(SOCKET_TIMEOUT);
        this.channel = channel;
        this.listener = listener;
        this.onClose = onClose;
        this.thread = new Thread(this::run, "listen-" + channel);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    @Override
    public void close() {
        Connection open;
        lock.lock();
        try {
            closed = true;
            open = connection;
            wasClosed.signalAll();
        } finally {
            lock.unlock();
        }
        if (open != null) {
            abort(open);
        }
        onClose.accept(this);
        if (Thread.currentThread() != thread) {
            joinThread();
        }
    }

    private void joinThread() {
        try {
            thread.join(SOCKET_TIMEOUT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        Duration pause = FIRST_PAUSE;
        while (!isClosed()) {
            try (Connection fresh = settings.connect()) {
                if (!adopt(fresh)) {
                    return;
                }
                listen(fresh);
                pause = FIRST_PAUSE;
                receive(fresh);
            } catch (SQLException e) {
                LOG.debug("Listening on {} ended: {}", channel, DatabaseErrors.text(e));
            } finally {
                forget();
            }
            waitBeforeNext(pause);
            pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause.multipliedBy(2);
        }
    }

    private void listen(Connection fresh) throws SQLException {
        execute(fresh, "listen " + channel);
        tell(listener::listening);
    }

    private void receive(Connection open) throws SQLException {
        PGConnection postgres = open.unwrap(PGConnection.class);
        while (!isClosed()) {
            PGNotification[] received = postgres.getNotifications((int) WAIT.toMillis());
            if (received == null || received.length == 0) {
                execute(open, "select 1");
                continue;
            }
            for (PGNotification notification : received) {
                tell(() -> listener.notified(notification.getParameter()));
            }
        }
    }

    /** A listener's failure must not end the listening. */
    private void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.error("A listener on {} failed; it is called again with the next notification", channel, e);
        }
    }

    private static void execute(Connection connection, String fixedSql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(fixedSql);
        }
    }

    private boolean adopt(Connection fresh) {
        lock.lock();
        try {
            connection = fresh;
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    private void forget() {
        lock.lock();
        try {
            connection = null;
        } finally {
            lock.unlock();
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    private void waitBeforeNext(Duration pause) {
        lock.lock();
        try {
            long nanos = pause.toNanos();
            while (!closed && nanos > 0) {
                nanos = wasClosed.awaitNanos(nanos);
            }
        } catch (InterruptedException e) {
            closed = true;
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private static void abort(Connection open) {
        try {
            open.abort(Runnable::run);
        } catch (SQLException e) {
            LOG.debug("Aborting a listening connection failed: {}", DatabaseErrors.text(e));
        }
    }
}
