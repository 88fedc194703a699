package io.serai.edge.relay;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one edge has used of its {@link EdgeLimits}, whichever links it has had, and the alarm when it wants more or breaks
 * rules. Safe for several threads.
 */
final class EdgeGuard {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeGuard.class);
    /** Of requests that wait for a worker: many times what honest ones need, of which a thousand may wait. */
    static final int HELD_BYTES = 4 << 20;

    /** At the same time; apart from other work, as that may stand still until it is closed. */
    static final int CLOSINGS = 8;

    private static final Duration OPENS_BACK = Duration.ofSeconds(10);
    private static final long ALARM_NANOS = 60_000_000_000L;

    /** What may run out. */
    enum Limit {
        BEFORE_LOGIN("sessions that have not logged in"),
        OPENS("new sessions"),
        FAILED_LOGINS_OF_NETWORK("failed logins from one network"),
        FAILED_LOGINS("failed logins"),
        FAILED_LOGINS_OF_USER("failed logins of one user"),
        WORK("requests at once");

        private final String text;

        Limit(String text) {
            this.text = text;
        }

        String metric() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    private final String edge;
    private final EdgeLimits limits;
    private final EdgeAlarms alarms;
    private final LongSupplier nanos;
    private final WorkShare work;
    private final WorkShare closings;
    private final Allowance opens;
    private final LoginTries logins;
    private final AtomicInteger beforeLogin = new AtomicInteger();
    private final AtomicLong held = new AtomicLong();
    private final AtomicLong alarmedNanos;
    private final AtomicInteger unreported = new AtomicInteger();

    /**
     * Threads that all edges share.
     *
     * @param closers for ends of sessions
     */
    record Threads(Executor workers, Executor closers) {}

    EdgeGuard(String edge, EdgeLimits limits, EdgeAlarms alarms, Threads threads, LongSupplier nanos) {
        this.edge = edge;
        this.limits = limits;
        this.alarms = alarms;
        this.nanos = nanos;
        this.work = new WorkShare(threads.workers(), limits.running(), limits.waiting());
        this.closings = new WorkShare(threads.closers(), CLOSINGS, limits.waiting());
        this.opens = new Allowance(limits.opens(), OPENS_BACK, nanos.getAsLong());
        this.logins = new LoginTries(this, limits, nanos);
        this.alarmedNanos = new AtomicLong(nanos.getAsLong() - ALARM_NANOS);
    }

    String edge() {
        return edge;
    }

    Executor work() {
        return work;
    }

    /** For ends of sessions, which wait for what they break off. */
    Executor closings() {
        return closings;
    }

    /** Whether one more session may begin; {@link #noLongerBeforeLogin} follows if so. */
    boolean opens() {
        if (beforeLogin.incrementAndGet() > limits.beforeLogin()) {
            beforeLogin.decrementAndGet();
            return refuse(Limit.BEFORE_LOGIN);
        }
        if (!opens.take(nanos.getAsLong())) {
            beforeLogin.decrementAndGet();
            return refuse(Limit.OPENS);
        }
        return true;
    }

    /** Whether one more connection may be passed through; the listener that takes it counts those that have not logged in. */
    boolean connects() {
        return opens.take(nanos.getAsLong()) || refuse(Limit.OPENS);
    }

    /** Whether so many bytes of a request may be held until it is worked on; {@link #holdsNoLonger} follows if so. */
    boolean holds(int bytes) {
        if (held.addAndGet(bytes) > HELD_BYTES) {
            held.addAndGet(-bytes);
            return refuse(Limit.WORK);
        }
        return true;
    }

    void holdsNoLonger(int bytes) {
        held.addAndGet(-bytes);
    }

    /** How much of its requests is held now. */
    long heldBytes() {
        return held.get();
    }

    /** A session has logged in or ended before that. */
    void noLongerBeforeLogin() {
        beforeLogin.decrementAndGet();
    }

    /** What has failed of its logins. */
    LoginTries logins() {
        return logins;
    }

    /** Counts it, without an alarm: any stranger can have it said. */
    void refuseStranger(Limit limit) {
        alarms.refused(edge, limit.metric());
    }

    boolean refuse(Limit limit) {
        alarms.refused(edge, limit.metric());
        boolean ofLogins = limit == Limit.FAILED_LOGINS || limit == Limit.FAILED_LOGINS_OF_USER;
        alarm(
                "asks for more than its " + limit.text,
                ofLogins ? "neither its partners nor strangers who guess explain" : "its partners do not explain");
        return false;
    }

    void violated(String what) {
        alarms.violated(edge);
        alarm("broke the rules of the link: " + what, "its partners do not explain");
    }

    /** A ticket of a session was not made for it, or not by us. */
    void badTicket() {
        alarms.refused(edge, "ticket");
        alarm("showed a ticket of a session that is not good", "its partners do not explain");
    }

    /** One line a minute, or an edge could fill the disk. */
    private void alarm(String what, String unlessExplained) {
        int count = unreported.incrementAndGet();
        long last = alarmedNanos.get();
        long now = nanos.getAsLong();
        if (now - last >= ALARM_NANOS && alarmedNanos.compareAndSet(last, now)) {
            unreported.addAndGet(-count);
            LOG.error(
                    "The edge {} {} ({} such events since the last line). If {} that, take its key out of its zone",
                    edge,
                    what,
                    count,
                    unlessExplained);
        }
    }

    /** So many at once, and all of them again after a while. Its own lock guards what is left. */
    static final class Allowance {
        private final int most;
        private final double backEachNano;
        private double left;
        private long countedNanos;

        /** @param allBack how long it takes until all have come back after all were taken */
        Allowance(int most, Duration allBack, long nowNanos) {
            this.most = most;
            this.backEachNano = (double) most / allBack.toNanos();
            this.left = most;
            this.countedNanos = nowNanos;
        }

        synchronized boolean take(long nowNanos) {
            count(nowNanos);
            if (left < 1) {
                return false;
            }
            left--;
            return true;
        }

        /** Whether there is one; it is not taken. */
        synchronized boolean isLeft(long nowNanos) {
            count(nowNanos);
            return left >= 1;
        }

        /** What was taken was not needed. */
        synchronized void putBack() {
            left = Math.min(most, left + 1);
        }

        private void count(long nowNanos) {
            left = Math.min(most, left + (nowNanos - countedNanos) * backEachNano);
            countedNanos = nowNanos;
        }
    }
}
