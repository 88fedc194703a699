package io.serai.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.serai.edge.link.Chunk;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.endpoint.handover.HandedConnection;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A passed-through connection as a listener of this process has it: its bytes go straight between the stream and the
 * listener. Its lock guards what is known of the two directions.
 */
final class PassedConnection implements HandedConnection {
    private static final Logger LOG = LoggerFactory.getLogger(PassedConnection.class);
    private static final byte[] NOTHING = new byte[0];

    private final LinkStream stream;
    private final Accepted accepted;
    private final Duration halfClosed;
    private final Runnable done;

    private volatile Runnable changed = () -> {};
    private long received;
    private long sent;
    private volatile boolean started;
    private volatile boolean closed;
    private boolean over;
    private @Nullable Future<?> deadline;

    /**
     * The stream is to be accepted.
     *
     * @param done called once, when it is over and no byte of it is left
     */
    PassedConnection(LinkStream stream, Accepted accepted, Duration halfClosed, Runnable done) {
        this.stream = stream;
        this.accepted = accepted;
        this.halfClosed = halfClosed;
        this.done = done;
        stream.onChange(this::onChange);
    }

    @Override
    public InetSocketAddress client() {
        return accepted.client();
    }

    @Override
    public InetSocketAddress local() {
        return accepted.local();
    }

    @Override
    public void start(Runnable action) {
        stream.accept(NOTHING);
        synchronized (this) {
            started = true;
            changed = action;
        }
        onChange();
    }

    private void onChange() {
        // Mostly without the lock, so that the link's thread does not wait for one that writes.
        if (closed || !started) {
            settle();
        }
        changed.run();
    }

    @Override
    public synchronized Optional<ByteBuf> poll() {
        return closed ? Optional.empty() : next();
    }

    private Optional<ByteBuf> next() {
        Optional<ByteBuf> next = stream.poll().map(Chunk::bytes);
        next.ifPresent(bytes -> received += bytes.readableBytes());
        return next;
    }

    @Override
    public boolean hasInput() {
        return stream.hasInput();
    }

    @Override
    public void consumed(int bytes) {
        stream.consumed(bytes, 0);
    }

    @Override
    public synchronized boolean isInputEnded() {
        Optional<byte[]> total = stream.ended();
        if (total.isEmpty()) {
            return false;
        }
        if (total.get().length != 8 || ByteBuffer.wrap(total.get()).getLong() != received) {
            // Not from here: who is told of it may wait for this lock, or for one that our caller holds.
            onLoop(loop ->
                    loop.execute(() -> stream.reset(Status.PROTOCOL, "the end does not say how many bytes were sent")));
        }
        return true;
    }

    @Override
    public boolean isGone() {
        return stream.end().isPresent();
    }

    @Override
    public synchronized int write(ByteBuffer bytes) {
        int count = closed ? 0 : stream.trySend(bytes, sent, 0);
        sent += count;
        return count;
    }

    @Override
    public synchronized void endOutput() {
        stream.end(ByteBuffer.allocate(8).putLong(sent).array(), 0);
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        changed = () -> {};
        if (!started) {
            stream.result(Status.UNAVAILABLE, new Failure("the listener is being closed", 0).encode());
        }
        endOutput();
        if (stream.end().isEmpty()) {
            onLoop(loop -> deadline = loop.schedule(this::late, halfClosed.toMillis(), TimeUnit.MILLISECONDS));
        }
        settle();
    }

    private void late() {
        stream.reset(Status.TIMEOUT, "the other end was not closed in time");
    }

    private void onLoop(Consumer<EventLoop> action) {
        try {
            action.accept(stream.loop());
        } catch (RejectedExecutionException e) {
            LOG.debug("A passed-through connection of {} ends with its link's threads", accepted.client(), e);
        }
    }

    /** Once nobody reads it: drops what comes, and ends the stream when both directions have ended. */
    private synchronized void settle() {
        if (closed) {
            for (Optional<ByteBuf> next = next(); next.isPresent(); next = next()) {
                int bytes = next.get().readableBytes();
                next.get().release();
                stream.consumed(bytes, 0);
            }
            if (isInputEnded() && stream.isEndSent()) {
                // The loop may be about to write END; the result belongs behind it.
                onLoop(loop -> loop.execute(() -> stream.result(Status.OK, NOTHING)));
            }
        }
        if (!over && (closed || !started) && stream.end().isPresent()) {
            over = true;
            if (deadline != null) {
                deadline.cancel(false);
            }
            done.run();
        }
    }
}
