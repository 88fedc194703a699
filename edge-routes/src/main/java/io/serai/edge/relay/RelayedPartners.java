package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkListener;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.EventKind;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.Status;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An edge's side: answers what its endpoints ask by asking a server. Each session is with one server, by one link, for as
 * long as that lives. Nothing is kept here but which session uses which link. It is the handler and the listener of the links
 * that it uses. Safe for several threads.
 */
public final class RelayedPartners implements PartnerDesk, LinkHandler, LinkListener {
    private static final Logger LOG = LoggerFactory.getLogger(RelayedPartners.class);
    private static final int SERVERS_TRIED = 3;

    private final Function<Set<Link>, Optional<Link>> picker;
    private final BiConsumer<SessionId, String> ender;
    private final Optional<SessionMover> mover;
    private final RelayedFiles files;
    private final ServerCalls calls;
    private final Map<SessionId, EdgeSession> sessions = new ConcurrentHashMap<>();
    private final Set<Link> links = ConcurrentHashMap.newKeySet();

    /**
     * Each session ends with its link.
     *
     * @param picker chooses a link for a new session, but none of these
     * @param ender ends a session of an endpoint, for this reason; called on an event loop, must return at once: a
     *     {@link SessionEnder} does
     */
    public RelayedPartners(
            Function<Set<Link>, Optional<Link>> picker, BiConsumer<SessionId, String> ender, Patience patience) {
        this(picker, ender, patience, Optional.empty());
    }

    /**
     * As the other, with sessions that go on at other servers.
     *
     * @param moves empty where each session ends with its link
     */
    public RelayedPartners(
            Function<Set<Link>, Optional<Link>> picker,
            BiConsumer<SessionId, String> ender,
            Patience patience,
            Optional<SessionMoves> moves) {
        this.picker = picker;
        this.ender = ender;
        this.mover = moves.map(how -> new SessionMover(how, choice(), this::over));
        Duration forAnother = mover.map(SessionMover::patience).orElse(Duration.ZERO);
        this.calls = new ServerCalls(patience, forAnother);
        this.files = new RelayedFiles(patience, forAnother, this::settle);
    }

    @Override
    public <R> R answer(PartnerOperation<R> operation) {
        if (operation instanceof OpenSession open) {
            return operation.replyType().cast(open(open));
        } else if (operation instanceof CloseSession close) {
            return operation.replyType().cast(close(close));
        }
        EdgeSession session = sessions.get(operation.session());
        if (session == null) {
            throw RelayedSession.unknown();
        }
        try {
            session.enter(calls.patience());
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted("The operation", e);
        }
        try {
            if (operation instanceof OpenUpload upload) {
                return operation.replyType().cast(files.upload(session, upload));
            } else if (operation instanceof OpenDownload download) {
                return operation.replyType().cast(files.download(session, download));
            }
            return calls.ask(session, operation);
        } finally {
            session.leave();
            settle(session);
        }
    }

    /** How many sessions there are. */
    public int sessionCount() {
        return sessions.size();
    }

    /** The link is gone: takes its sessions elsewhere, or ends them. */
    public void lost(Link link) {
        for (EdgeSession session : List.copyOf(sessions.values())) {
            if (session.link() != link || session.isOpening()) { // who opens it sees for itself
                continue;
            }
            if (mover.isPresent() && session.isMovable()) {
                mover.get().lost(session, link);
            } else {
                session.end();
                over(session, "the server is gone; connect again");
            }
        }
    }

    private void over(EdgeSession session, String reason) {
        if (sessions.remove(session.id(), session)) {
            ender.accept(session.id(), reason);
        }
    }

    /** Takes it away from a server that wants to be left, if it can go. */
    private void settle(EdgeSession session) {
        if (mover.isPresent() && session.link().isBeingLeft()) {
            mover.get().leave(session);
        }
    }

