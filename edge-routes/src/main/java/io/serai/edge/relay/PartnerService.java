package io.serai.edge.relay;

import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.frame.FrameType;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.EventKind;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.OperationCodec.UploadQuery;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.Status;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.OpenSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's side: takes the operations of partners that are connected to edges to its desk. A session belongs to the link
 * that opened it: another link cannot use it, and it ends with its link. Safe for several threads.
 */
public final class PartnerService implements LinkHandler {
    private static final Logger LOG = LoggerFactory.getLogger(PartnerService.class);
    private static final int SESSIONS_OF_A_LINK = 10_000;
    private static final int STREAMS_OF_A_SESSION = 16;
    private static final int REQUESTS_OF_A_SESSION = 64;
    private static final int PAGE_BYTES = FrameType.MESSAGE_BYTES - 1_024;
    private static final byte[] NOTHING = new byte[0];

    private final PartnerDesk desk;
    private final ExecutorService workers;
    private final ScheduledExecutorService clock;
    private final UploadVerdicts verdicts;
    private final Map<SessionId, RelayedSession> sessions = new ConcurrentHashMap<>();

    /**
     * @param workers for everything that may block; bounded, and it refuses what is too much
     * @param clock for waiting without a thread
     */
    public PartnerService(
            PartnerDesk desk, ExecutorService workers, ScheduledExecutorService clock, UploadVerdicts verdicts) {
        this.desk = desk;
        this.workers = workers;
        this.clock = clock;
        this.verdicts = verdicts;
    }

    PartnerDesk desk() {
        return desk;
    }

