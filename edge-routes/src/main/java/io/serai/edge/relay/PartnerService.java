package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkListener;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.LinkMessages.LinkStatus;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.Status;
import io.serai.edge.ticket.SessionTickets;
import io.serai.endpoint.PartnerOperation;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's side: takes the operations of partners that are connected to edges to its desk, while it has one. A session
 * belongs to the link that opened it: another link cannot use it, and it ends with its link. It is the handler and the
 * listener of the links that it serves. Safe for several threads.
 */
public final class PartnerService implements LinkHandler, LinkListener {
    private static final Logger LOG = LoggerFactory.getLogger(PartnerService.class);
    /** More than the handles of an SFTP connection, and than what HTTP clients ask for at once; connections have limits too. */
    private static final int STREAMS_OF_A_SESSION = 128;

    private static final byte[] NOTHING = new byte[0];
    private static final LinkStatus TAKING = new LinkStatus(false, false, 0, 0, 0);
    private static final LinkStatus RESTING = new LinkStatus(true, false, 0, 0, 0);
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final ScheduledExecutorService clock;
    private final UploadVerdicts verdicts;
    private final HeldSessions sessions;
    private final RequestAnswers requests = new RequestAnswers(this);
    /** The links that are up; guards, with itself as lock, what they were told last. */
    private final Set<Link> links = new HashSet<>();

    private final Optional<SessionTickets> tickets;
    private final EdgeGuards guards;
    private volatile PartnerDesk desk = PartnerService::refuse;
    private volatile boolean serving;
    private volatile boolean drained;

    /**
     * Serves nobody until {@link #serve}.
     *
     * @param workers for everything that may block; bounded, and it refuses what is too much
     * @param clock for waiting without a thread
     */
    public PartnerService(ExecutorService workers, ScheduledExecutorService clock, UploadVerdicts verdicts) {
        this(workers, clock, verdicts, Optional.empty());
    }

    /**
     * As the other, with sessions that can go on at other servers.
     *
     * @param tickets by which servers of the cluster know each other's sessions; empty where each session ends with its link
     */
    public PartnerService(
            ExecutorService workers,
            ScheduledExecutorService clock,
            UploadVerdicts verdicts,
            Optional<SessionTickets> tickets) {
        this(workers, clock, verdicts, tickets, EdgeLimits.DEFAULTS, EdgeAlarms.NONE);
    }

    /** @param limits of each edge */
    public PartnerService(
            ExecutorService workers,
            ScheduledExecutorService clock,
            UploadVerdicts verdicts,
            Optional<SessionTickets> tickets,
            EdgeLimits limits,
            EdgeAlarms alarms) {
        this.clock = clock;
        this.verdicts = verdicts;
        this.tickets = tickets;
        this.guards = new EdgeGuards(limits, alarms, workers);
        this.sessions = new HeldSessions(clock, tickets.isPresent());
    }

    private static <R> R refuse(PartnerOperation<R> operation) {
        throw new SeraiException(ErrorCode.BUSY, "This server takes no partners of edges at the moment");
    }

