package io.serai.edge.relay;

import io.netty.buffer.ByteBuf;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import io.serai.edge.link.Chunk;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.StreamClosed;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.message.ReplyCodec.Opened;
import io.serai.edge.message.Status;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.FileAttributes;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An edge's side of one download: serves reads from what the server has sent ahead, and asks it to jump where a read is
 * elsewhere. A reader that jumps often gets no more read-ahead. One read at a time.
 */
final class RelayedDownload implements DownloadChannel {
    private static final Logger LOG = LoggerFactory.getLogger(RelayedDownload.class);
    private static final int JUMPS_WITH_READ_AHEAD = 4;

    private static final Duration REOPENED_AGAIN_AFTER = Duration.ofSeconds(10);

    /** Opens the rest of it at another server. */
    interface Reopening {
        /** @throws io.serai.config.error.SeraiException CHANGED when it is not the same content any more */
        LinkStream at(long offset);
    }

    private final Opened opened;
    private final FileAttributes attributes;
    private final Patience patience;
    private final Reopening reopening;
    private final Runnable over;
    private final String doing;
    private LinkStream stream;
    private @Nullable Long reopenedNanos;
    private @Nullable Chunk head;
    private long position;
    private int jumps;
    private long delivered;

    /** @param over it is not used any more */
    RelayedDownload(
            LinkStream stream,
            Opened opened,
            FileAttributes attributes,
            Patience patience,
            Reopening reopening,
            Runnable over) {
        this.reopening = reopening;
        this.over = over;
        this.stream = stream;
        this.opened = opened;
        this.attributes = attributes;
        this.patience = patience;
        this.doing = "The download " + opened.transfer();
    }

    @Override
    public TransferId transfer() {
        return opened.transfer();
    }

    @Override
    public FileAttributes attributes() {
        return attributes;
    }

    @Override
    public synchronized int read(ByteBuffer target, long offset) {
        if (offset >= attributes.sizeBytes()) {
            return -1;
        }
        if (offset != position) {
            jump(offset);
        }
        int count = 0;
        try {
            while (target.hasRemaining()) {
                Optional<ByteBuf> bytes;
                try {
                    bytes = head();
                } catch (StreamClosed e) {
                    reopen(e.end());
                    continue;
                }
                if (bytes.isEmpty()) {
                    return count == 0 ? -1 : count;
                }
                count += copy(bytes.get(), target);
            }
        } catch (TimeoutException e) {
            throw StreamFailures.late(doing, e);
        } catch (InterruptedException e) {
            throw StreamFailures.interrupted(doing, e);
        }
        return count;
    }

    /** Where it was, once in a while: a download whose servers die one after the other is given up. */
    private void reopen(StreamEnd end) {
        long now = System.nanoTime();
        boolean tooSoon = reopenedNanos != null && now - reopenedNanos < REOPENED_AGAIN_AFTER.toNanos();
        if (end.cause() != StreamEnd.Cause.LOST || tooSoon) {
            throw StreamFailures.of(end, doing);
        }
        LOG.info("{} goes on at {} bytes, as its server was lost", doing, position);
        stream = reopening.at(position);
        reopenedNanos = System.nanoTime();
        if (jumps >= JUMPS_WITH_READ_AHEAD) {
            stream.shrinkWindow();
        }
    }

    private void jump(long offset) {
        dropHead();
        if (++jumps == JUMPS_WITH_READ_AHEAD) {
            stream.shrinkWindow();
        }
        stream.seek(offset);
        position = offset;
    }

    private Optional<ByteBuf> head() throws StreamClosed, TimeoutException, InterruptedException {
        Chunk chunk = head;
        if (chunk == null) {
            Optional<Chunk> next = stream.take(patience.progress());
            if (next.isEmpty()) {
                return Optional.empty();
            }
            chunk = next.get();
            head = chunk;
            if (chunk.offset() != position) {
                throw new SeraiException(
                        ErrorCode.DEFECT, doing + " got bytes of " + chunk.offset() + " instead of " + position);
            }
        }
        return Optional.of(chunk.bytes());
    }

    private int copy(ByteBuf bytes, ByteBuffer target) {
        int count = Math.min(bytes.readableBytes(), target.remaining());
        int limit = target.limit();
        target.limit(target.position() + count);
        bytes.readBytes(target);
        target.limit(limit);
        position += count;
        delivered += count;
        if (!bytes.isReadable()) {
            bytes.release();
            head = null;
        }
        stream.consumed(count, 0);
        return count;
    }

    /** What was asked for by nobody counts as consumed, or its credit would be lost. */
    private void dropHead() {
        Chunk chunk = head;
        if (chunk != null) {
            head = null;
            int left = chunk.bytes().readableBytes();
            chunk.bytes().release();
            stream.consumed(left, 0);
        }
    }

    @Override
    public synchronized void delivered() {
        stream.result(Status.OK, ByteBuffer.allocate(8).putLong(delivered).array());
    }

    @Override
    public synchronized void close() {
        dropHead();
        stream.reset(Status.PARTNER_ABORT, "closed before all was delivered");
        over.run();
    }
}
