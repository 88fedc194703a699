package io.serai.cluster.database;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL of this node's own, a child of this JVM, bound to loopback.
 *
 * <p>It never outlives the JVM: a supervising shell sees the JVM die and stops the server at once, and a lock that all
 * its processes inherit says when the last is gone; the next start waits for that. So whatever was killed whenever, a
 * start finds the committed rows and no second server. Data are made beside their place and moved there. A server
 * that ends by itself is started again, on the same port if it is still free.
 *
 * <p>{@code start} and {@code close} are synchronous and idempotent. State is guarded by {@code lock}.
 */
public final class EmbeddedPostgres implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(20);
    private static final Duration RESTART_PAUSE = Duration.ofSeconds(1);

    private final EmbeddedPostgresSettings settings;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition closing = lock.newCondition();
    private @Nullable Running running;
    private boolean closed;

    public EmbeddedPostgres(EmbeddedPostgresSettings settings) {
        this.settings = settings;
    }

    private record Running(PostgresLauncher launcher, PostgresLauncher.Started server) {}

    /** Starts the server, making it first if need be, and returns when it answers. */
    public void start() {
        lock.lock();
        try {
            if (running == null) {
                closed = false;
                running = launch();
                restartWhenItEnds(running.server());
            }
        } finally {
            lock.unlock();
        }
    }

    private Running launch() {
        try {
            PostgresLauncher launcher = new PostgresLauncher(settings);
            try {
                return new Running(launcher, launch(launcher));
            } catch (IOException | RuntimeException e) {
                launcher.close();
                throw e;
            }
        } catch (IOException e) {
            throw notStarted(e);
        }
    }

    private PostgresLauncher.Started launch(PostgresLauncher launcher) throws IOException {
        PostgresLauncher.Started server = launcher.launch();
        LOG.info("The embedded PostgreSQL under {} runs on port {}", settings.folder(), server.port());
        return server;
    }

    private SeraiException notStarted(IOException e) {
        return new SeraiException(
                ErrorCode.DATABASE_DOWN,
                "the embedded PostgreSQL under " + settings.folder() + " could not be started: " + e,
                e);
    }

    private void restartWhenItEnds(PostgresLauncher.Started server) {
        server.process().onExit(() -> {
            Thread thread = new Thread(() -> restart(server), "postgres-restart");
            thread.setDaemon(true);
            thread.start();
        });
    }

    private void restart(PostgresLauncher.Started ended) {
        lock.lock();
        try {
            while (!closed && running != null && running.server() == ended) {
                LOG.error("The embedded PostgreSQL ended by itself; it is started again");
                try {
                    running = new Running(running.launcher(), launch(running.launcher()));
                    restartWhenItEnds(running.server());
                } catch (IOException | SeraiException e) {
                    LOG.error("The embedded PostgreSQL does not start; tried again: {}", e.toString());
                    long unused = closing.awaitNanos(RESTART_PAUSE.toNanos());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** How a pool of this node reaches the database. */
    public DatabaseSettings connection(String applicationName) {
        return connection("serai", applicationName);
    }

    /** As {@link #connection(String)}, for another database of this server. */
    DatabaseSettings connection(String database, String applicationName) {
        Running now = present();
        return now.launcher().userSettings(now.server().port(), database, applicationName);
    }

    /** As the superuser, for making databases; never for Serai's own work. */
    DatabaseSettings adminConnection(String database) {
        Running now = present();
        return now.launcher().adminSettings(now.server().port(), database);
    }

    long postmasterPid() {
        return present().server().postmasterPid();
    }

    private Running present() {
        lock.lock();
        try {
            if (running == null) {
                throw new IllegalStateException("the embedded PostgreSQL does not run");
            }
            return running;
        } finally {
            lock.unlock();
        }
    }

    /** Stops the server: fast at first, at once if that takes too long. */
    @Override
    public void close() {
        Running last;
        lock.lock();
        try {
            closed = true;
            closing.signalAll();
            last = running;
            running = null;
        } finally {
            lock.unlock();
        }
        if (last != null) {
            last.server().process().stop(STOP_LIMIT);
            last.launcher().close();
        }
    }
}
