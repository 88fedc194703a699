package io.serai.cluster.limit;

import io.serai.config.error.SeraiException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes rows in the background, all that are waiting by one statement: at once when there are few, in batches when
 * there are many. What the database does not take is tried again; rows that are left at the stop go with the node's
 * lease. Its lock guards what waits and what is under way.
 */
final class RowRemover {
    private static final Logger LOG = LoggerFactory.getLogger(RowRemover.class);
    private static final int AT_ONCE = 500;
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_STOP = Duration.ofSeconds(5);

    private final String name;
    private final Consumer<List<UUID>> remove;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Set<UUID> waiting = new LinkedHashSet<>();
    /** Of those under way, what is not to be tried again. */
    private final Set<UUID> kept = new HashSet<>();

    private boolean underWay;
    private boolean stopping;
    private @Nullable Thread thread;

    RowRemover(String name, Consumer<List<UUID>> remove) {
        this.name = name;
        this.remove = remove;
    }

    void start() {
        lock.lock();
        try {
            if (thread == null) {
                thread = new Thread(this::run, name);
                thread.setDaemon(true);
                thread.start();
            }
        } finally {
            lock.unlock();
        }
    }

    void remove(UUID row) {
        lock.lock();
        try {
            waiting.add(row);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** It is wanted again: what waits to remove it does not, though what is under way at this moment may. */
    void keep(UUID row) {
        lock.lock();
        try {
            waiting.remove(row);
            if (underWay) {
                kept.add(row);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether rows wait or are being removed. */
    boolean isBusy() {
        lock.lock();
        try {
            return underWay || !waiting.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until what waits now has been removed. */
    void flush(Duration longest) {
        lock.lock();
        try {
            long left = longest.toNanos();
            while ((underWay || !waiting.isEmpty()) && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    void stop() {
        Thread running;
        flush(LONGEST_STOP);
        lock.lock();
        try {
            stopping = true;
            running = thread;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (running != null) {
            try {
                running.join(LONGEST_STOP.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        try {
            List<UUID> batch = next();
            while (!batch.isEmpty()) {
                attempt(batch);
                batch = next();
            }
        } catch (InterruptedException e) {
            LOG.debug("{} was interrupted and ends", name);
        }
    }

    /** Waits for rows; empty when it was stopped. */
    private List<UUID> next() throws InterruptedException {
        lock.lock();
        try {
            underWay = false;
            changed.signalAll();
            while (waiting.isEmpty() && !stopping) {
                changed.await();
            }
            List<UUID> batch = waiting.stream().limit(stopping ? 0 : AT_ONCE).toList();
            batch.forEach(waiting::remove);
            underWay = !batch.isEmpty();
            kept.clear();
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void attempt(List<UUID> batch) throws InterruptedException {
        try {
            remove.accept(batch);
        } catch (SeraiException e) {
            LOG.debug("{} rows could not be removed, which is tried again: {}", batch.size(), e.text());
            lock.lock();
            try {
                batch.stream().filter(row -> !kept.contains(row)).forEach(waiting::add);
            } finally {
                lock.unlock();
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
        } catch (RuntimeException e) { // this thread must outlive any single failure; the rows go with the lease
            LOG.error("{} rows could not be removed", batch.size(), e);
        }
    }

    /** The ids that a query gives. */
    static List<UUID> ids(PreparedStatement query) throws SQLException {
        try (ResultSet rows = query.executeQuery()) {
            List<UUID> ids = new ArrayList<>();
            while (rows.next()) {
                ids.add(rows.getObject(1, UUID.class));
            }
            return ids;
        }
    }
}
