package io.serai.route.session;

import io.serai.cluster.limit.Ban;
import io.serai.cluster.limit.ClusterLimits;
import io.serai.cluster.limit.LimitWatch;
import io.serai.cluster.object.ObjectStore;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.object.Account;
import io.serai.config.object.ObjectKind;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.Done;
import io.serai.endpoint.SessionControl;
import io.serai.endpoint.SessionGreeting;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partner sessions of this node and the answers to all that they ask; what {@code partner-session:} hands its
 * operations to. Every operation is authorised against the account as it stands at that moment; a session whose account
 * was disabled or lost its right to be there is ended. Safe for use by many threads.
 */
public final class PartnerSessions {
    private static final Logger LOG = LoggerFactory.getLogger(PartnerSessions.class);

    private final SessionSettings settings;
    private final ObjectStore objects;
    private final SessionControl endpoints;
    private final InstantSource clock;
    private final SessionLogins logins;
    private final SessionFiles files;
    private final ClusterLimits limits;
    private final SessionCleaner cleaner = new SessionCleaner();
    private final BannedAddresses banned = new BannedAddresses();
    private final Map<SessionId, PartnerSession> sessions = new ConcurrentHashMap<>();
    private volatile boolean draining;

    /**
     * @param stores where files and their records are kept
     * @param endpoints ends the connection of a session, such as {@code new ActiveListeners(camel)::end}
     */
    public PartnerSessions(
            SessionSettings settings,
            ObjectStore objects,
            PartnerStores stores,
            SessionControl endpoints,
            InstantSource clock) {
        this.settings = settings;
        this.objects = objects;
        this.endpoints = endpoints;
        this.clock = clock;
        this.limits = stores.limits();
        this.logins = new SessionLogins(settings, objects, stores, clock);
        this.files = new SessionFiles(stores);
        objects.onChange(this::accountsChanged);
        limits.bans().onChange(this::bansChanged);
        limits.watchSessions(new LimitWatch.NodeSessions() {
            @Override
            public Set<SessionId> loggedIn() {
                return PartnerSessions.this.loggedIn();
            }

            @Override
            public void end(SessionId session, String reason) {
                PartnerSessions.this.end(session, reason);
            }
        });
    }

    /** Answers one operation; the reply is of its {@link PartnerOperation#replyType}, a refusal is thrown. */
    public <R> R answer(PartnerOperation<R> operation) {
        return operation.replyType().cast(reply(operation));
    }

    private Object reply(PartnerOperation<?> operation) {
        if (operation instanceof PartnerOperation.OpenSession open) {
            return open(open);
        }
        if (operation instanceof PartnerOperation.CloseSession close) {
            close(close);
            return Done.DONE;
        }
        if (operation instanceof PartnerOperation.ResumeSession resume) {
            return resume(resume);
        }
        PartnerSession session = session(operation.session());
        session.touched(clock.instant());
        if (operation instanceof PartnerOperation.LoginByPassword login) {
            return logins.byPassword(session, login);
        }
        if (operation instanceof PartnerOperation.CheckPublicKey check) {
            return logins.check(session, check);
        }
        if (operation instanceof PartnerOperation.LoginByPublicKey login) {
            return logins.byPublicKey(session, login);
        }
        return files.answer(session, account(session), operation);
    }

    // ---- for operators ----

    /** All sessions of this node, oldest first. */
    public List<SessionView> list() {
        return sessions.values().stream()
                .map(SessionView::of)
                .sorted(Comparator.comparing(SessionView::opened))
                .toList();
    }

    /**
     * Ends a session: it may do nothing more and its connection is closed when this returns, what it has open is broken
     * off soon after that. Never waits for storage or database.
     *
     * @return whether there was such a session
     */
    public boolean end(SessionId id, String reason) {
        PartnerSession session = sessions.get(id);
        if (session == null) {
            return false;
        }
        end(List.of(session), reason);
        return true;
    }

    /** First all are refused everything and disconnected: what they have open may hang, as long as the share does. */
    private void end(List<PartnerSession> ending, String reason) {
        List<PartnerSession> open = new ArrayList<>();
        for (PartnerSession session : ending) {
            if (session.end(reason)) {
                LOG.info("Session {} of {} is ended: {}", session.id(), name(session), reason);
                open.add(session);
            }
            givePlaceBack(session);
        }
        for (PartnerSession session : ending) {
            try {
                endpoints.end(session.id(), reason);
            } catch (RuntimeException e) { // one connection must not keep the others
                LOG.error("The connection of session {} could not be closed", session.id(), e);
            }
        }
        open.forEach(cleaner::clean);
    }

    /** Waits until what ended sessions had open has been broken off; false when the limit passes first. */
    public boolean awaitBrokenOff(Duration limit) {
        return cleaner.awaitIdle(limit);
    }

    private void givePlaceBack(PartnerSession session) {
        if (session.givesPlaceBack()) {
            limits.sessions().ended(session.id());
        }
    }

    private Set<SessionId> loggedIn() {
        return sessions.values().stream()
                .filter(session -> session.account().isPresent() && !session.isEnded())
                .map(PartnerSession::id)
                .collect(Collectors.toSet());
    }

    /** New sessions and logins are refused from now on, because the node goes down; running ones go on. */
    public void drain() {
        draining = true;
    }

    /** Takes new sessions again after {@link #drain}. */
    public void undrain() {
        draining = false;
    }

    /** These sessions go on at another server, which takes their places over; they are ended here all the same. */
    public void leave(Collection<SessionId> going) {
        going.forEach(id -> Optional.ofNullable(sessions.get(id)).ifPresent(PartnerSession::givesPlaceBack));
    }

