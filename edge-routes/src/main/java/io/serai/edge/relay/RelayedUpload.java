package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.ConnectionLost;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.Reply;
import io.serai.edge.link.StreamClosed;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec.Elsewhere;
import io.serai.edge.message.OperationCodec.UploadQuery;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.ReplyCodec.Opened;
import io.serai.edge.message.ReplyCodec.UploadState;
import io.serai.edge.message.ReplyCodec.Verdict;
import io.serai.edge.message.Status;
import io.serai.endpoint.PartnerOperation.AskPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * An edge's side of one upload. A write returns when there was credit for it; the verdict comes with the commit alone. Bytes may go
 * before the server has answered the open, as far as the early window lets them; a refusal is then met by a write or the commit.
 */
final class RelayedUpload implements UploadChannel {
    private static final long ASK_AGAIN_MILLIS = 200;
    /** A server that lives commits or fails within this, as a rule; else the partner sends the file again. */
    private static final Duration SETTLED_AFTER = Duration.ofSeconds(4);

    private final EdgeSession session;
    private final Link link;
    private final LinkStream stream;
    private final Asking asking;
    private final Patience patience;
    private final Runnable over;
    private final TransferId transfer;
    private final String doing;
    private @Nullable Opened opened;
    private long sent;

    /**
     * How its outcome is asked for.
     *
     * @param id by which the server that took it knows it
     * @param link to that server
     * @param path by which others may know it
     * @param mode how it was opened
     * @param forAnother how long to wait for another server
     */
    record Asking(UUID id, Link link, VirtualPath path, UploadMode mode, Duration forAnother) {}

    /** @param over it is not used any more */
    RelayedUpload(EdgeSession session, LinkStream stream, Asking asking, Patience patience, Runnable over) {
        this.session = session;
        this.link = asking.link();
        this.stream = stream;
        this.asking = asking;
        this.patience = patience;
        this.over = over;
        this.transfer = TransferId.of(session.id(), link.peer().link(), asking.id());
        this.doing = "The upload " + transfer;
    }

    /** Waits for the server's answer to the open. */
    Opened awaitOpened() throws StreamClosed {
        Opened known = opened;
        if (known == null) {
            known = RelayedFiles.opened(stream, patience, doing);
            opened = known;
        }
        return known;
    }

    @Override
    public TransferId transfer() {
        return transfer;
    }

    @Override
    public long startOffset() {
        try {
            return awaitOpened().startOffset();
        } catch (StreamClosed e) {
            throw StreamFailures.of(e.end(), doing);
        }
    }

    @Override
    public boolean looks() {
        return session.origin().protocol() == Protocol.HTTPS && asking.mode() == UploadMode.REPLACE;
    }

    @Override
    public Optional<Boolean> replaces() {
        try {
            return awaitOpened().replaces();
        } catch (StreamClosed e) { // the verdict came from another server
            return Optional.empty();
        }
    }

    @Override
    public boolean isUntaken() {
        return stream.opened().isEmpty()
                && stream.end()
                        .filter(end -> end.cause() == StreamEnd.Cause.RESULT_RECEIVED)
                        .isPresent();
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
        byte[] wish = new UploadQuery(session.id(), asking.id(), sent).encode();
        try {
            Reply reply = link.call(session.id().hashCode(), Method.UPLOAD_FLUSH, wish, patience.reply());
            if (reply.status() != Status.OK) {
                throw StatusCodes.exception(reply.status(), reply.payload(), doing);
            }
        } catch (ConnectionLost e) {
            throw StreamFailures.lost(doing, e);
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
            Duration within = isTakenInTime() ? patience.commit() : Duration.ZERO;
            Optional<StreamEnd> verdict = stream.awaitEnd(within);
            if (verdict.isEmpty()) {
                stream.reset(Status.TIMEOUT, "no verdict in time");
                return askForVerdict(within.isZero() ? patience.reply() : within);
            }
            if (verdict.get().isSuccess()) {
                return ReplyCodec.decode(UploadReceipt.class, verdict.get().payload());
            }
            if (asked && verdict.get().cause() == StreamEnd.Cause.LOST) {
                return askForVerdict(patience.commit());
            }
            throw StreamFailures.of(verdict.get(), doing);
        } catch (ProtocolViolation e) {
            throw StreamFailures.violated(doing);
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted(doing, e);
        }
    }

    /** A commit may take long, an open may not; where one goes with the other, the server answers the open at least. */
    private boolean isTakenInTime() throws InterruptedException {
        try {
            stream.awaitOpened(patience.reply());
            return true;
        } catch (StreamClosed e) { // with a verdict
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    /**
     * END was sent, but the verdict did not come: only servers know. One that did not take the upload says what is in the ledger;
     * when nothing is there for a while, it settles that nothing will be.
     */
    private UploadReceipt askForVerdict(Duration within) throws ProtocolViolation, InterruptedException {
        long began = System.nanoTime();
        Link asked = link;
        while (System.nanoTime() - began < within.toNanos()) {
            Optional<Reply> reply = ask(asked, System.nanoTime() - began >= SETTLED_AFTER.toNanos());
            if (reply.isEmpty()) {
                asked = session.awaitOther(asked, asking.forAnother()).orElseThrow(() -> unknown(null));
                continue;
            }
            if (reply.get().status() != Status.OK && reply.get().status() != Status.BUSY) {
                break;
            }
            Verdict verdict = reply.get().status() == Status.BUSY
                    ? new Verdict(UploadState.OPEN, Status.OK, Optional.empty())
                    : ReplyCodec.decode(Verdict.class, reply.get().payload());
            switch (verdict.state()) {
                case COMMITTED -> {
                    return verdict.receipt().orElseThrow(() -> StreamFailures.violated(doing));
                }
                case FAILED -> throw failed(verdict.status());
                case ABSENT, UNKNOWN -> throw unknown(null);
                case OPEN -> TimeUnit.MILLISECONDS.sleep(ASK_AGAIN_MILLIS);
            }
        }
        throw unknown(null);
    }

    private SeraiException failed(Status status) {
        return status == Status.UNAVAILABLE
                ? StreamFailures.lost(doing, null)
                : StatusCodes.exception(status, new byte[0], doing);
    }

    /** Empty when that server can not be asked any more. */
    private Optional<Reply> ask(Link asked, boolean late) throws InterruptedException {
        Elsewhere elsewhere = new Elsewhere(transfer, asking.path(), late ? AskPurpose.SETTLE : AskPurpose.LOOK);
        byte[] query = new UploadQuery(session.id(), asking.id(), sent, Optional.of(elsewhere)).encode();
        try {
            return Optional.of(asked.call(session.id().hashCode(), Method.UPLOAD_QUERY, query, patience.reply()));
        } catch (ConnectionLost | TimeoutException e) {
            if (!session.isMovable()) {
                throw unknown(e);
            }
            return Optional.empty();
        }
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
        over.run();
    }
}
