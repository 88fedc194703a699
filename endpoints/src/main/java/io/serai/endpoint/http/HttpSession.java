package io.serai.endpoint.http;

import io.serai.config.name.SessionId;
import io.serai.endpoint.LoginResult;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One login that requests share. It ends when it is retired and its last request is over. Guarded by its own monitor.
 */
final class HttpSession {
    private final SessionId id;
    private final Consumer<HttpSession> closer;
    private final CompletableFuture<LoginResult.Accepted> login = new CompletableFuture<>();
    private final Set<Use> uses = new HashSet<>();
    private final long bornNanos = System.nanoTime();
    private long lastUsedNanos = bornNanos;
    private boolean isRetired;

    /** @param closer tells the answering side that the session is over; called once, by a worker */
    HttpSession(SessionId id, Consumer<HttpSession> closer) {
        this.id = id;
        this.closer = closer;
    }

    SessionId id() {
        return id;
    }

    /** Done when the credentials are verified or refused. */
    CompletableFuture<LoginResult.Accepted> login() {
        return login;
    }

    void verified(LoginResult.Accepted accepted) {
        login.complete(accepted);
    }

    void refused(Exception why) {
        login.completeExceptionally(why);
    }

    /** Takes part in this session; null when it is over. Only after {@link #login} was successful. */
    synchronized @Nullable Use use() {
        if (isRetired) {
            return null;
        }
        Use use = new Use();
        uses.add(use);
        return use;
    }

    synchronized boolean isIdleFor(Duration limit) {
        if (!login.isDone() || !uses.isEmpty()) {
            return false;
        }
        Duration own = login.isCompletedExceptionally() ? limit : login.join().idleTimeout();
        Duration shorter = own.compareTo(limit) < 0 ? own : limit;
        return System.nanoTime() - lastUsedNanos >= shorter.toNanos();
    }

    synchronized boolean isOlderThan(Duration age) {
        return login.isDone() && System.nanoTime() - bornNanos > age.toNanos();
    }

    synchronized long lastUsedNanos() {
        return lastUsedNanos;
    }

    /** No further request may use it; closes now or with the last one. */
    void retire() {
        boolean over;
        synchronized (this) {
            over = !isRetired && uses.isEmpty();
            isRetired = true;
        }
        if (over) {
            closer.accept(this);
        }
    }

    /** Breaks off what its requests do. */
    void breakOff(String reason) {
        List<Use> running;
        synchronized (this) {
            running = List.copyOf(uses);
        }
        running.forEach(use -> use.breaker.accept(reason));
    }

    /** One request's part in the session. */
    final class Use implements AutoCloseable {
        private volatile Consumer<String> breaker = reason -> {};

        HttpSession session() {
            return HttpSession.this;
        }

        SessionId id() {
            return id;
        }

        /** What ends this request's transfer when the session is ended from outside. */
        void onBreakOff(Consumer<String> how) {
            breaker = how;
        }

        @Override
        public void close() {
            boolean over;
            synchronized (HttpSession.this) {
                boolean last = uses.remove(this) && uses.isEmpty();
                lastUsedNanos = System.nanoTime();
                over = last && isRetired;
            }
            if (over) {
                closer.accept(HttpSession.this);
            }
        }
    }
}
