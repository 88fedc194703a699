package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.frame.FrameType;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.OperationCodec.Farewell;
import io.serai.edge.message.OperationCodec.UploadQuery;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.Status;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.SessionGreeting;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a server answers what edges ask. Whatever an edge asks, little of it is held: a request is as long as its method needs, waits with
 * a bounded number of bytes, and is let go of as soon as it is read. Safe for several threads.
 */
final class RequestAnswers {
    private static final Logger LOG = LoggerFactory.getLogger(RequestAnswers.class);
    private static final int REQUESTS_OF_A_SESSION = 64;
    private static final int PAGE_BYTES = FrameType.MESSAGE_BYTES - 1_024;
    private static final byte[] NOTHING = new byte[0];

    private final PartnerService service;

    RequestAnswers(PartnerService service) {
        this.service = service;
    }

    /** On the event loop of the link. */
    void request(Link link, IncomingRequest request) {
        Optional<Method> known = Method.of(request.method());
        if (known.isEmpty() || known.get().isOfStreams()) {
            request.reply(Status.UNSUPPORTED, NOTHING);
            return;
        }
        Method method = known.get();
        int bytes = request.payload().length;
        EdgeGuard guard = service.guards().of(link);
        if (bytes > method.requestBytes()) {
            violated(link, method, request, new ProtocolViolation(bytes + " bytes"));
        } else if (method == Method.SESSION_CLOSE) {
            answer(link, method, request); // at once, whatever waits: what is refused here would be a session for ever
        } else if (!guard.holds(bytes)) {
            request.reply(Status.BUSY, NOTHING);
        } else {
            try {
                guard.work().execute(() -> {
                    guard.holdsNoLonger(bytes);
                    answer(link, method, request);
                });
            } catch (RejectedExecutionException e) {
                guard.holdsNoLonger(bytes);
                guard.refuse(EdgeGuard.Limit.WORK);
                request.reply(Status.BUSY, NOTHING);
            }
        }
    }

    private void answer(Link link, Method method, IncomingRequest request) {
        try {
            switch (method) {
                case UPLOAD_QUERY, UPLOAD_FLUSH -> answerAboutUpload(link, method, request);
                case SESSION_RESUME -> request.reply(Status.OK, ResumedSessions.resume(service, link, request));
                case SESSION_CLOSE -> end(link, request);
                case EDGE_SYNC -> request.reply(Status.UNSUPPORTED, NOTHING);
                default -> answerOperation(link, method, request);
            }
        } catch (ProtocolViolation e) {
            violated(link, method, request, e);
        } catch (SeraiException e) {
            request.reply(StatusCodes.of(e.code()), StatusCodes.failure(e));
        } catch (RuntimeException | Error e) {
            LOG.error("{} of {} failed by a defect", method, link, e);
            request.reply(Status.INTERNAL, new Failure("internal error", 0).encode());
        }
    }

    private void violated(Link link, Method method, IncomingRequest request, ProtocolViolation violation) {
        service.guards().of(link).violated("a " + method + " with " + violation.text());
        request.reply(Status.PROTOCOL, new Failure(violation.text(), 0).encode());
    }

    private void answerOperation(Link link, Method method, IncomingRequest request) throws ProtocolViolation {
        Call call = OperationCodec.decode(method, request.takePayload());
        PartnerOperation<?> operation = call.operation();
        if (operation instanceof OpenSession open) {
            request.reply(Status.OK, open(link, open));
            return;
        }
        RelayedSession session = service.session(link, operation.session());
        if (!session.enter(REQUESTS_OF_A_SESSION)) {
            request.reply(Status.BUSY, NOTHING);
        } else {
            // Of anything else nothing is remembered: it may be asked again without harm, or not at all.
            long id = method.repeat() == Method.Repeat.WITH_OPERATION_ID ? call.operationId() : 0;
            session.once(id, request, () -> reply(session, operation));
        }
    }

    private void end(Link link, IncomingRequest request) throws ProtocolViolation {
        Farewell words = Farewell.decode(request.takePayload());
        RelayedSession session = service.session(link, words.session());
        if (session.isSince(words)) {
            request.reply(Status.OK, NOTHING);
        } else {
            session.whenGone(() -> request.reply(Status.OK, NOTHING));
            service.sessions().closeAfterFiles(session, words);
        }
    }

    private byte[] open(Link link, OpenSession open) throws ProtocolViolation {
        RelayedSession session = new RelayedSession(
                open.session(),
                RelayedSession.asserted(link, open.origin()),
                link,
                service.desk(),
                service.guards().of(link));
        if (!session.isAdmitted()) {
            throw new SeraiException(ErrorCode.BUSY, "The edge has too many sessions that have not logged in");
        }
        return service.begin(session, () -> {
                    SessionGreeting greeting = session.desk().answer(new OpenSession(session.id(), session.origin()));
                    service.sessions().endOverdue(greeting.loginGrace());
                    return Optional.of(ReplyCodec.encode(greeting));
                })
                .orElseThrow(IllegalStateException::new);
    }

    private byte[] reply(RelayedSession session, PartnerOperation<?> operation) {
        Object reply;
        if (operation instanceof LoginByPassword login) {
            reply = session.logIn(login, service.desk());
        } else if (operation instanceof LoginByPublicKey login) {
            reply = session.logIn(login, service.desk());
        } else {
            reply = service.desk().answer(operation);
        }
        if (reply instanceof LoginResult.Accepted accepted) {
            return ResumedSessions.accepted(service.tickets(), session, accepted);
        }
        byte[] encoded = ReplyCodec.encode(reply);
        while (encoded.length > PAGE_BYTES && reply instanceof FolderPage page) {
            List<FolderPage.Entry> half =
                    page.entries().subList(0, page.entries().size() / 2);
            reply = new FolderPage(half, true);
            encoded = ReplyCodec.encode(reply);
        }
        return encoded;
    }

    private void answerAboutUpload(Link link, Method method, IncomingRequest request) throws ProtocolViolation {
        UploadQuery query = UploadQuery.decode(request.takePayload());
        RelayedSession session = service.session(link, query.session());
        if (!session.enter(REQUESTS_OF_A_SESSION)) {
            request.reply(Status.BUSY, NOTHING);
            return;
        }
        ServedUpload upload = session.upload(query.upload());
        if (method == Method.UPLOAD_FLUSH && upload != null) {
            upload.flush(query.bytes(), status -> {
                session.leave();
                request.reply(status, NOTHING);
            });
            return;
        }
        try {
            if (method == Method.UPLOAD_FLUSH) {
                request.reply(Status.NO_SUCH_FILE, NOTHING);
            } else {
                request.reply(
                        Status.OK, ReplyCodec.encode(ResumedSessions.verdict(service.verdicts(), session, query)));
            }
        } finally {
            session.leave();
        }
    }
}
