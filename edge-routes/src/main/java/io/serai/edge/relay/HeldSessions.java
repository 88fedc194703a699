package io.serai.edge.relay;

import io.serai.config.name.SessionId;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Link;
import io.serai.edge.message.EventKind;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Farewell;
import io.serai.endpoint.PartnerOperation.CloseSession;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sessions that a server has of edges, and how they end. Safe for several threads. */
final class HeldSessions {
    private static final Logger LOG = LoggerFactory.getLogger(HeldSessions.class);
    private static final int SESSIONS_OF_A_LINK = 10_000;
    private static final Duration OBEYED_WITHIN = Duration.ofSeconds(10);
    /** An edge takes a session elsewhere within this, if it can. */
    private static final Duration MOVED_WITHIN = Duration.ofSeconds(5);
    /** One that has not logged in can be taken nowhere before it has. */
    static final Duration LOGGED_IN_WITHIN = Duration.ofSeconds(10);
    /** How long a session whose link was lost is kept for its edge to come back for it, here or elsewhere. */
    private static final Duration GOES_ON_WITHIN = Duration.ofSeconds(15);

    private static final Duration FILES_CLOSED_WITHIN = Duration.ofSeconds(2);

    private static final long CHECK_MILLIS = 50;

    private final ScheduledExecutorService clock;
    private final boolean mayGoOn;
    private final Map<SessionId, RelayedSession> sessions = new ConcurrentHashMap<>();
    private final OverdueLogins overdue;

    /** @param mayGoOn whether sessions may go on over other links and at other servers */
    HeldSessions(ScheduledExecutorService clock, boolean mayGoOn) {
        this.clock = clock;
        this.mayGoOn = mayGoOn;
        this.overdue = new OverdueLogins(clock, sessions.values(), session -> sendAway(session, "No login in time"));
    }

    /** Ends those that do not log in within this time. */
    void endOverdue(Duration grace) {
        overdue.look(grace);
    }

    @Nullable
    RelayedSession get(SessionId id) {
        return sessions.get(id);
    }

    List<RelayedSession> all() {
        return List.copyOf(sessions.values());
    }

    int size() {
        return sessions.size();
    }

    void add(RelayedSession session) throws ProtocolViolation {
        Link link = session.link();
        long ofLink = sessions.values().stream().filter(s -> s.link() == link).count();
        if (ofLink >= SESSIONS_OF_A_LINK) {
            session.noLongerBeforeLogin();
            throw new ProtocolViolation("more than " + SESSIONS_OF_A_LINK + " sessions");
        }
        if (sessions.putIfAbsent(session.id(), session) != null) {
            session.noLongerBeforeLogin();
            throw new ProtocolViolation("a session that is open already");
        }
    }

    void remove(RelayedSession session) {
        sessions.remove(session.id(), session);
        session.noLongerBeforeLogin();
        session.isGone();
    }

