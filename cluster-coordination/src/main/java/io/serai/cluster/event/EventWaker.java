package io.serai.cluster.event;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.NotificationListener;
import io.serai.cluster.database.Notifications;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes waiting events ready when they are due, by the database's clock, and wakes claimers: at once those of this node,
 * by at most one notification in {@link #NOTIFY_AT_MOST_EVERY} those of the others. A notification takes a lock that all
 * commits of the database share, so it is never sent by the transactions that queue events. Nothing rests on
 * notifications: every poll interval the table is looked at.
 */
final class EventWaker {
    private static final Logger LOG = LoggerFactory.getLogger(EventWaker.class);
    private static final String CHANNEL = "serai_event";
    private static final Duration NOTIFY_AT_MOST_EVERY = Duration.ofMillis(25);
    private static final int PROMOTE_AT_ONCE = 500;
    private static final int WARN_AFTER = 3;

    private static final String PROMOTE = """
            update event set state = 'ready', waits_for = null
             where id in (select id from event where state = 'waiting' and due_at <= clock_timestamp()
                           order by due_at limit ? for update skip locked)
            """;

    private static final String NOTIFY = "select pg_notify('" + CHANNEL + "', ?)";

    private final Database database;
    private final Duration pollInterval;
    private final String self = UUID.randomUUID().toString();
    private final List<Runnable> claimers = new CopyOnWriteArrayList<>();
    private final AtomicBoolean notifyPending = new AtomicBoolean();
    private final AtomicLong nextPromotion = new AtomicLong(Long.MAX_VALUE);
    private final AtomicInteger failuresInARow = new AtomicInteger();
    private volatile long lastNotify = System.nanoTime() - NOTIFY_AT_MOST_EVERY.toNanos();
    private @Nullable ScheduledThreadPoolExecutor clock;
    private @Nullable Notifications notifications;

    EventWaker(Database database, Duration pollInterval) {
        this.database = database;
        this.pollInterval = pollInterval;
    }

    synchronized void start() {
        if (clock != null) {
            return;
        }
        ScheduledThreadPoolExecutor fresh = new ScheduledThreadPoolExecutor(1, work -> {
            Thread thread = new Thread(work, "event-waker");
            thread.setDaemon(true);
            return thread;
        });
        fresh.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        clock = fresh;
        notifications = database.listen(CHANNEL, new NotificationListener() {
            @Override
            public void listening() {
                wake();
            }

            @Override
            public void notified(String payload) {
                if (!payload.equals(self)) {
                    wake();
                }
            }
        });
        long period = pollInterval.toMillis();
        fresh.scheduleWithFixedDelay(this::poll, period, period, TimeUnit.MILLISECONDS);
    }

    synchronized void stop() {
        Notifications listening = notifications;
        notifications = null;
        if (listening != null) {
            listening.close();
        }
        ScheduledThreadPoolExecutor stopping = clock;
        clock = null;
        if (stopping != null) {
            stopping.shutdown();
            try {
                stopping.awaitTermination(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    void onWork(Runnable wake) {
        claimers.add(wake);
    }

    /** There is something to claim: tells this node now and the others soon. */
    void announce() {
        wake();
        if (notifyPending.compareAndSet(false, true)) {
            long wait = lastNotify + NOTIFY_AT_MOST_EVERY.toNanos() - System.nanoTime();
            if (!schedule(this::sendNotification, Math.max(0, wait))) {
                notifyPending.set(false);
            }
        }
    }

    /** An event becomes due then; looked at in time where the next poll would come later. */
    void dueIn(Duration delay) {
        if (delay.compareTo(pollInterval) >= 0) {
            return;
        }
        long at = System.nanoTime() + delay.toNanos();
        long planned = nextPromotion.get();
        if (at < planned && nextPromotion.compareAndSet(planned, at)) {
            schedule(this::promoteInTime, delay.plusMillis(1).toNanos());
        }
    }

    private void promoteInTime() {
        nextPromotion.set(Long.MAX_VALUE);
        shielded(this::promote);
    }

    private void poll() {
        shielded(this::promote);
        wake();
    }

    private void promote() {
        int promoted;
        do {
            promoted = database.statement(EventWaker::promoteSome);
            if (promoted > 0) {
                announce();
            }
        } while (promoted == PROMOTE_AT_ONCE);
    }

    private static int promoteSome(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(PROMOTE)) {
            statement.setInt(1, PROMOTE_AT_ONCE);
            return statement.executeUpdate();
        }
    }

    private void sendNotification() {
        notifyPending.set(false);
        lastNotify = System.nanoTime();
        shielded(() -> database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(NOTIFY)) {
                statement.setString(1, self);
                return statement.execute();
            }
        }));
    }

    private void wake() {
        for (Runnable claimer : claimers) {
            try {
                claimer.run();
            } catch (RuntimeException e) {
                LOG.error("What claims events failed to be woken; it is woken again at the next poll", e);
            }
        }
    }

    private boolean schedule(Runnable work, long nanos) {
        ScheduledThreadPoolExecutor running;
        synchronized (this) {
            running = clock;
        }
        if (running == null) {
            return false;
        }
        try {
            running.schedule(work, nanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (RejectedExecutionException e) {
            // It is being stopped; other nodes poll.
            return false;
        }
    }

    /** One lost connection is nothing; a database that is away is said once. The next poll tries again. */
    private void shielded(Runnable work) {
        try {
            work.run();
            failuresInARow.set(0);
        } catch (SeraiException e) {
            if (failuresInARow.incrementAndGet() == WARN_AFTER) {
                LOG.warn(
                        "Waiting events cannot be looked at for now; tried again every {}: {}", pollInterval, e.text());
            }
        } catch (RuntimeException e) {
            LOG.error("Looking at waiting events failed; it is tried again", e);
        }
    }
}
