package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.ConnectionLost;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.Reply;
import io.serai.edge.link.StreamClosed;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec.UploadQuery;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.ReplyCodec.Opened;
import io.serai.edge.message.ReplyCodec.Verdict;
import io.serai.edge.message.Status;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** An edge's side of one upload. A write returns when there was credit for it; the verdict comes with the commit alone. */
final class RelayedUpload implements UploadChannel {
    private static final long ASK_AGAIN_MILLIS = 200;

    private final Link link;
    private final LinkStream stream;
    private final SessionId session;
    private final UUID id;
    private final Opened opened;
    private final Patience patience;
    private final String doing;
    private long sent;

    RelayedUpload(Link link, LinkStream stream, SessionId session, UUID id, Opened opened, Patience patience) {
        this.link = link;
        this.stream = stream;
        this.session = session;
        this.id = id;
        this.opened = opened;
        this.patience = patience;
        this.doing = "The upload " + opened.transfer();
    }

    @Override
    public TransferId transfer() {
        return opened.transfer();
    }

    @Override
    public long startOffset() {
        return opened.startOffset();
    }

    @Override
    public void write(ByteBuffer data, long offset) {
        int count = data.remaining();
        try {
            stream.send(data, offset, patience.progress());
            sent += count;
        } catch (StreamClosed e) {
            throw StreamFailures.of(e.end(), doing);
        } catch (TimeoutException e) {
            throw StreamFailures.late(doing, e);
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted(doing, e);
        }
    }

    @Override
    public void force() {
        Reply reply = ask(Method.UPLOAD_FLUSH);
        if (reply.status() != Status.OK) {
            throw StatusCodes.exception(reply.status(), reply.payload(), doing);
        }
    }

    private Reply ask(Method method) {
        try {
            byte[] query = new UploadQuery(session, id, sent).encode();
            return link.call(session.hashCode(), method, query, patience.reply());
        } catch (ConnectionLost e) {
            throw new SeraiException(ErrorCode.BUSY, doing + " was interrupted: the link was lost; try again", e);
        } catch (TimeoutException e) {
            throw StreamFailures.late(doing, e);
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted(doing, e);
        }
    }

    @Override
    public UploadReceipt commit() {
        byte[] total = ByteBuffer.allocate(8).putLong(sent).array();
        try {
            boolean asked = stream.end(total, 0);
            Optional<StreamEnd> verdict = stream.awaitEnd(patience.commit());
            if (verdict.isEmpty()) {
                stream.reset(Status.TIMEOUT, "no verdict in time");
                return askForVerdict();
            }
            if (verdict.get().isSuccess()) {
                return ReplyCodec.decode(UploadReceipt.class, verdict.get().payload());
            }
            if (asked && verdict.get().cause() == StreamEnd.Cause.LOST) {
                return askForVerdict();
            }
            throw StreamFailures.of(verdict.get(), doing);
        } catch (ProtocolViolation e) {
            throw StreamFailures.violated(doing);
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted(doing, e);
        }
    }

    /** END was sent, but the verdict did not come: only the server knows. */
    private UploadReceipt askForVerdict() throws ProtocolViolation, InterruptedException {
        long deadline = System.nanoTime() + patience.commit().toNanos();
        while (System.nanoTime() - deadline < 0 && link.isUsable()) {
            Reply reply;
            try {
                reply = ask(Method.UPLOAD_QUERY);
            } catch (SeraiException e) {
                throw unknown(e);
            }
            if (reply.status() != Status.OK) {
                break;
            }
            Verdict verdict = ReplyCodec.decode(Verdict.class, reply.payload());
            switch (verdict.state()) {
                case COMMITTED -> {
                    return verdict.receipt().orElseThrow(() -> StreamFailures.violated(doing));
                }
                case FAILED -> throw StatusCodes.exception(verdict.status(), new byte[0], doing);
                case ABSENT, UNKNOWN -> throw unknown(null);
                case OPEN -> TimeUnit.MILLISECONDS.sleep(ASK_AGAIN_MILLIS);
            }
        }
        throw unknown(null);
    }

    private SeraiException unknown(@Nullable Exception cause) {
        return new SeraiException(
                ErrorCode.UNKNOWN_OUTCOME,
                doing
                        + " was sent whole, but the link was lost before the server's verdict came; look whether it is there",
                cause);
    }

    @Override
    public void abort(String reason) {
        stream.reset(Status.PARTNER_ABORT, reason);
    }

    @Override
    public void close() {
        stream.reset(Status.PARTNER_ABORT, "closed without a commit");
    }
}
