package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.ConnectionLost;
import io.serai.edge.link.Link;
import io.serai.edge.link.Reply;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.Status;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Asks a server what a partner has asked. When its link is lost, what may be asked twice is asked of the next server: what changes
 * nothing, and what has not left; what changes something only of the same one, which knows what it has done already.
 */
final class ServerCalls {
    private static final int TRIES = 3;

    private final Patience patience;
    private final Duration forAnother;
    private final AtomicLong operationIds = new AtomicLong();

    /** @param forAnother how long to wait for another server */
    ServerCalls(Patience patience, Duration forAnother) {
        this.patience = patience;
        this.forAnother = forAnother;
    }

    Duration patience() {
        return patience.reply();
    }

    /** Asks the server of a session, wherever that goes meanwhile. */
    <R> R ask(EdgeSession session, PartnerOperation<R> operation) {
        Method method = OperationCodec.method(operation);
        byte[] message = message(method, operation);
        Link link = session.link();
        for (int i = 1; ; i++) {
            try {
                return reply(session, link, operation, message);
            } catch (ConnectionLost e) {
                Link former = link;
                link = other(session, former)
                        .filter(next -> mayRepeat(method, e, former, next))
                        .orElseThrow(() -> lost(method, e));
                if (i == TRIES) {
                    throw lost(method, e);
                }
            }
        }
    }

    /** Asks this server, and no other. */
    <R> R once(Link link, PartnerOperation<R> operation) {
        Method method = OperationCodec.method(operation);
        try {
            return decode(operation, reply(link, operation, message(method, operation)));
        } catch (ConnectionLost e) {
            throw lost(method, e);
        }
    }

    private byte[] message(Method method, PartnerOperation<?> operation) {
        long id = method.repeat() == Method.Repeat.WITH_OPERATION_ID ? operationIds.incrementAndGet() : 0;
        return OperationCodec.encode(Call.of(operation, id));
    }

    private <R> R reply(EdgeSession session, Link link, PartnerOperation<R> operation, byte[] message)
            throws ConnectionLost {
        Reply reply = reply(link, operation, message);
        R answer = decode(operation, reply);
        if (answer instanceof LoginResult.Accepted) {
            try {
                session.ticket(ReplyCodec.ticket(reply.payload()));
            } catch (ProtocolViolation e) {
                throw StreamFailures.violated("The login");
            }
        }
        return answer;
    }

    private Reply reply(Link link, PartnerOperation<?> operation, byte[] message) throws ConnectionLost {
        Method method = OperationCodec.method(operation);
        try {
            return link.call(operation.session().hashCode(), method, message, patience.reply());
        } catch (TimeoutException e) {
            throw new SeraiException(unheard(method), "The server did not answer in time", e);
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted(method.name(), e);
        }
    }

    private static <R> R decode(PartnerOperation<R> operation, Reply reply) {
        Method method = OperationCodec.method(operation);
        if (reply.status() != Status.OK) {
            throw StatusCodes.exception(reply.status(), reply.payload(), method.name());
        }
        try {
            return ReplyCodec.decode(operation.replyType(), reply.payload());
        } catch (ProtocolViolation e) {
            throw StreamFailures.violated(method.name());
        }
    }

    private Optional<Link> other(EdgeSession session, Link former) {
        try {
            return session.awaitOther(former, forAnother);
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted("The operation", e);
        }
    }

    private static boolean mayRepeat(Method method, ConnectionLost failure, Link former, Link next) {
        boolean known = method.repeat() == Method.Repeat.WITH_OPERATION_ID
                && next.peer().boot().equals(former.peer().boot());
        return !failure.wasSent() || known || method.repeat() == Method.Repeat.ALWAYS;
    }

    private static ErrorCode unheard(Method method) {
        return method.repeat() == Method.Repeat.WITH_OPERATION_ID ? ErrorCode.UNKNOWN_OUTCOME : ErrorCode.BUSY;
    }

    private static SeraiException lost(Method method, ConnectionLost cause) {
        ErrorCode code = cause.wasSent() ? unheard(method) : ErrorCode.BUSY;
        return new SeraiException(code, "The server was lost; try again", cause);
    }
}
