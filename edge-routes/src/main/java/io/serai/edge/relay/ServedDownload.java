package io.serai.edge.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.frame.FrameType;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.ReplyCodec.Opened;
import io.serai.edge.message.Status;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A server's side of one download: reads ahead as far as there is credit. It needs a thread only while it reads. */
final class ServedDownload {
    private static final Logger LOG = LoggerFactory.getLogger(ServedDownload.class);
    private static final int BLOCKS_AT_ONCE = 16;

    private final LinkStream stream;
    private final Call call;
    private final PartnerDesk desk;
    private final ScheduledExecutorService clock;
    private final SerialTask task;
    private final Runnable done;
    private @Nullable DownloadChannel channel;
    /** The answer to the open, until it is sent. */
    private byte @Nullable [] opened;

    private long offset;
    private boolean finished;

    ServedDownload(LinkStream stream, Call call, PartnerService service, RelayedSession session) {
        this.stream = stream;
        this.call = call;
        this.offset = call.offset();
        this.desk = service.desk();
        this.clock = service.clock();
        this.done = session::closeStream;
        this.task = new SerialTask(session.guard().work(), service.clock(), this::step);
    }

    void start() {
        stream.onChange(task::ask);
    }

    private void step() {
        if (finished) {
            return;
        }
        try {
            work();
        } catch (SeraiException e) {
            stream.result(StatusCodes.of(e.code()), StatusCodes.failure(e));
            finish();
        } catch (OutOfMemoryError e) {
            LOG.warn("There is no memory for a download over a link; it fails", e);
            stream.result(Status.BUSY, new Failure("The server has no memory for it now", 0).encode());
            finish();
        } catch (RuntimeException e) {
            LOG.error("A download over a link failed by a defect", e);
            stream.result(Status.INTERNAL, new Failure("internal error", 0).encode());
            finish();
        }
    }

    private void work() {
        Optional<StreamEnd> over = stream.end();
        if (over.isPresent()) {
            if (over.get().isSuccess() && channel != null) {
                channel.delivered();
            }
            finish();
            return;
        }
        DownloadChannel source = channel;
        if (source == null) {
            source = desk.answer((OpenDownload) call.operation());
            channel = source;
            String version = source.attributes().version();
            if (call.ifVersion().isPresent() && !call.ifVersion().get().equals(version)) {
                throw new SeraiException(ErrorCode.CHANGED, "The file was replaced since its download began");
            }
            opened = ReplyCodec.encode(
                    new Opened(source.transfer(), 0, Optional.of(source.attributes()), Optional.empty()));
        }
        read(source);
        answerOpen();
    }

    /** Together with the first bytes, where they need not wait: who waits for both is woken once. */
    private void answerOpen() {
        byte[] answer = opened;
        if (answer != null && stream.end().isEmpty()) {
            opened = null;
            stream.accept(answer);
        }
    }

    private void read(DownloadChannel source) {
        // Of the pool while it reads alone: a partner that stands still holds none. Direct, as files are read without a
        // copy then.
        ByteBuf block =
                PooledByteBufAllocator.DEFAULT.directBuffer(FrameType.FULL_DATA_BYTES, FrameType.FULL_DATA_BYTES);
        try {
            for (int i = 0; i < BLOCKS_AT_ONCE; i++) {
                if (!readOne(source, block.internalNioBuffer(0, FrameType.FULL_DATA_BYTES))) {
                    return;
                }
            }
        } finally {
            block.release();
        }
        task.ask();
    }

    /** Whether to go on; if not, something will ask again. */
    private boolean readOne(DownloadChannel source, ByteBuffer block) {
        LinkStream.Position position = stream.position();
        offset = position.jumpTo().orElse(offset);
        int room = stream.sendable();
        if (room == 0) {
            return false;
        }
        Duration pause = source.pause();
        if (!pause.isZero()) {
            clock.schedule(task::ask, pause.toNanos(), TimeUnit.NANOSECONDS);
            return false;
        }
        ByteBuffer bytes = block.limit(block.position() + Math.min(room, block.remaining()));
        int begin = bytes.position();
        int count = source.read(bytes, offset);
        answerOpen();
        if (count < 0) {
            stream.end(ByteBuffer.allocate(8).putLong(offset).array(), position.epoch());
        } else {
            // What is not taken, as the reader has jumped meanwhile, is read anew from where it wants to be.
            bytes.limit(bytes.position()).position(begin);
            offset += stream.trySend(bytes, offset, position.epoch());
        }
        return true;
    }

    private void finish() {
        finished = true;
        DownloadChannel source = channel;
        if (source != null) {
            try {
                source.close();
            } catch (RuntimeException e) {
                LOG.warn("A download could not be closed", e);
            }
        }
        done.run();
    }
}