    ExecutorService workers() {
        return workers;
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

    /** Tells the edge that holds this session to end it; whether any does. */
    public boolean end(SessionId session, String reason) {
        RelayedSession held = sessions.get(session);
        if (held == null) {
            return false;
        }
        held.link().event(EventKind.SESSION_KILL.number(), OperationCodec.sessionKill(session, reason));
        return true;
    }

    /** The link is gone, and with it its sessions. To be called when a listener hears of it. */
    public void lost(Link link) {
        for (RelayedSession session : List.copyOf(sessions.values())) {
            if (session.link() == link) {
                closeLater(session);
            }
        }
    }

    /** Tries again while there is too much to do, so that no session is left over. */
    private void closeLater(RelayedSession session) {
        run(
                () -> {
                    try {
                        close(session, "The link to the edge was lost");
                    } catch (RuntimeException e) {
                        LOG.warn("The session {} of a lost link could not be closed in order", session.id(), e);
                    }
                },
                () -> {
                    if (!clock.isShutdown()) {
                        clock.schedule(() -> closeLater(session), 1, TimeUnit.SECONDS);
                    }
                });
    }

    private void close(RelayedSession session, String reason) {
        if (sessions.remove(session.id(), session)) {
            desk.answer(new CloseSession(session.id(), reason));
        }
    }

    @Override
    public void event(Link link, int kind, byte[] payload) {
        LOG.debug("An event of the kind {} is not for a server", kind);
    }

    // ---- requests ----

    @Override
    public void request(Link link, IncomingRequest request) {
        Optional<Method> method = Method.of(request.method());
        if (method.isEmpty() || method.get() == Method.READ || method.get() == Method.WRITE) {
            request.reply(Status.UNSUPPORTED, NOTHING);
            return;
        }
        run(() -> answer(link, method.get(), request), () -> request.reply(Status.BUSY, NOTHING));
    }

    private void run(Runnable work, Runnable refused) {
        try {
            workers.execute(work);
        } catch (RejectedExecutionException e) {
            refused.run();
        }
    }

    private void answer(Link link, Method method, IncomingRequest request) {
        try {
            switch (method) {
                case UPLOAD_QUERY, UPLOAD_FLUSH -> answerAboutUpload(link, method, request);
                case SESSION_RESUME, EDGE_SYNC -> request.reply(Status.UNSUPPORTED, NOTHING);
                default -> answerOperation(link, method, request);
            }
        } catch (ProtocolViolation e) {
            LOG.warn("{} sent a {} that cannot be: {}", link, method, e.text());
            request.reply(Status.PROTOCOL, new Failure(e.text(), 0).encode());
        } catch (SeraiException e) {
            request.reply(StatusCodes.of(e.code()), StatusCodes.failure(e));
        } catch (RuntimeException e) {
            LOG.error("{} of {} failed by a defect", method, link, e);
            request.reply(Status.INTERNAL, new Failure("internal error", 0).encode());
        }
    }

    private void answerOperation(Link link, Method method, IncomingRequest request) throws ProtocolViolation {
        Call call = OperationCodec.decode(method, request.payload());
        PartnerOperation<?> operation = call.operation();
        if (operation instanceof OpenSession open) {
            request.reply(Status.OK, open(link, open));
            return;
        }
        RelayedSession session = session(link, operation.session());
        if (operation instanceof CloseSession close) {
            close(session, close.reason());
            request.reply(Status.OK, NOTHING);
        } else if (!session.enter(REQUESTS_OF_A_SESSION)) {
            request.reply(Status.BUSY, NOTHING);
        } else {
            try {
                session.once(call.operationId(), request, () -> reply(operation));
            } finally {
                session.leave();
            }
        }
    }

    private byte[] open(Link link, OpenSession open) throws ProtocolViolation {
        RelayedSession session = new RelayedSession(open.session(), link);
        long ofLink = sessions.values().stream().filter(s -> s.link() == link).count();
        if (ofLink >= SESSIONS_OF_A_LINK) {
            throw new ProtocolViolation("more than " + SESSIONS_OF_A_LINK + " sessions");
        }
        if (sessions.putIfAbsent(open.session(), session) != null) {
            throw new ProtocolViolation("a session that is open already");
        }
        boolean greeted = false;
        try {
            byte[] greeting = ReplyCodec.encode(desk.answer(open));
            greeted = true;
            return greeting;
        } finally {
            if (!greeted) {
                sessions.remove(open.session(), session);
            } else if (!link.isUsable()) {
                close(session, "The link to the edge was lost");
            }
        }
    }

    private byte[] reply(PartnerOperation<?> operation) {
        Object reply = desk.answer(operation);
        byte[] encoded = ReplyCodec.encode(reply);
        while (encoded.length > PAGE_BYTES && reply instanceof FolderPage page) {
            List<FolderPage.Entry> half =
                    page.entries().subList(0, page.entries().size() / 2);
            reply = new FolderPage(half, true);
            encoded = ReplyCodec.encode(reply);
        }
        return encoded;
    }

    /** The session, if it is one of this link. */
    private RelayedSession session(Link link, SessionId id) {
        RelayedSession session = sessions.get(id);
        if (session == null || session.link() != link) {
            throw RelayedSession.unknown();
        }
        return session;
    }

    private void answerAboutUpload(Link link, Method method, IncomingRequest request) throws ProtocolViolation {
        UploadQuery query = UploadQuery.decode(request.payload());
        RelayedSession session = session(link, query.session());
        if (method == Method.UPLOAD_QUERY) {
            request.reply(Status.OK, ReplyCodec.encode(verdicts.of(query.session(), query.upload())));
            return;
        }
        ServedUpload upload = session.upload(query.upload());
        if (upload == null) {
            request.reply(Status.NO_SUCH_FILE, NOTHING);
        } else {
            upload.flush(query.bytes(), request);
        }
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
                receive(session, stream, call);
            } else {
                new ServedDownload(stream, call, this, session::closeStream).start();
            }
        } catch (ProtocolViolation e) {
            LOG.warn("{} opened a stream that cannot be: {}", link, e.text());
            stream.result(Status.PROTOCOL, new Failure(e.text(), 0).encode());
        } catch (SeraiException e) {
            stream.result(StatusCodes.of(e.code()), StatusCodes.failure(e));
        }
    }

    private void receive(RelayedSession session, LinkStream stream, Call call) {
        UUID id = call.upload();
        if (verdicts.opened(session.id(), id)) {
            ServedUpload upload = new ServedUpload(stream, call, this, () -> session.closeStream(id));
            session.add(id, upload);
            upload.start();
        } else {
            session.closeStream();
            stream.result(Status.PROTOCOL, new Failure("An upload of that id is known already", 0).encode());
        }
    }

    /** The sessions of a link, for operators. */
    public List<SessionId> sessionsOf(Link link) {
        List<SessionId> found = new ArrayList<>();
        sessions.values().stream().filter(session -> session.link() == link).forEach(session -> found.add(session.id()));
        return found;
    }
}
