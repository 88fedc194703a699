package io.serai.edge.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import io.serai.config.object.Protocol;
import io.serai.edge.link.Chunk;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.ReplyCodec.Opened;
import io.serai.edge.message.Status;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's side of one upload: writes what comes, gives credit for what is written, and commits at END and only then. It
 * needs a thread only while there is something to do.
 */
final class ServedUpload {
    private static final Logger LOG = LoggerFactory.getLogger(ServedUpload.class);
    private static final int BLOCK_BYTES = 128 << 10;
    private static final int BLOCKS_AT_ONCE = 16;
    private static final int PROGRESS_SECONDS = 10;
    private static final long FIRST_PROGRESS_SECONDS = 1;

    /** A partner waits for one before it wants the next. */
    private static final int MOST_FLUSHES = 8;

    private record Flush(long bytes, Consumer<Status> answer) {}

    private final LinkStream stream;
    private final OpenUpload operation;
    private final UUID id;
    /** With HTTP the answer tells a new file from a replaced one; to be asked for that first would be a way more. */
    private final boolean looksFirst;

    private final PartnerDesk desk;
    private final UploadVerdicts verdicts;
    private final ScheduledExecutorService clock;
    private final SerialTask task;
    private final Runnable done;
    private final Queue<Flush> flushes = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waitingFlushes = new AtomicInteger();
    private @Nullable UploadChannel channel;
    /** The answer to the open, until it is sent. */
    private byte @Nullable [] opened;

    /** Taken from the stream, but not written yet. */
    private @Nullable Chunk taken;

    private long received;
    private boolean finished;

    /** @param link by which it comes */
    ServedUpload(LinkStream stream, Call call, PartnerService service, RelayedSession session, UUID link) {
        this.stream = stream;
        this.id = call.upload();
        this.operation = ((OpenUpload) call.operation()).as(TransferId.of(session.id(), link, id));
        this.looksFirst = session.origin().protocol() == Protocol.HTTPS && operation.mode() == UploadMode.REPLACE;
        this.desk = service.desk();
        this.verdicts = service.verdicts();
        this.clock = service.clock();
        this.done = () -> session.closeStream(id);
        this.task = new SerialTask(session.guard().work(), service.clock(), this::step);
    }

    void start() {
        stream.onChange(task::ask);
    }

    /**
     * Makes what was sent before the wish durable, then answers it; at once with BUSY when too many wait already.
     *
     * @param answer called once, from any thread
     */
    void flush(long bytes, Consumer<Status> answer) {
        if (waitingFlushes.incrementAndGet() > MOST_FLUSHES) {
            waitingFlushes.decrementAndGet();
            answer.accept(Status.BUSY);
            return;
        }
        flushes.add(new Flush(bytes, answer));
        task.ask();
    }

    private void answer(Flush flush, Status status) {
        waitingFlushes.decrementAndGet();
        flush.answer().accept(status);
    }

    private void step() {
        if (finished) {
            answerFlushes(Status.NO_SESSION);
            return;
        }
        try {
            work();
        } catch (SeraiException e) {
            end(StatusCodes.of(e.code()), StatusCodes.failure(e), e.text());
        } catch (OutOfMemoryError e) {
            LOG.warn("There is no memory for an upload over a link; it fails", e);
            end(Status.BUSY, new Failure("The server has no memory for it now", 0).encode(), "no memory");
        } catch (RuntimeException e) {
            LOG.error("An upload over a link failed by a defect", e);
            end(Status.INTERNAL, new Failure("internal error", 0).encode(), "internal error");
        }
    }

    private void work() {
        Optional<StreamEnd> over = stream.end();
        if (over.isPresent()) {
            end(Status.PARTNER_ABORT, new byte[0], reason(over.get()));
            return;
        }
        UploadChannel target = channel;
        if (target == null) {
            Optional<Boolean> replaces = looksFirst ? Optional.of(isThere()) : Optional.empty();
            target = desk.answer(operation);
            channel = target;
            answerLater(
                    ReplyCodec.encode(new Opened(target.transfer(), target.startOffset(), Optional.empty(), replaces)));
        }
        Optional<byte[]> end = write(target) ? stream.ended() : Optional.empty();
        if (end.isPresent()) {
            // All that was sent is written: a flush that still waits is about bytes that will never come.
            answerFlushes(Status.BAD_OFFSET);
            commit(target, ByteBuffer.wrap(end.get()));
        } else {
            answerOpen();
        }
    }

    private synchronized void answerLater(byte[] answer) {
        opened = answer;
    }

