package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.Reply;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.OperationCodec.Farewell;
import io.serai.edge.message.PlainText;
import io.serai.edge.message.Status;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.Origin;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a server knows of one session that an edge holds. Safe for several threads. */
final class RelayedSession {
    /** More than may be asked at once, and so be asked again after a connection was lost. */
    private static final int REMEMBERED = 128;

    private static final int REMEMBERED_BYTES = 256;
    private static final int REASON_CHARS = 200;
    private static final int LISTENER_CHARS = 64;

    private enum Life {
        OPENING,
        /** Its end was wanted before the desk knew of it. */
        UNWANTED,
        OPEN,
        CLOSED
    }

    private final SessionId id;
    private final Origin origin;
    private final PartnerDesk desk;
    private final EdgeGuard guard;
    private final long openedNanos = System.nanoTime();
    private final AtomicBoolean beforeLogin = new AtomicBoolean();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger streams = new AtomicInteger();
    private final AtomicBoolean loggingIn = new AtomicBoolean();
    private boolean endWished;
    /** Done when it ends, or goes on though its edge had wished its end. */
    private CompletableFuture<Void> gone = new CompletableFuture<>();

    private final AtomicBoolean sentAway = new AtomicBoolean();
    private final Map<UUID, ServedUpload> uploads = new ConcurrentHashMap<>();
    /** The answers to the last operations that change something, which may be asked for again. */
    private final Map<Long, CompletableFuture<Reply>> answers = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, CompletableFuture<Reply>> eldest) {
            return size() > REMEMBERED;
        }
    };

    private Life life = Life.OPENING;
    /** Which of its edge's tries to go on was the latest here; 0 after a login. */
    private long attempt;

    private volatile Link link;
    private volatile LoginResult.@Nullable Accepted login;

    RelayedSession(SessionId id, Origin origin, Link link, PartnerDesk desk, EdgeGuard guard) {
        this.id = id;
        this.origin = origin;
        this.link = link;
        this.desk = desk;
        this.guard = guard;
    }

    static SeraiException unknown() {
        return new SeraiException(ErrorCode.NO_SESSION, "The session is unknown or has ended");
    }

    /** What an edge gives as a reason, for logs and the ledger. */
    static String plain(String reason) {
        return PlainText.of(reason, REASON_CHARS);
    }

    SessionId id() {
        return id;
    }

    Origin origin() {
        return origin;
    }

    Link link() {
        return link;
    }

    /** It comes from another server, by this try of its edge. */
    synchronized RelayedSession resumedBy(long number) {
        attempt = number;
        return this;
    }

    /**
     * Whether it goes on over this link of the same edge, as the former is lost; not when it has ended, or its edge has tried again
     * since and has been heard.
     */
    boolean rebind(Link other, long number) {
        CompletableFuture<Void> formerWish;
        synchronized (this) {
            if (life != Life.OPEN || number <= attempt) {
                return false;
            }
            link = other;
            attempt = number;
            sentAway.set(false);
            endWished = false;
            formerWish = gone;
            gone = new CompletableFuture<>();
        }
        formerWish.complete(null);
        return true;
    }

    /** Whether the desk does not know it yet. */
    synchronized boolean isOpening() {
        return life == Life.OPENING || life == Life.UNWANTED;
    }

    /** As {@link #closes}, unless its edge has asked for it again since this try. */
    synchronized boolean closesSince(long number) {
        return attempt == number && closes();
    }

    /** Who has logged in, as its edge was told. */
    Optional<LoginResult.Accepted> login() {
        return Optional.ofNullable(login);
    }

    void loggedIn(LoginResult.Accepted accepted) {
        login = accepted;
    }

    /** Where it was opened, and where its end must be told. */
    PartnerDesk desk() {
        return desk;
    }

    /** What its edge has used of what it may. */
    EdgeGuard guard() {
        return guard;
    }

    /** What an edge says of a session, marked as said by the edge; text of it is text and nothing more. */
    static Origin asserted(Link link, Origin said) {
        return new Origin(
                said.protocol(),
                PlainText.of(said.listener(), LISTENER_CHARS),
                said.client(),
                said.local(),
                said.clientSoftware().map(RelayedSession::plain),
                Optional.of(link.peer().node()));
    }

    /** Whether its edge may have one more session that has not logged in, which it is from now on. */
    boolean isAdmitted() {
        boolean admitted = guard.opens();
        beforeLogin.set(admitted);
        return admitted;
    }

    /** A login; one at a time, so that what is said of the session by one is not what another one meant. */
    LoginResult logIn(PartnerOperation<LoginResult> operation, PartnerDesk asked) {
        if (!loggingIn.compareAndSet(false, true)) {
            throw new SeraiException(ErrorCode.BUSY, "Another login of the session is being decided");
        }
        try {
            LoginResult result = guard.logins().ask(operation, origin.client().getAddress(), asked);
            if (result instanceof LoginResult.Accepted accepted) {
                noLongerBeforeLogin();
                loggedIn(accepted);
            }
            return result;
        } finally {
            loggingIn.set(false);
        }
    }

    /** It has logged in, or ends: it does not count among those that have not logged in any more. */
    void noLongerBeforeLogin() {
        if (beforeLogin.compareAndSet(true, false)) {
            guard.noLongerBeforeLogin();
        }
    }

    /** Whether it should have logged in long ago. */
    boolean isOverdue(long nowNanos, long graceNanos) {
        return beforeLogin.get() && nowNanos - openedNanos > graceNanos;
    }

    /** Whether nothing is asked and no file is open just now. */
    boolean isIdle() {
        return requests.get() == 0 && streams.get() == 0;
    }

    /** Whether its edge is to be told now that it must end, which is once. */
    boolean sendAway() {
        return sentAway.compareAndSet(false, true);
    }

    /** The desk knows it now; whether its end was wanted meanwhile, and is still to be done. */
    synchronized boolean opened() {
        boolean unwanted = life == Life.UNWANTED;
        life = Life.OPEN;
        return unwanted;
    }

    /** Whether the desk is to be told now that it has ended, which is once; one that is being opened ends after that. */
    synchronized boolean closes() {
        boolean open = life == Life.OPEN;
        life = switch (life) {
            case OPENING, UNWANTED -> Life.UNWANTED;
            case OPEN, CLOSED -> Life.CLOSED;
        };
        return open;
    }

    /** As {@link #closes}, unless it goes on over another link than this. */
    synchronized boolean closesOn(Link lost) {
        return link == lost && closes();
    }

    boolean hasOpenFiles() {
        return streams.get() > 0;
    }

    boolean enter(int most) {
        if (requests.incrementAndGet() > most) {
            requests.decrementAndGet();
            return false;
        }
        return true;
    }

    void leave() {
        requests.decrementAndGet();
    }

    boolean openStream(int most) {
        if (streams.incrementAndGet() > most) {
            streams.decrementAndGet();
            return false;
        }
        return true;
    }

    void closeStream() {
        streams.decrementAndGet();
    }

    void closeStream(UUID upload) {
        uploads.remove(upload);
        closeStream();
    }

    void add(UUID upload, ServedUpload served) {
        uploads.put(upload, served);
    }

    @Nullable
    ServedUpload upload(UUID upload) {
        return uploads.get(upload);
    }

    /**
     * Carries it out, answers and leaves; when it was carried out before, or is about to be, only answers. Before the login nothing is
     * remembered, as nothing is carried out.
     */
    void once(long operationId, IncomingRequest request, Supplier<byte[]> act) {
        CompletableFuture<Reply> mine = new CompletableFuture<>();
        CompletableFuture<Reply> earlier = null;
        if (operationId != 0 && login != null) {
            synchronized (answers) {
                earlier = answers.putIfAbsent(operationId, mine);
            }
        }
        if (earlier != null) {
            earlier.thenAccept(reply -> answer(request, reply));
            return;
        }
        Reply reply = new Reply(Status.INTERNAL, new Failure("internal error", 0).encode());
        try {
            reply = new Reply(Status.OK, act.get());
        } catch (SeraiException e) {
            reply = new Reply(StatusCodes.of(e.code()), StatusCodes.failure(e));
        } finally {
            mine.complete(remembered(reply));
            answer(request, reply);
        }
    }

    private void answer(IncomingRequest request, Reply reply) {
        leave();
        request.reply(reply.status(), reply.payload());
    }

    /** Without a text that is long: that it failed, and how, is enough the second time. */
    private static Reply remembered(Reply reply) {
        return reply.payload().length <= REMEMBERED_BYTES ? reply : new Reply(reply.status(), new byte[0]);
    }

    /** How many bytes of answers are remembered. */
    int rememberedBytes() {
        synchronized (answers) {
            return answers.values().stream()
                    .filter(CompletableFuture::isDone)
                    .mapToInt(reply -> reply.join().payload().length)
                    .sum();
        }
    }

    // ---- its end ----

    synchronized boolean isEndWished() {
        return endWished;
    }

    /** Whether it is here by a later try of its edge than the one that these words are about. */
    synchronized boolean isSince(Farewell words) {
        return words.attempt() > 0 && attempt > words.attempt();
    }

    /** By which try of its edge it is here, if that wishes its end for the first time since; answered by {@link #whenGone}. */
    synchronized OptionalLong wishesEnd(Farewell words) {
        if (endWished || isSince(words)) {
            return OptionalLong.empty();
        }
        endWished = true;
        return OptionalLong.of(attempt);
    }

    /** Done as soon as it has ended, or goes on by a later try of its edge. */
    void whenGone(Runnable action) {
        CompletableFuture<Void> end;
        synchronized (this) {
            end = gone;
        }
        end.thenRun(action);
    }

    void isGone() {
        CompletableFuture<Void> end;
        synchronized (this) {
            end = gone;
        }
        end.complete(null);
    }
}
