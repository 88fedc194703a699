package io.serai.route.session;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Breaks off what ended sessions have open, on a few threads of its own, for that waits for storage and database. There
 * are never more tasks than sessions with open transfers. Its lock guards which sessions are under way.
 */
final class SessionCleaner {
    private static final Logger LOG = LoggerFactory.getLogger(SessionCleaner.class);
    private static final int THREADS = 8;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Set<PartnerSession> underWay = new HashSet<>();
    private final ThreadPoolExecutor threads;

    SessionCleaner() {
        threads = new ThreadPoolExecutor(THREADS, THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "session-cleaner");
            thread.setDaemon(true);
            return thread;
        });
        threads.allowCoreThreadTimeOut(true);
    }

    /** Takes an ended session over; once for each. Returns at once. */
    void clean(PartnerSession session) {
        // One that opens a transfer after its end breaks it off itself.
        if (session.transfers().isEmpty()) {
            return;
        }
        lock.lock();
        try {
            underWay.add(session);
        } finally {
            lock.unlock();
        }
        threads.execute(() -> breakOff(session));
    }

    private void breakOff(PartnerSession session) {
        try {
            session.breakOff();
        } catch (RuntimeException e) { // the bytes stay in staging until the node's next start
            LOG.error("What session {} had open could not be broken off", session.id(), e);
        } finally {
            lock.lock();
            try {
                underWay.remove(session);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Waits until nothing is under way; false when the limit passes first. */
    boolean awaitIdle(Duration limit) {
        lock.lock();
        try {
            long left = limit.toNanos();
            while (!underWay.isEmpty() && left > 0) {
                left = changed.awaitNanos(left);
            }
            return underWay.isEmpty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }
}