    /** With the verdict, when all had come with the open and the commit is quick: who waits for that is woken once. */
    private synchronized void answerOpen() {
        byte[] answer = opened;
        if (answer != null && stream.end().isEmpty()) {
            opened = null;
            stream.accept(answer);
        }
    }

    /** Whether there is a file of its name, as the partner may see it. */
    private boolean isThere() {
        try {
            desk.answer(new StatFile(operation.session(), operation.path(), StatPurpose.LOOK));
            return true;
        } catch (SeraiException e) {
            if (e.code() == ErrorCode.NO_SUCH_FILE || e.code() == ErrorCode.PERMISSION_DENIED) {
                return false;
            }
            throw e;
        }
    }

    /** Writes what has come; whether all of it is written. */
    private boolean write(UploadChannel target) {
        ByteBuf block = PooledByteBufAllocator.DEFAULT.directBuffer(BLOCK_BYTES, BLOCK_BYTES);
        try {
            for (int i = 0; i < BLOCKS_AT_ONCE; i++) {
                Duration pause = target.pause();
                if (!pause.isZero()) {
                    clock.schedule(task::ask, pause.toNanos(), TimeUnit.NANOSECONDS);
                    return false;
                }
                long offset = gather(block.clear());
                int count = block.readableBytes();
                if (count > 0) {
                    target.write(block.nioBuffer(), offset);
                    received += count;
                    stream.consumed(count, 0);
                }
                flushReached(target);
                if (count == 0) {
                    return true;
                }
            }
        } finally {
            block.release();
        }
        task.ask();
        return false;
    }

    /** Takes what has come and follows each other; where it begins. A write for each piece of a frame would cost more. */
    private long gather(ByteBuf block) {
        Chunk next = next();
        long offset = next == null ? 0 : next.offset();
        while (next != null
                && next.offset() == offset + block.readableBytes()
                && next.bytes().readableBytes() <= block.writableBytes()) {
            block.writeBytes(next.bytes());
            next.bytes().release();
            next = next();
        }
        taken = next;
        return offset;
    }

    private @Nullable Chunk next() {
        Chunk first = taken;
        taken = null;
        return first == null ? stream.poll().orElse(null) : first;
    }

    private void flushReached(UploadChannel target) {
        for (Flush next = flushes.peek(); next != null && next.bytes() <= received; next = flushes.peek()) {
            target.force();
            flushes.remove();
            answer(next, Status.OK);
        }
    }

    private void commit(UploadChannel target, ByteBuffer end) {
        if (end.remaining() != 8 || end.getLong() != received) {
            throw new SeraiException(
                    ErrorCode.PARTNER_ABORT, "The upload has " + received + " bytes, which is not what was sent");
        }
        UploadReceipt receipt;
        ScheduledFuture<?> progress = clock.scheduleAtFixedRate(
                () -> {
                    answerOpen();
                    stream.progress(0);
                },
                FIRST_PROGRESS_SECONDS,
                PROGRESS_SECONDS,
                TimeUnit.SECONDS);
        try {
            receipt = target.commit();
        } finally {
            progress.cancel(false);
        }
        verdicts.committed(operation.session(), id, receipt);
        answerOpen();
        stream.result(Status.OK, ReplyCodec.encode(receipt));
        finish(target);
    }

    /** For the ledger; an edge says why its partner's upload ended. */
    private static String reason(StreamEnd over) {
        return switch (over.cause()) {
            case RESET_RECEIVED -> RelayedSession.plain(new String(over.payload(), StandardCharsets.UTF_8));
            case LOST -> "The link to the edge was lost";
            case RESULT_RECEIVED, RESULT_SENT, RESET_SENT -> "The upload ended without END: " + over;
        };
    }

    private void end(Status status, byte[] message, String reason) {
        verdicts.failed(operation.session(), id, status);
        UploadChannel target = channel;
        if (target == null) {
            finished = true;
            done.run();
        } else {
            try {
                target.abort(reason);
            } catch (RuntimeException e) {
                LOG.warn("A broken upload could not be ended in order", e);
            }
            finish(target);
        }
        answerOpen();
        stream.result(status, message);
        answerFlushes(status);
    }

    private void finish(UploadChannel target) {
        finished = true;
        Chunk left = taken;
        if (left != null) {
            taken = null;
            left.bytes().release();
        }
        try {
            target.close();
        } catch (RuntimeException e) {
            LOG.warn("An upload could not be closed", e);
        }
        done.run();
    }

    private void answerFlushes(Status status) {
        for (Flush next = flushes.poll(); next != null; next = flushes.poll()) {
            answer(next, status);
        }
    }
}
