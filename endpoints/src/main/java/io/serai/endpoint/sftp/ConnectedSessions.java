package io.serai.endpoint.sftp;

import io.serai.config.name.SessionId;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.common.session.Session;

/** The connections of a listener and how many there may be. State is guarded by this object's lock. */
final class ConnectedSessions {
    private static final long CHECK_MILLIS = 50;

    private final int maxSessions;
    private final int maxUnauthenticated;
    private final Map<Session, SftpSession> sessions = new HashMap<>();

    ConnectedSessions(int maxSessions, int maxUnauthenticated) {
        this.maxSessions = maxSessions;
        this.maxUnauthenticated = maxUnauthenticated;
    }

    /** Whether there is room for one more connection. */
    synchronized boolean hasRoom() {
        return sessions.size() < maxSessions
                && sessions.values().stream()
                                .filter(session -> !session.isLoggedIn())
                                .count()
                        < maxUnauthenticated;
    }

    synchronized void add(Session connection, SftpSession session) {
        sessions.put(connection, session);
    }

    synchronized Optional<SftpSession> find(Session connection) {
        return Optional.ofNullable(sessions.get(connection));
    }

    synchronized Optional<SftpSession> find(SessionId id) {
        return sessions.values().stream()
                .filter(session -> session.id().equals(id))
                .findFirst();
    }

    synchronized List<SftpSession> all() {
        return List.copyOf(sessions.values());
    }

    synchronized void remove(Session connection) {
        sessions.remove(connection);
        notifyAll();
    }

    /** Waits until no session works or has a file open; gives up after a while. */
    void awaitIdle(Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (all().stream().anyMatch(SftpSession::isBusy) && System.nanoTime() - deadline < 0) {
            synchronized (this) {
                TimeUnit.MILLISECONDS.timedWait(this, CHECK_MILLIS);
            }
        }
    }

    /** Waits until all have gone; gives up after a while. */
    synchronized void awaitNone(Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!sessions.isEmpty() && System.nanoTime() - deadline < 0) {
            TimeUnit.MILLISECONDS.timedWait(this, CHECK_MILLIS);
        }
    }
}
