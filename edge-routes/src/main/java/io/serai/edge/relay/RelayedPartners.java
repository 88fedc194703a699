package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.ErrorKind;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.ConnectionLost;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkListener;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.Reply;
import io.serai.edge.link.StreamClosed;
import io.serai.edge.link.StreamKind;
import io.serai.edge.message.EventKind;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.ReplyCodec.Opened;
import io.serai.edge.message.Status;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
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
    private final Patience patience;
    private final Map<SessionId, Link> sessions = new ConcurrentHashMap<>();
    private final AtomicLong operationIds = new AtomicLong();

    /**
     * @param picker chooses a link for a new session, but none of these
     * @param ender ends a session of an endpoint, for this reason; called on an event loop, must return at once: a
     *     {@link SessionEnder} does
     */
    public RelayedPartners(
            Function<Set<Link>, Optional<Link>> picker, BiConsumer<SessionId, String> ender, Patience patience) {
        this.picker = picker;
        this.ender = ender;
        this.patience = patience;
    }

    @Override
    public <R> R answer(PartnerOperation<R> operation) {
        if (operation instanceof OpenSession open) {
            return operation.replyType().cast(open(open));
        } else if (operation instanceof CloseSession close) {
            return operation.replyType().cast(close(close));
        } else if (operation instanceof OpenUpload upload) {
            return operation.replyType().cast(upload(upload));
        } else if (operation instanceof OpenDownload download) {
            return operation.replyType().cast(download(download));
        }
        return call(link(operation), operation);
    }

    /** How many sessions there are. */
    public int sessionCount() {
        return sessions.size();
    }

    /** The link is gone: ends its sessions. */
    public void lost(Link link) {
        sessions.forEach((session, used) -> {
            if (used == link && sessions.remove(session, link)) {
                ender.accept(session, "the server is gone; connect again");
            }
        });
    }

    // ---- what is heard of links ----

    @Override
    public void up(Link link) {
        LOG.info("The {} is up", link);
    }

    @Override
    public void changed(Link link) {
        LOG.info("The {} {} new sessions", link, link.takesSessions() ? "takes" : "takes no");
    }

    @Override
    public void lost(Link link, String why) {
        LOG.warn("The {} is lost: {}", link, why);
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
            sessions.put(operation.session(), link.get());
            try {
                Object greeting = call(link.get(), operation);
                if (link.get().isUsable()) {
                    return greeting;
                }
            } catch (SeraiException e) {
                failure = e;
            }
            sessions.remove(operation.session(), link.get());
            if (failure.kind() == ErrorKind.PARTNER) { // a decision, which another server would not take otherwise
                break;
            }
        }
        throw failure;
    }

    private Object close(CloseSession operation) {
        Link link = sessions.remove(operation.session());
        if (link != null && link.isUsable()) {
            try {
                return call(link, operation);
            } catch (SeraiException e) {
                LOG.debug("The server did not hear of the end of session {}", operation.session(), e);
            }
        }
        return PartnerOperation.Done.DONE;
    }

    private Link link(PartnerOperation<?> operation) {
        Link link = sessions.get(operation.session());
        if (link == null) {
            throw RelayedSession.unknown();
        }
        return link;
    }

    private <R> R call(Link link, PartnerOperation<R> operation) {
        Method method = OperationCodec.method(operation);
        boolean changes = method.repeat() == Method.Repeat.WITH_OPERATION_ID;
        byte[] message = OperationCodec.encode(Call.of(operation, changes ? operationIds.incrementAndGet() : 0));
        try {
            Reply reply = link.call(operation.session().hashCode(), method, message, patience.reply());
            if (reply.status() != Status.OK) {
                throw StatusCodes.exception(reply.status(), reply.payload(), method.name());
            }
            return ReplyCodec.decode(operation.replyType(), reply.payload());
        } catch (ConnectionLost e) {
            throw new SeraiException(
                    changes ? ErrorCode.UNKNOWN_OUTCOME : ErrorCode.BUSY, "The server was lost; try again", e);
        } catch (TimeoutException e) {
            throw new SeraiException(
                    changes ? ErrorCode.UNKNOWN_OUTCOME : ErrorCode.BUSY, "The server did not answer in time", e);
        } catch (ProtocolViolation e) {
            throw StreamFailures.violated(method.name());
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted(method.name(), e);
        }
    }

    // ---- streams ----

    private Object upload(OpenUpload operation) {
        Link link = link(operation);
        UUID id = UUID.randomUUID();
        LinkStream stream = open(link, StreamKind.WRITE, new Call(operation, 0, id, 0, Optional.empty()));
        Opened opened = opened(stream, "The upload");
        return new RelayedUpload(link, stream, operation.session(), id, opened, patience);
    }

    private Object download(OpenDownload operation) {
        Link link = link(operation);
        LinkStream stream = open(link, StreamKind.READ, Call.of(operation, 0));
        Opened opened = opened(stream, "The download");
        FileAttributes attributes = opened.attributes().orElseThrow(() -> StreamFailures.violated("The download"));
        return new RelayedDownload(stream, opened, attributes, patience);
    }

    private static LinkStream open(Link link, StreamKind kind, Call call) {
        try {
            Method method = OperationCodec.method(call.operation());
            return link.open(kind, method, OperationCodec.encode(call));
        } catch (ConnectionLost e) {
            throw new SeraiException(ErrorCode.BUSY, "The server was lost; try again", e);
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted("The open", e);
        }
    }

    private Opened opened(LinkStream stream, String doing) {
        try {
            return ReplyCodec.decode(Opened.class, stream.awaitOpened(patience.reply()));
        } catch (StreamClosed e) {
            throw StreamFailures.of(e.end(), doing);
        } catch (TimeoutException e) {
            stream.reset(Status.TIMEOUT, "not opened in time");
            throw StreamFailures.late(doing, e);
        } catch (ProtocolViolation e) {
            stream.reset(Status.PROTOCOL, "an OPENED that cannot be");
            throw StreamFailures.violated(doing);
        } catch (InterruptedException e) {
            stream.reset(Status.PARTNER_ABORT, "the edge is stopping");
            throw StreamFailures.interrupted(doing, e);
        }
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
            if (kill instanceof CloseSession close && sessions.get(close.session()) == link) {
                ender.accept(close.session(), close.reason());
            }
        } catch (ProtocolViolation e) {
            LOG.warn("{} sent an event that cannot be: {}", link, e.text());
        }
    }
}
