package io.serai.edge.relay;

import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends sessions of edges that do not log in. Their endpoints do that by themselves; an edge that does not have it done must not
 * keep them here. Looks only while there are such sessions. Safe for several threads.
 */
final class OverdueLogins {
    private static final Logger LOG = LoggerFactory.getLogger(OverdueLogins.class);
    /** Beyond the time that the endpoint is given for a login. */
    private static final Duration LATE = Duration.ofSeconds(10);

    private static final Duration EVERY = Duration.ofSeconds(5);

    private final ScheduledExecutorService clock;
    private final Collection<RelayedSession> sessions;
    private final Consumer<RelayedSession> end;
    private final AtomicBoolean looking = new AtomicBoolean();

    OverdueLogins(ScheduledExecutorService clock, Collection<RelayedSession> sessions, Consumer<RelayedSession> end) {
        this.clock = clock;
        this.sessions = sessions;
        this.end = end;
    }

    /** From now on somebody is to log in within this time. */
    void look(Duration grace) {
        if (looking.compareAndSet(false, true)) {
            try {
                clock.schedule(() -> endOverdue(grace), EVERY.toMillis(), TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                LOG.debug("The server is stopping; nobody looks for logins any more", e);
            }
        }
    }

    private void endOverdue(Duration grace) {
        looking.set(false);
        long now = System.nanoTime();
        boolean some = false;
        for (RelayedSession session : sessions) {
            some |= session.isOverdue(now, 0);
            if (session.isOverdue(now, grace.plus(LATE).toNanos())) {
                end.accept(session);
            }
        }
        if (some) {
            look(grace);
        }
    }
}
