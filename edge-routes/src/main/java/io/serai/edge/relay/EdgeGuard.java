package io.serai.edge.relay;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one edge has used of its {@link EdgeLimits}, whichever links it has had, and the alarm when it wants more or breaks
 * rules. Safe for several threads; {@code users} is guarded by itself.
 */
final class EdgeGuard {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeGuard.class);
    private static final int USERS_REMEMBERED = 10_000;
    private static final int USER_CHARS = 128;
    private static final Duration OPENS_BACK = Duration.ofSeconds(10);
    private static final long ALARM_NANOS = 60_000_000_000L;

    /** What may run out. */
    enum Limit {
        BEFORE_LOGIN("sessions that have not logged in"),
        OPENS("new sessions"),
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
    private final Allowance opens;
    private final Allowance failures;
    private final Map<String, Allowance> users = new LinkedHashMap<>(16, 0.75f, true);
    private final AtomicInteger beforeLogin = new AtomicInteger();
    private final AtomicLong alarmedNanos;
    private final AtomicInteger unreported = new AtomicInteger();

    EdgeGuard(String edge, EdgeLimits limits, EdgeAlarms alarms, Executor workers, LongSupplier nanos) {
        this.edge = edge;
        this.limits = limits;
        this.alarms = alarms;
        this.nanos = nanos;
        this.work = new WorkShare(workers, limits.running(), limits.waiting());
        this.opens = new Allowance(limits.opens(), OPENS_BACK, nanos.getAsLong());
        this.failures = new Allowance(limits.failedLogins(), limits.forgiven(), nanos.getAsLong());
        this.alarmedNanos = new AtomicLong(nanos.getAsLong() - ALARM_NANOS);
    }

    Executor work() {
        return work;
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

    /** A session has logged in or ended before that. */
    void noLongerBeforeLogin() {
        beforeLogin.decrementAndGet();
    }

    /** Whether a login may be tried; it counts as failed until {@link #loggedIn}. */
    boolean triesLogin() {
        return failures.take(nanos.getAsLong()) || refuse(Limit.FAILED_LOGINS);
    }

    /** The same for the password of a user name, which an edge could guess from addresses that it makes up. */
    boolean triesPassword(String user) {
        return user(user).take(nanos.getAsLong()) || refuse(Limit.FAILED_LOGINS_OF_USER);
    }

    void loggedIn() {
        failures.putBack();
    }

    void rightPassword(String user) {
        user(user).putBack();
    }

    private Allowance user(String user) {
        String key = user.length() <= USER_CHARS ? user : user.substring(0, USER_CHARS);
        synchronized (users) {
            Allowance of = users.computeIfAbsent(
                    key, name -> new Allowance(limits.failedLoginsOfUser(), limits.forgiven(), nanos.getAsLong()));
            if (users.size() > USERS_REMEMBERED) {
                users.remove(users.keySet().iterator().next());
            }
            return of;
        }
    }

    /** The workers took no more. */
    boolean refuse(Limit limit) {
        alarms.refused(edge, limit.metric());
        alarm("asks for more than its " + limit.text);
        return false;
    }

    void violated(String what) {
        alarms.violated(edge);
        alarm("broke the rules of the link: " + what);
    }

    /** A ticket of a session was not made for it, not by us, or too long ago. */
    void badTicket() {
        alarms.refused(edge, "ticket");
        alarm("showed a ticket of a session that is not good");
    }

    /** One line a minute, or an edge could fill the disk. */
    private void alarm(String what) {
        int count = unreported.incrementAndGet();
        long last = alarmedNanos.get();
        long now = nanos.getAsLong();
        if (now - last >= ALARM_NANOS && alarmedNanos.compareAndSet(last, now)) {
            unreported.addAndGet(-count);
            LOG.error(
                    "The edge {} {} ({} such events since the last line). If its partners do not explain that, take its key"
                            + " out of its zone",
                    edge,
                    what,
                    count);
        }
    }
}
