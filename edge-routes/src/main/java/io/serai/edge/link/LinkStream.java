package io.serai.edge.link;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.frame.FrameType;
import io.serai.edge.frame.FrameWriter;
import io.serai.edge.message.Status;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One file on its way over a link, in one direction, or one TCP connection with both. The side that opened it and the side
 * that serves it use the same methods; {@link StreamKind} says who sends. Methods that wait are for threads that may
 * block; the others are for event driven use together with {@link #onChange}. Safe for several threads; all state is guarded by {@link #lock}.
 *
 * <p>Whatever closes it, an upload is committed only after its sender has sent END and its receiver then RESULT(OK). The
 * reader of a download sends RESULT(OK) when it has all that it wants, be it before END. A TCP connection is closed in
 * order by RESULT(OK) of the serving side, after it has sent END and taken everything up to the other END; what the opener has received by then stays there.
 */
public final class LinkStream {
    private final LinkConnection connection;
    private final int id;
    private final StreamKind kind;
    private final boolean opener;
    private final boolean sender;
    private final boolean receiver;

    private final Object lock = new Object();
    private final SendQueue outbox;
    private final ReceiveQueue inbox;
    private byte @Nullable [] opened;
    private int epoch;
    private long seekOffset = -1;
    private long durableOffset;
    private @Nullable StreamEnd end;
    private Runnable listener = () -> {};

    LinkStream(LinkConnection connection, int id, StreamKind kind, boolean opener) {
        this.connection = connection;
        this.id = id;
        this.kind = kind;
        this.opener = opener;
        this.sender = kind == StreamKind.BOTH || opener == (kind == StreamKind.WRITE);
        this.receiver = kind == StreamKind.BOTH || !sender;
        LinkSettings.Flow flow = connection.settings().flow();
        this.outbox = new SendQueue(
                connection.allocator(), id, sender ? connection.peerHello().earlyWindow() : 0);
        this.inbox = new ReceiveQueue(
                connection.allocator(), new ReceiveWindow(connection.budget(), flow.earlyWindow(), flow.maxWindow()));
    }

    public int id() {
        return id;
    }

    public StreamKind kind() {
        return kind;
    }

    /** On which its connection's bytes come and go: what runs there must return at once. */
    public EventLoop loop() {
        return connection.loop();
    }

    /** Calls this whenever something has changed; it must return at once. Called once now, for what was before. */
    public void onChange(Runnable action) {
        synchronized (lock) {
            listener = action;
        }
        action.run();
    }

    /** How it was closed; empty while it is open. */
    public Optional<StreamEnd> end() {
        synchronized (lock) {
            return Optional.ofNullable(end);
        }
    }

    // ---- opening ----

    /** The message of the other side's OPENED, if it has come. */
    public Optional<byte[]> opened() {
        synchronized (lock) {
            return Optional.ofNullable(opened);
        }
    }

    /** Waits for the other side's OPENED; hands back its message. */
    public byte[] awaitOpened(Duration patience) throws StreamClosed, TimeoutException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        synchronized (lock) {
            while (opened == null) {
                open();
                await(deadline);
            }
            return opened;
        }
    }

    /** The serving side takes the stream, and gives its first credit when it is the receiver. */
    public void accept(byte[] message) {
        connection.write(FrameWriter.message(connection.allocator(), FrameType.OPENED, id, message));
        widen();
    }

    /** Gives the first real credit, if the budget allows. */
    void widen() {
        int more;
        int target = connection.settings().flow().firstWindow();
        synchronized (lock) {
            more = receiver && end == null && !inbox.hasEnd() ? inbox.window().widen(target) : 0;
        }
        if (more > 0) {
            connection.write(FrameWriter.credit(connection.allocator(), id, more, 0));
        }
    }

    /**
     * Takes all remaining bytes, waiting for credit.
     *
     * @param patience how long to wait without any progress
     */
    public void send(ByteBuffer data, long offset, Duration patience)
            throws StreamClosed, TimeoutException, InterruptedException {
        long at = offset;
        while (data.hasRemaining()) {
            long deadline = System.nanoTime() + patience.toNanos();
            synchronized (lock) {
                for (open(); outbox.room(at) == 0; open()) {
                    await(deadline);
                }
                at += outbox.add(data, at);
            }
            connection.pump(this);
        }
    }

    /** The current read position's number, and where reading goes on if the reader has jumped since. */
    public record Position(int epoch, Optional<Long> jumpTo) {}

    /** For the side that serves a READ: whether the reader has jumped since this was last asked. */
    public Position position() {
        synchronized (lock) {
            Position now = new Position(epoch, seekOffset < 0 ? Optional.empty() : Optional.of(seekOffset));
            seekOffset = -1;
            return now;
        }
    }

    /** How many bytes {@link #trySend} would take now. */
    public int sendable() {
        synchronized (lock) {
            return end == null ? outbox.room() : 0;
        }
    }

    /** Takes bytes as far as there is credit; none if the stream is closed or the reader is not at that epoch any more. */
    public int trySend(ByteBuffer data, long offset, int readEpoch) {
        int taken;
        synchronized (lock) {
            taken = end == null && readEpoch == epoch ? outbox.add(data, offset) : 0;
        }
        if (taken > 0) {
            connection.pump(this);
        }
        return taken;
    }

    /** Everything was sent and is meant to count: queued behind the bytes. False if the reader has jumped since. */
    public boolean end(byte[] message, int readEpoch) {
        synchronized (lock) {
            if (end != null || outbox.isEnded() || readEpoch != epoch) {
                return false;
            }
            outbox.end(message);
        }
        connection.pump(this);
        return true;
    }

    /** Whether END, and so everything before it, is with the connection. */
    public boolean isEndSent() {
        synchronized (lock) {
            return outbox.isEndSent();
        }
    }

    /** Waits for the verdict, or another end of the stream; empty if there is none in this time. */
    public Optional<StreamEnd> awaitEnd(Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        synchronized (lock) {
            while (end == null && System.nanoTime() - deadline < 0) {
                TimeUnit.NANOSECONDS.timedWait(lock, deadline - System.nanoTime());
            }
            return Optional.ofNullable(end);
        }
    }

    /** Up to where the receiver has said that the bytes are durable. */
    public long durableOffset() {
        synchronized (lock) {
            return durableOffset;
        }
    }

    // ---- receiving ----

    /** The next piece; empty at END. Waits for it. */
    public Optional<Chunk> take(Duration patience) throws StreamClosed, TimeoutException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        synchronized (lock) {
            while (true) {
                if (!isEndedInOrder()) {
                    open();
                }
                Optional<Chunk> next = poll();
                if (next.isPresent() || inbox.ended().isPresent()) {
                    return next;
                }
                await(deadline);
            }
        }
    }

    /** The next piece, if one is there. With the last one of a closed stream its window goes back to the budget. */
    public Optional<Chunk> poll() {
        synchronized (lock) {
            Chunk next = inbox.poll();
            if (end != null && !inbox.hasPieces()) {
                inbox.window().close();
            }
            return Optional.ofNullable(next);
        }
    }

    /** Whether {@link #poll}, {@link #ended} or {@link #end} has something for who reads. */
    public boolean hasInput() {
        synchronized (lock) {
            return end != null || inbox.hasPieces() || inbox.hasEnd();
        }
    }

    /** The message of END, once it has come and all pieces before it were taken. */
    public Optional<byte[]> ended() {
        synchronized (lock) {
            return inbox.ended();
        }
    }

    /**
     * Bytes were consumed: written to storage, or taken by the partner. Only this gives credit.
     *
     * @param durable up to where an upload is known to be on disk; 0 when nothing is said about it
     */
    public void consumed(int bytes, long durable) {
        int more;
        synchronized (lock) {
            more = end == null ? inbox.consume(bytes) : 0;
        }
        if (more > 0) {
            connection.write(FrameWriter.credit(connection.allocator(), id, more, durable));
        }
    }

    /** Tells a sender that waits for the verdict that work goes on. */
    public void progress(long durable) {
        if (end().isEmpty()) {
            connection.write(FrameWriter.credit(connection.allocator(), id, 0, durable));
        }
    }

    /** The reader jumps: what is on its way is dropped, and bytes come from this offset on. */
    public void seek(long offset) {
        int more;
        int now;
        synchronized (lock) {
            if (end != null) {
                return;
            }
            now = ++epoch;
            more = inbox.jump();
        }
        connection.write(FrameWriter.seek(connection.allocator(), id, offset, now));
        if (more > 0) {
            connection.write(FrameWriter.credit(connection.allocator(), id, more, 0));
        }
    }

    /** No more read-ahead than the early window from now on. */
    public void shrinkWindow() {
        synchronized (lock) {
            inbox.window().shrink();
        }
    }

    /** The receiver's verdict, or the serving side's refusal; closes the stream. */
    public void result(Status status, byte[] message) {
        close(
                new StreamEnd(StreamEnd.Cause.RESULT_SENT, status, message),
                () -> connection.write(
                        FrameWriter.coded(connection.allocator(), FrameType.RESULT, id, status.number(), message)));
    }

    /** Closes the stream at once; nothing is committed. Of a closed one it drops what is still there to be taken. */
    public void reset(Status status, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        close(
                new StreamEnd(StreamEnd.Cause.RESET_SENT, status, bytes),
                () -> connection.write(FrameWriter.reset(connection.allocator(), id, status.number(), text)));
    }

    // ---- what the connection calls, on its event loop ----

    void onOpened(byte[] message) throws ProtocolViolation {
        synchronized (lock) {
            if (!opener || opened != null) {
                throw new ProtocolViolation("an OPENED that was not asked for");
            }
            opened = message;
        }
        notifyChange();
    }

    void onDataBegins(long offset, int count) throws ProtocolViolation {
        synchronized (lock) {
            if (!receiver) {
                throw new ProtocolViolation("DATA from the side that receives");
            }
            // Bytes that do not follow each other could not be gathered, and would hold more memory than their own.
            if (kind == StreamKind.BOTH && offset != inbox.window().received()) {
                throw new ProtocolViolation("DATA of a TCP connection that does not follow what was before");
            }
            inbox.begin(offset, count);
        }
    }

    void onData(long offset, ByteBuf bytes) {
        int count = bytes.readableBytes();
        boolean kept;
        synchronized (lock) {
            kept = end != null || inbox.keep(offset, bytes);
        }
        if (kept) {
            connection.received(this, count);
        } else {
            consumed(count, 0);
        }
    }

    void onCredit(int bytes, long durable) throws ProtocolViolation {
        synchronized (lock) {
            if (!sender) {
                throw new ProtocolViolation("CREDIT from the side that sends");
            }
            outbox.grant(bytes);
            durableOffset = Math.max(durableOffset, durable);
        }
        notifyChange();
    }

    void onEnd(byte[] message) throws ProtocolViolation {
        synchronized (lock) {
            if (!receiver) {
                throw new ProtocolViolation("an END from the side that receives");
            }
            inbox.end(message);
        }
        notifyChange();
    }

    void onSeek(long offset, int newEpoch) throws ProtocolViolation {
        synchronized (lock) {
            if (kind != StreamKind.READ || offset < 0) {
                throw new ProtocolViolation("a SEEK that cannot be");
            }
            if (opener) {
                if (newEpoch == epoch) {
                    inbox.jumped();
                }
                return;
            }
            if (newEpoch != epoch + 1) {
                throw new ProtocolViolation("a SEEK with the epoch " + newEpoch + " after " + epoch);
            }
            epoch = newEpoch;
            seekOffset = offset;
            outbox.jump(offset, newEpoch);
        }
        connection.pump(this);
        notifyChange();
    }

    void onResult(Status status, byte[] message) throws ProtocolViolation {
        synchronized (lock) {
            boolean complete = switch (kind) {
                case WRITE -> sender && outbox.isEndSent();
                case READ -> sender;
                case BOTH -> outbox.isEndSent() && inbox.hasEnd();
            };
            if (status == Status.OK && !complete) {
                throw new ProtocolViolation("a RESULT of OK without an END before it");
            }
            if (!opener && (kind == StreamKind.BOTH || !sender)) {
                throw new ProtocolViolation("a RESULT from the side that sends");
            }
        }
        close(new StreamEnd(StreamEnd.Cause.RESULT_RECEIVED, status, message), () -> {});
    }

    void onReset(Status status, byte[] text) {
        close(new StreamEnd(StreamEnd.Cause.RESET_RECEIVED, status, text), () -> {});
    }

    void onLost(String why) {
        close(StreamEnd.lost(why), () -> {});
    }

    /** The next frame to send; null when there is none, and then it has to be scheduled anew. */
    @Nullable
    ByteBuf nextFrame() {
        ByteBuf next;
        boolean wanting;
        synchronized (lock) {
            next = outbox.poll();
            wanting = outbox.isLow();
        }
        if (next != null && wanting) {
            notifyChange();
        }
        return next;
    }

    /** Whether it is to be put among those that have something to send: true once, until {@link #nextFrame} is null. */
    boolean schedule() {
        synchronized (lock) {
            return outbox.schedule();
        }
    }

    // ---- under the lock ----

    /** Whether what was received of a TCP connection is still good though the stream is closed. */
    private boolean isEndedInOrder() {
        return kind == StreamKind.BOTH && end != null && end.isSuccess();
    }

    private void open() throws StreamClosed {
        if (end != null) {
            throw new StreamClosed(end);
        }
    }

    @SuppressWarnings("WaitNotInLoop") // all callers wait in loops
    private void await(long deadline) throws TimeoutException, InterruptedException {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new TimeoutException("No progress on the stream " + id);
        }
        TimeUnit.NANOSECONDS.timedWait(lock, left);
    }

    // ---- without the lock ----

    /** The last word goes out before the connection forgets the stream, for with its last stream it may close. */
    private void close(StreamEnd how, Runnable lastWord) {
        synchronized (lock) {
            boolean closed = end != null;
            if (!closed) {
                end = how;
                outbox.clear();
            }
            if (closed || !isEndedInOrder() || inbox.ended().isPresent()) {
                inbox.clear();
                inbox.window().close();
            }
            if (closed) {
                return;
            }
        }
        lastWord.run();
        connection.forget(this);
        notifyChange();
    }

    void notifyChange() {
        Runnable action;
        synchronized (lock) {
            lock.notifyAll();
            action = listener;
        }
        action.run();
    }
}