    /** Waits until there are none, or it is enough; meanwhile does this with each again and again. */
    void awaitNone(Duration patience, Consumer<RelayedSession> meanwhile, BooleanSupplier enough)
            throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!sessions.isEmpty() && System.nanoTime() - deadline < 0 && !enough.getAsBoolean()) {
            all().forEach(meanwhile);
            synchronized (sessions) {
                TimeUnit.MILLISECONDS.timedWait(sessions, CHECK_MILLIS);
            }
        }
    }

    /** Whether its edge has had the time to take it elsewhere, or can not. */
    boolean isLeft(RelayedSession session, long sinceNanos) {
        Duration patience = session.login().isPresent() ? MOVED_WITHIN : LOGGED_IN_WITHIN;
        return !mayGoOn || !session.link().isUsable() || System.nanoTime() - sinceNanos >= patience.toNanos();
    }

    /** An edge that was started anew has none of its sessions any more. */
    void endOfFormer(Link link) {
        sessions.values().stream()
                .filter(session -> session.link()
                                .peer()
                                .node()
                                .equals(link.peer().node())
                        && !session.link().peer().boot().equals(link.peer().boot()))
                .forEach(session -> closeOnWorker(session, "The edge was started anew"));
    }

    void sendAway(RelayedSession session, String reason) {
        if (!session.link().isUsable()) {
            closeOnWorker(session, reason);
        } else if (session.sendAway()) {
            session.link().event(EventKind.SESSION_KILL.number(), OperationCodec.sessionKill(session.id(), reason));
            later(OBEYED_WITHIN, () -> closeOnWorker(session, reason));
        }
    }

    void lost(Link link) {
        sessions.values().stream().filter(session -> session.link() == link).forEach(session -> lost(session, link));
    }

    void lost(RelayedSession session, Link link) {
        String reason = "The link to the edge was lost";
        if (mayGoOn && session.login().isPresent()) {
            later(GOES_ON_WITHIN, () -> closeLost(session, link, reason));
        } else {
            closeOnWorker(session, reason);
        }
    }

    private void closeLost(RelayedSession session, Link link, String reason) {
        closeIf(session, () -> session.closesOn(link), reason);
    }

    /** Nobody was told that it goes on by this try of its edge; it ends when the edge does not ask for it once more. */
    void endUnlessResumed(RelayedSession session, long attempt) {
        String reason = "The edge did not hear that it goes on";
        later(GOES_ON_WITHIN, () -> closeIf(session, () -> session.closesSince(attempt), reason));
    }

    /** It may not go on, which this try of its edge has shown; but the edge may have asked again meanwhile. */
    void closeRefused(RelayedSession session, long attempt) {
        if (session.closesSince(attempt)) {
            closed(session, "It may not go on");
        }
    }

    private void closeIf(RelayedSession session, BooleanSupplier closes, String reason) {
        run(
                session,
                () -> {
                    if (closes.getAsBoolean()) {
                        closed(session, reason);
                    }
                },
                () -> later(Duration.ofSeconds(1), () -> closeIf(session, closes, reason)));
    }

    /**
     * Closes it, as its edge wishes, once its files are closed. The edge says so before it closes the session, but on other connections,
     * and a download that was delivered would be recorded as broken off. However much there is to do: it is done later then, unless the
     * session has come back meanwhile.
     */
    void closeAfterFiles(RelayedSession session, Farewell words) {
        String reason = RelayedSession.plain(words.reason());
        session.wishesEnd(words)
                .ifPresent(attempt ->
                        closeAfterFiles(session, () -> session.closesSince(attempt), reason, System.nanoTime()));
    }

    private void closeAfterFiles(RelayedSession session, BooleanSupplier closes, String reason, long sinceNanos) {
        if (session.hasOpenFiles() && System.nanoTime() - sinceNanos < FILES_CLOSED_WITHIN.toNanos()) {
            later(Duration.ofMillis(CHECK_MILLIS), () -> closeAfterFiles(session, closes, reason, sinceNanos));
        } else {
            closeIf(session, closes, reason);
        }
    }

    /** Tries again while there is too much to do, so that no session is left over. */
    private void closeOnWorker(RelayedSession session, String reason) {
        run(
                session,
                () -> closeQuietly(session, reason),
                () -> later(Duration.ofSeconds(1), () -> closeOnWorker(session, reason)));
    }

    private void later(Duration delay, Runnable action) {
        try {
            clock.schedule(action, delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("The server is stopping; what was to be done later is left", e);
        }
    }

    private void closed(RelayedSession session, String reason) {
        try {
            tellDesk(session, reason);
        } catch (RuntimeException e) {
            LOG.warn("The session {} could not be closed in order", session.id(), e);
        }
    }

    void closeQuietly(RelayedSession session, String reason) {
        try {
            close(session, reason);
        } catch (RuntimeException e) {
            LOG.warn("The session {} could not be closed in order", session.id(), e);
        }
    }

    /** It is among the sessions until its end was answered, so that {@link #awaitNone} waits for that. */
    void close(RelayedSession session, String reason) {
        if (session.closes()) {
            tellDesk(session, reason);
        }
    }

    private void tellDesk(RelayedSession session, String reason) {
        try {
            session.desk().answer(new CloseSession(session.id(), reason));
        } finally {
            remove(session);
            synchronized (sessions) {
                sessions.notifyAll();
            }
        }
    }

    /** On a worker of those that its edge has for ends of sessions, or else this. */
    private static void run(RelayedSession session, Runnable work, Runnable refused) {
        try {
            session.guard().closings().execute(work);
        } catch (RejectedExecutionException e) {
            refused.run();
        }
    }
}