    /** How many streams partners have open. */
    public int openTransfers() {
        return sessions.values().stream()
                .mapToInt(session -> session.transfers().size())
                .sum();
    }

    /** Ends every session, as {@link #end} does. */
    public void endAll(String reason) {
        end(List.copyOf(sessions.values()), reason);
    }

    // ---- life of a session ----

    private SessionGreeting open(PartnerOperation.OpenSession open) {
        String from = AddressRange.origin(open.origin());
        if (beforeLogin(from) >= settings.mostBeforeLogin()) {
            throw new SeraiException(
                    ErrorCode.BUSY,
                    from + " has " + settings.mostBeforeLogin() + " connections that have not logged in");
        }
        begin(open.session(), open.origin());
        return new SessionGreeting(settings.banner(), settings.maxTries(), settings.loginGrace());
    }

    /** It is here only when it has its place and may go on, else it leaves nothing behind. */
    private LoginResult resume(PartnerOperation.ResumeSession resume) {
        PartnerSession here = sessions.get(resume.session());
        if (here != null) {
            // Its edge lost the link to this very node, and comes back for it.
            boolean same = here.account().equals(Optional.of(resume.account())) && !here.isEnded();
            return same ? logins.resume(here, resume) : new LoginResult.Refused();
        }
        PartnerSession session = begin(resume.session(), resume.origin());
        LoginResult result = new LoginResult.Refused();
        try {
            result = logins.resume(session, resume);
            return result;
        } finally {
            if (!(result instanceof LoginResult.Accepted)) {
                session.end("it could not go on here");
                sessions.remove(session.id(), session);
            }
        }
    }

    private PartnerSession begin(SessionId id, PartnerOperation.Origin origin) {
        if (draining) {
            throw new SeraiException(ErrorCode.BUSY, "This node is going down; connect again later");
        }
        Instant now = clock.instant();
        InetAddress client = origin.client().getAddress();
        if (banned.contains(client, now)) {
            throw new SeraiException(ErrorCode.LOGIN_REFUSED, client.getHostAddress() + " is banned");
        }
        if (sessions.size() >= settings.maxSessions()) {
            dropForgotten(now);
        }
        if (sessions.size() >= settings.maxSessions()) {
            throw new SeraiException(
                    ErrorCode.BUSY, "This node has its most sessions (" + settings.maxSessions() + ") already");
        }
        PartnerSession session = new PartnerSession(id, origin, now);
        if (sessions.putIfAbsent(id, session) != null) {
            throw new SeraiException(ErrorCode.CONFLICT, "Session " + id + " was opened before");
        }
        return session;
    }

    private void close(PartnerOperation.CloseSession close) {
        PartnerSession session = sessions.get(close.session());
        if (session != null) {
            if (session.end(close.reason())) {
                session.breakOff();
            }
            sessions.remove(close.session());
            givePlaceBack(session);
        }
    }

    /** Sessions that never logged in though their time is long over: their endpoint lost them. */
    private void dropForgotten(Instant now) {
        Duration patience = settings.loginGrace().multipliedBy(4);
        sessions.values()
                .removeIf(session -> session.account().isEmpty()
                        && session.opened().plus(patience).isBefore(now));
    }

    private PartnerSession session(SessionId id) {
        PartnerSession session = sessions.get(id);
        if (session == null) {
            throw new SeraiException(ErrorCode.NO_SESSION, "There is no session " + id);
        }
        session.checkNotEnded();
        return session;
    }

    private Account account(PartnerSession session) {
        AccountName name = session.account()
                .orElseThrow(() ->
                        new SeraiException(ErrorCode.NO_SESSION, "Nobody has logged in to session " + session.id()));
        Account account = objects.find(Account.class, name.value())
                .filter(found -> mayGoOn(session, found))
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.NO_SESSION,
                        "Account " + name + " may not use session " + session.id() + " any more"));
        return account;
    }

    private static boolean mayGoOn(PartnerSession session, Account account) {
        return LoginDecision.standing(account, session.origin().protocol(), session.client()) == LoginDecision.ACCEPTED;
    }

    private long beforeLogin(String from) {
        return sessions.values().stream()
                .filter(session -> session.account().isEmpty() && !session.isEnded())
                .filter(session -> session.failuresOf().equals(from))
                .count();
    }

    private void bansChanged(List<Ban> bans) {
        banned.replace(bans).forEach(logins::forgive);
        Instant now = clock.instant();
        List<PartnerSession> ending = sessions.values().stream()
                .filter(session -> banned.isByOperator(session.client(), now))
                .toList();
        end(ending, "the address is banned");
    }

    private void accountsChanged(List<ObjectStore.Change> changes) {
        for (ObjectStore.Change change : changes) {
            if (change.key().kind() == ObjectKind.ACCOUNT) {
                String name = change.key().name();
                Account before = change.before() instanceof Account account ? account : null;
                Account after = change.after() instanceof Account account ? account : null;
                boolean revoked = before != null && after != null && isRevoked(before, after);
                List<PartnerSession> ending = sessions.values().stream()
                        .filter(session -> name.equals(name(session)))
                        .filter(session -> after == null || revoked || !mayGoOn(session, after))
                        .toList();
                end(ending, "the account was changed");
            }
        }
    }

    /** Whoever changes a password or takes a key away means those who may have logged in with it, too. */
    static boolean isRevoked(Account before, Account after) {
        boolean isOtherPassword =
                before.password().isPresent() && !before.password().equals(after.password());
        return isOtherPassword || !after.publicKeys().containsAll(before.publicKeys());
    }

    private static String name(PartnerSession session) {
        return session.account().map(AccountName::value).orElse("");
    }
}
