package io.serai.endpoint.http;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerPort;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The sessions behind requests, so that a password's slow hash is not paid for each of them: requests with the same
 * credentials from the same address share one session, which ends after a time without requests. A session is found only
 * by a keyed hash of the credentials themselves, and is handed out only after they were verified.
 *
 * <p>All methods but {@link #end} may block and belong on worker threads. Safe for use by several threads.
 */
final class LoginCache {
    private static final Duration LONGEST_LOGIN = Duration.ofSeconds(30);

    private final PartnerPort port;
    private final Duration idle;
    private final Duration maxAge;
    private final int maxSessions;
    private final SecretKeySpec hashKey;
    private final ConcurrentMap<String, HttpSession> sessions = new ConcurrentHashMap<>();
    /** Sessions that no new request gets but that running ones still use. */
    private final Set<HttpSession> retired = ConcurrentHashMap.newKeySet();

    LoginCache(PartnerPort port, Duration idle, Duration maxAge, int maxSessions) {
        this.port = port;
        this.idle = idle;
        this.maxAge = maxAge;
        this.maxSessions = maxSessions;
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        hashKey = new SecretKeySpec(random, "HmacSHA256");
    }

    /**
     * A session that acts for these credentials, to be given back by {@link HttpSession.Use#close}.
     *
     * @throws SeraiException {@link ErrorCode#LOGIN_REFUSED}, or why no login is possible at the moment
     */
    HttpSession.Use use(Credentials credentials, PartnerOperation.Origin origin) {
        String key = key(credentials, origin);
        while (true) {
            HttpSession fresh = new HttpSession(SessionId.random(), session -> close(session, "idle or logged out"));
            HttpSession session = sessions.computeIfAbsent(key, k -> fresh);
            if (session == fresh) {
                logIn(key, session, credentials, origin);
            } else {
                awaitLogin(session);
            }
            if (session.isOlderThan(maxAge)) {
                retire(key, session);
                continue;
            }
            HttpSession.Use use = session.use();
            if (use != null) {
                return use;
            }
            sessions.remove(key, session);
        }
    }

    /** Forgets a session that the answering side no longer knows. */
    void forget(HttpSession session) {
        sessions.entrySet().stream()
                .filter(entry -> entry.getValue() == session)
                .findFirst()
                .ifPresent(entry -> retire(entry.getKey(), session));
    }

    /** Ends the sessions that have had no request for their time. */
    void sweep() {
        sessions.forEach((key, session) -> {
            if (session.isIdleFor(idle) || session.isOlderThan(maxAge)) {
                retire(key, session);
            }
        });
    }

    /** Breaks off what a session does and ends it; see {@link io.serai.endpoint.SessionControl#end}. */
    boolean end(SessionId id, String reason) {
        List<HttpSession> all = new ArrayList<>(sessions.values());
        all.addAll(retired);
        for (HttpSession session : all) {
            if (session.id().equals(id)) {
                session.breakOff(reason);
                forget(session);
                return true;
            }
        }
        return false;
    }

    /** Ends all sessions. */
    void close() {
        sessions.forEach(this::retire);
    }

    private void retire(String key, HttpSession session) {
        if (sessions.remove(key, session)) {
            retired.add(session);
            session.retire();
        }
    }

    private void logIn(String key, HttpSession session, Credentials credentials, PartnerOperation.Origin origin) {
        boolean opened = false;
        try {
            makeRoom();
            port.call(new PartnerOperation.OpenSession(session.id(), origin));
            opened = true;
            LoginResult result = port.call(
                    new PartnerOperation.LoginByPassword(session.id(), credentials.user(), credentials.password()));
            if (!(result instanceof LoginResult.Accepted accepted)) {
                throw new SeraiException(ErrorCode.LOGIN_REFUSED, "The login was refused");
            }
            session.verified(accepted);
        } catch (RuntimeException e) {
            sessions.remove(key, session);
            session.refused(e);
            if (opened) {
                close(session, "login refused");
            }
            throw e;
        }
    }

    private void makeRoom() {
        if (sessions.size() <= maxSessions) {
            return;
        }
        var oldest = sessions.entrySet().stream()
                .filter(entry -> entry.getValue().isIdleFor(Duration.ZERO))
                .min(Comparator.comparing(entry -> entry.getValue().lastUsedNanos()))
                .orElseThrow(() -> new SeraiException(ErrorCode.BUSY, "Too many sessions at the same time"));
        retire(oldest.getKey(), oldest.getValue());
    }

    private static void awaitLogin(HttpSession session) {
        try {
            session.login().get(LONGEST_LOGIN.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof SeraiException refusal
                    ? new SeraiException(refusal.code(), refusal.text(), refusal)
                    : new SeraiException(ErrorCode.DEFECT, "The login failed: " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw new SeraiException(ErrorCode.BUSY, "The login takes too long", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SeraiException(ErrorCode.BUSY, "The listener is stopping", e);
        }
    }

    private void close(HttpSession session, String reason) {
        retired.remove(session);
        port.call(new CloseSession(session.id(), reason));
    }

    private String key(Credentials credentials, PartnerOperation.Origin origin) {
        String text = origin.client().getAddress().getHostAddress()
                + '\0'
                + credentials.user()
                + '\0'
                + credentials.password().reveal();
        try {
            Mac mac = Mac.getInstance(hashKey.getAlgorithm());
            mac.init(hashKey);
            return Base64.getEncoder().encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "This Java has no HmacSHA256", e);
        }
    }
}