    private SessionMover.Choice choice() {
        return new SessionMover.Choice() {
            @Override
            public Optional<Link> instead(Link lost) {
                // The same server knows what was asked of it last; but not one that wants to be left.
                Optional<Link> again = links.stream()
                        .filter(link -> goes(link)
                                && link.peer().boot().equals(lost.peer().boot()))
                        .findFirst();
                return again.or(() -> otherThan(lost));
            }

            @Override
            public Optional<Link> otherThan(Link left) {
                // Also at an edge that takes no new sessions itself.
                List<Link> able = links.stream()
                        .filter(link -> link != left && goes(link))
                        .toList();
                return able.isEmpty()
                        ? Optional.empty()
                        : Optional.of(able.get(ThreadLocalRandom.current().nextInt(able.size())));
            }
        };
    }

    private static boolean goes(Link link) {
        return link.isUsable() && !link.isBeingLeft();
    }

    // ---- what is heard of links ----

    @Override
    public void up(Link link) {
        LOG.info("The {} is up", link);
        links.add(link);
        sessions.values().forEach(this::settle);
    }

    @Override
    public void changed(Link link) {
        LOG.info("The {} {} new sessions", link, link.takesSessions() ? "takes" : "takes no");
        sessions.values().forEach(this::settle);
    }

    @Override
    public void lost(Link link, String why) {
        LOG.warn("The {} is lost: {}", link, why);
        links.remove(link);
        lost(link);
    }

    @Override
    public void violation(String peer, String what) {
        LOG.warn("The server {} broke the rules of the link: {}", peer, what);
    }

    // ---- sessions ----

    private Object open(OpenSession operation) {
        Set<Link> tried = new HashSet<>();
        SeraiException failure = new SeraiException(ErrorCode.BUSY, "No server can be reached at the moment");
        for (int i = 0; i < SERVERS_TRIED; i++) {
            Optional<Link> link = picker.apply(tried);
            if (link.isEmpty()) {
                break;
            }
            tried.add(link.get());
            EdgeSession session = new EdgeSession(operation.session(), operation.origin(), link.get());
            sessions.put(operation.session(), session);
            try {
                Object greeting = calls.once(link.get(), operation);
                session.opened();
                if (link.get().isUsable()) {
                    return greeting;
                }
            } catch (SeraiException e) {
                failure = e;
            }
            sessions.remove(operation.session(), session);
            if (failure.kind() == ErrorKind.PARTNER) { // a decision, which another server would not take otherwise
                break;
            }
        }
        throw failure;
    }

    private Object close(CloseSession operation) {
        EdgeSession session = sessions.remove(operation.session());
        if (session != null) {
            session.end();
            Link link = session.link();
            if (!link.isLost()) {
                try {
                    return calls.once(link, operation);
                } catch (SeraiException e) {
                    LOG.debug("The server did not hear of the end of session {}", operation.session(), e);
                    if (e.code() == ErrorCode.BUSY) {
                        mover.ifPresent(again -> again.farewell(session, link, operation.reason()));
                    }
                }
            }
        }
        return PartnerOperation.Done.DONE;
    }

    // ---- what a server asks of the edge ----

    @Override
    public void request(Link link, IncomingRequest request) {
        request.reply(Status.UNSUPPORTED, new Failure("An edge serves no requests", 0).encode());
    }

    @Override
    public void stream(Link link, LinkStream stream, int method, byte[] payload) {
        stream.result(Status.UNSUPPORTED, new Failure("An edge serves no streams", 0).encode());
    }

    @Override
    public void event(Link link, int kind, byte[] payload) {
        if (kind != EventKind.SESSION_KILL.number()) {
            LOG.debug("An event of the unknown kind {} was ignored", kind);
            return;
        }
        try {
            PartnerOperation<?> kill =
                    OperationCodec.decode(Method.SESSION_CLOSE, payload).operation();
            if (kill instanceof CloseSession close && isAt(close.session(), link)) {
                ender.accept(close.session(), close.reason());
            }
        } catch (ProtocolViolation e) {
            LOG.warn("{} sent an event that cannot be: {}", link, e.text());
        }
    }

    private boolean isAt(SessionId id, Link link) {
        EdgeSession session = sessions.get(id);
        return session != null && session.link() == link;
    }
}