    /** Takes sessions from now on, and answers them at this desk. */
    public void serve(PartnerDesk answering) {
        synchronized (links) {
            if (serving) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "The sessions of this zone are taken by another route already; stop that first");
            }
            desk = answering;
            serving = true;
            tellAll();
        }
    }

    private boolean isTaking() {
        return serving && !drained;
    }

    private void tellAll() {
        LinkStatus now = isTaking() ? TAKING : RESTING;
        links.forEach(link -> link.tell(now));
    }

    /**
     * Takes no more sessions, and goes on with those that are there. The edges are told, so that they take what they can to other
     * servers: sessions without open files now, the others when these are closed.
     */
    public void drain() {
        synchronized (links) {
            drained = true;
            tellAll();
        }
    }

    /** Takes sessions again after {@link #drain}. */
    public void undrain() {
        synchronized (links) {
            drained = false;
            tellAll();
        }
    }

    /**
     * Waits, after {@link #drain}, until the edges have taken the sessions elsewhere; not long for those that could have been taken and
     * were not.
     */
    public void awaitMoved() {
        long began = System.nanoTime();
        try {
            sessions.awaitNone(
                    HeldSessions.LOGGED_IN_WITHIN,
                    session -> {},
                    () -> sessions.all().stream().allMatch(session -> sessions.isLeft(session, began)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Ends the links, so that the edges take all sessions to other servers, with downloads that go on there. Uploads are broken off and
     * can be resumed. The links come again.
     *
     * @param first is told which sessions that are, before their edges are
     */
    public void letGo(Consumer<List<SessionId>> first) {
        List<RelayedSession> all = sessions.all();
        all.forEach(RelayedSession::sendAway); // nobody ends the partners' connections from now on
        first.accept(all.stream().map(RelayedSession::id).toList());
        List<Link> up;
        synchronized (links) {
            up = List.copyOf(links);
        }
        up.forEach(link -> link.close(ByeCode.SHUTDOWN, "the server lets its sessions go"));
    }

    /**
     * Takes no more sessions, which the edges are told, so that they go to other servers. Each session is ended as soon as it
     * is idle, and all that are left after this time. When this returns the desk is asked nothing any more.
     */
    public void rest(Duration patience) {
        synchronized (links) {
            if (!serving) {
                return;
            }
            serving = false;
            tellAll();
        }
        String reason = "The server is being stopped; connect again";
        long began = System.nanoTime();
        try {
            sessions.awaitNone(
                    patience,
                    session -> {
                        if (session.isIdle() && sessions.isLeft(session, began)) {
                            sessions.sendAway(session, reason);
                        }
                    },
                    () -> false);
            sessions.awaitNone(LAST_WORDS, session -> sessions.sendAway(session, reason), () -> false);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        sessions.all().forEach(session -> sessions.closeQuietly(session, reason));
        desk = PartnerService::refuse;
    }

    HeldSessions sessions() {
        return sessions;
    }

    PartnerDesk desk() {
        return desk;
    }

    Optional<SessionTickets> tickets() {
        return tickets;
    }

    EdgeGuards guards() {
        return guards;
    }

    ScheduledExecutorService clock() {
        return clock;
    }

    UploadVerdicts verdicts() {
        return verdicts;
    }

    /** How many sessions there are, by all links. */
    public int sessionCount() {
        return sessions.size();
    }

    /**
     * Tells the edge that holds this session to end it; whether any does. If the edge does not obey within a while, the session
     * ends on this side alone.
     */
    public boolean end(SessionId session, String reason) {
        RelayedSession held = sessions.get(session);
        if (held == null) {
            return false;
        }
        sessions.sendAway(held, reason);
        return true;
    }

    /** The link is gone, and with it its sessions, unless they soon go on over another one. */
    public void lost(Link link) {
        sessions.lost(link);
    }

    // ---- what is heard of links ----

    @Override
    public void up(Link link) {
        synchronized (links) {
            links.add(link);
            if (!isTaking()) {
                link.tell(RESTING);
            }
        }
        LOG.info("The {} is up", link);
        sessions.endOfFormer(link);
    }

    @Override
    public void changed(Link link) {
        LOG.debug("The {} can be used: {}", link, link.isUsable());
    }

    @Override
    public void lost(Link link, String why) {
        synchronized (links) {
            links.remove(link);
        }
        LOG.warn("The {} is lost: {}", link, why);
        lost(link);
    }

    @Override
    public void violation(String peer, String what) {
        guards.of(peer).violated(what);
    }

    @Override
    public void event(Link link, int kind, byte[] payload) {
        LOG.debug("An event of the kind {} is not for a server", kind);
    }

    // ---- requests ----

    @Override
    public void request(Link link, IncomingRequest request) {
        requests.request(link, request);
    }

    /** Empty, and no session, when the first answer is none. */
    Optional<byte[]> begin(RelayedSession session, Supplier<Optional<byte[]>> first) throws ProtocolViolation {
        Link link = session.link();
        sessions.add(session);
        boolean greeted = false;
        try {
            requireTaking(); // asked only now that the session can be seen by whoever ends them all
            Optional<byte[]> greeting = first.get();
            greeted = greeting.isPresent();
            return greeting;
        } finally {
            if (!greeted) {
                sessions.remove(session);
            } else if (session.opened()) {
                sessions.close(session, "The session was ended while it began");
            } else if (!link.isUsable()) {
                sessions.lost(session, link);
            }
        }
    }

    void requireTaking() {
        if (!isTaking()) {
            throw new SeraiException(ErrorCode.BUSY, "This server takes no partners of edges at the moment");
        }
    }

    @Nullable
    RelayedSession held(SessionId id) {
        return sessions.get(id);
    }

    /** The session, if it is one of this link. */
    RelayedSession session(Link link, SessionId id) {
        RelayedSession session = sessions.get(id);
        if (session == null || session.link() != link) {
            throw RelayedSession.unknown();
        }
        return session;
    }

    // ---- streams ----

    @Override
    public void stream(Link link, LinkStream stream, int method, byte[] payload) {
        Optional<Method> known = Method.of(method);
        try {
            if (known.isEmpty() || (known.get() != Method.READ && known.get() != Method.WRITE)) {
                stream.result(Status.UNSUPPORTED, NOTHING);
                return;
            }
            Call call = OperationCodec.decode(known.get(), payload);
            RelayedSession session = session(link, call.operation().session());
            if (!session.openStream(STREAMS_OF_A_SESSION)) {
                stream.result(Status.BUSY, new Failure("Too many open files", 0).encode());
            } else if (known.get() == Method.WRITE) {
                receive(link, session, stream, call);
            } else {
                new ServedDownload(stream, call, this, session).start();
            }
        } catch (ProtocolViolation e) {
            guards.of(link).violated("a stream with " + e.text());
            stream.result(Status.PROTOCOL, new Failure(e.text(), 0).encode());
        } catch (SeraiException e) {
            stream.result(StatusCodes.of(e.code()), StatusCodes.failure(e));
        }
    }

    private void receive(Link link, RelayedSession session, LinkStream stream, Call call) {
        UUID id = call.upload();
        if (verdicts.opened(session.id(), id)) {
            ServedUpload upload =
                    new ServedUpload(stream, call, this, session, link.peer().link());
            session.add(id, upload);
            upload.start();
        } else {
            session.closeStream();
            stream.result(Status.PROTOCOL, new Failure("An upload of that id is known already", 0).encode());
        }
    }

    /** The sessions of a link, for operators. */
    public List<SessionId> sessionsOf(Link link) {
        return sessions.all().stream()
                .filter(session -> session.link() == link)
                .map(RelayedSession::id)
                .toList();
    }
}
