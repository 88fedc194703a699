package io.serai.edge.link;

import io.netty.buffer.ByteBuf;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.frame.FrameType;
import io.serai.edge.frame.FrameWriter;
import io.serai.edge.message.Status;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One file on its way over a link, in one direction. The side that opened it and the side that serves it use the same
 * methods; {@link StreamKind} says who sends. Methods that wait are for threads that may block; the others are for event
 * driven use together with {@link #onChange}. Safe for several threads; all state is guarded by {@link #lock}.
 *
 * <p>Whatever closes it, an upload is committed only after its sender has sent END and its receiver then RESULT(OK). The
 * reader of a download sends RESULT(OK) when it has all that it wants, be it before END.
 */
public final class LinkStream {
    /** What a sender may have queued here beyond what the connection has taken: two full frames. */
    private static final int OUTBOX_BYTES = 2 * FrameType.DATA_BYTES;

    private final LinkConnection connection;
    private final int id;
    private final StreamKind kind;
    private final boolean opener;
    private final boolean sender;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final SendWindow credit;
    private final ReceiveWindow window;
    private final ArrayDeque<ByteBuf> outbox = new ArrayDeque<>();
    private final ArrayDeque<Chunk> inbox = new ArrayDeque<>();
    private int outboxBytes;
    private boolean queued;
    private byte @Nullable [] opened;
    /** The sender has queued END, or the receiver has it. */
    private byte @Nullable [] ended;

    private boolean endOnItsWay;
    private int epoch;
    private long seekOffset = -1;
    private boolean awaitingSeek;
    private boolean dropping;
    private long durableOffset;
    private @Nullable StreamEnd end;
    private Runnable listener = () -> {};

    LinkStream(LinkConnection connection, int id, StreamKind kind, boolean opener) {
        this.connection = connection;
        this.id = id;
        this.kind = kind;
        this.opener = opener;
        this.sender = opener == (kind == StreamKind.WRITE);
        LinkSettings.Flow flow = connection.settings().flow();
        this.credit = new SendWindow(sender ? connection.peerHello().earlyWindow() : 0);
        this.window = new ReceiveWindow(connection.budget(), flow.earlyWindow(), flow.maxWindow());
    }

    public int id() {
        return id;
    }

    public StreamKind kind() {
        return kind;
    }

    /** Calls this whenever something has changed; it must return at once. Called once now, for what was before. */
    public void onChange(Runnable action) {
        lock.lock();
        try {
            listener = action;
        } finally {
            lock.unlock();
        }
        action.run();
    }

    /** How it was closed; empty while it is open. */
    public Optional<StreamEnd> end() {
        lock.lock();
        try {
            return Optional.ofNullable(end);
        } finally {
            lock.unlock();
        }
    }

    // ---- opening ----

    /** Waits for the other side's OPENED; hands back its message. */
    public byte[] awaitOpened(Duration patience) throws StreamClosed, TimeoutException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        lock.lockInterruptibly();
        try {
            while (opened == null) {
                open();
                await(deadline);
            }
            return opened;
        } finally {
            lock.unlock();
        }
    }

    /** The serving side takes the stream, and gives its first credit when it is the receiver. */
    public void accept(byte[] message) {
        connection.write(FrameWriter.message(connection.allocator(), FrameType.OPENED, id, message));
        widen();
    }

    /** Gives the first real credit, if the budget allows. */
    void widen() {
        int more = 0;
        lock.lock();
        try {
            if (!sender && end == null) {
                more = window.widen(connection.settings().flow().firstWindow());
            }
        } finally {
            lock.unlock();
        }
        if (more > 0) {
            connection.write(FrameWriter.credit(connection.allocator(), id, more, 0));
        }
    }

    // ---- sending ----

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
            lock.lockInterruptibly();
            try {
                open();
                while (credit.left() == 0 || outboxBytes >= OUTBOX_BYTES) {
                    await(deadline);
                    open();
                }
                at += enqueue(data, at);
            } finally {
                lock.unlock();
            }
            connection.pump(this);
        }
    }

    /** The current read position's number, and where reading goes on if the reader has jumped since. */
    public record Position(int epoch, Optional<Long> jumpTo) {}

    /** For the side that serves a READ: whether the reader has jumped since this was last asked. */
    public Position position() {
        lock.lock();
        try {
            Position now = new Position(epoch, seekOffset < 0 ? Optional.empty() : Optional.of(seekOffset));
            seekOffset = -1;
            return now;
        } finally {
            lock.unlock();
        }
    }

    /** How many bytes {@link #trySend} would take now. */
    public int sendable() {
        lock.lock();
        try {
            boolean may = end == null && ended == null && outboxBytes < OUTBOX_BYTES;
            return may ? (int) Math.min(credit.left(), FrameType.DATA_BYTES) : 0;
        } finally {
            lock.unlock();
        }
    }

    /** Takes bytes as far as there is credit; none if the stream is closed or the reader is not at that epoch any more. */
    public int trySend(ByteBuffer data, long offset, int readEpoch) {
        int taken = 0;
        lock.lock();
        try {
            if (end == null && ended == null && readEpoch == epoch && outboxBytes < OUTBOX_BYTES && credit.left() > 0) {
                taken = enqueue(data, offset);
            }
        } finally {
            lock.unlock();
        }
        if (taken > 0) {
            connection.pump(this);
        }
        return taken;
    }

    private int enqueue(ByteBuffer data, long offset) {
        int count = credit.take(Math.min(data.remaining(), FrameType.DATA_BYTES));
        outbox.add(FrameWriter.data(connection.allocator(), id, offset, data, count));
        outboxBytes += count;
        return count;
    }

    /** Everything was sent and is meant to count: queued behind the bytes. False if the reader has jumped since. */
    public boolean end(byte[] message, int readEpoch) {
        lock.lock();
        try {
            if (end != null || ended != null || readEpoch != epoch) {
                return false;
            }
            ended = message;
            outbox.add(FrameWriter.message(connection.allocator(), FrameType.END, id, message));
        } finally {
            lock.unlock();
        }
        connection.pump(this);
        return true;
    }

    /** Waits for the verdict, or another end of the stream; empty if there is none in this time. */
    public Optional<StreamEnd> awaitEnd(Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        lock.lockInterruptibly();
        try {
            while (end == null) {
                await(deadline);
            }
            return Optional.of(end);
        } catch (TimeoutException e) {
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** Up to where the receiver has said that the bytes are durable. */
    public long durableOffset() {
        lock.lock();
        try {
            return durableOffset;
        } finally {
            lock.unlock();
        }
    }

    // ---- receiving ----

    /** The next piece; empty at END. Waits for it. */
    public Optional<Chunk> take(Duration patience) throws StreamClosed, TimeoutException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        lock.lockInterruptibly();
        try {
            while (true) {
                open();
                Chunk next = inbox.poll();
                if (next != null || ended != null && !awaitingSeek) {
                    return Optional.ofNullable(next);
                }
                await(deadline);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The next piece, if one is there. */
    public Optional<Chunk> poll() {
        lock.lock();
        try {
            return Optional.ofNullable(inbox.poll());
        } finally {
            lock.unlock();
        }
    }

    /** The message of END, once it has come and all pieces before it were taken. */
    public Optional<byte[]> ended() {
        lock.lock();
        try {
            return inbox.isEmpty() ? Optional.ofNullable(ended) : Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Bytes were consumed: written to storage, or taken by the partner. Only this gives credit.
     *
     * @param durable up to where an upload is known to be on disk; 0 when nothing is said about it
     */
    public void consumed(int bytes, long durable) {
        int more;
        lock.lock();
        try {
            more = end == null ? window.consume(bytes) : 0;
        } finally {
            lock.unlock();
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
        lock.lock();
        try {
            if (end != null) {
                return;
            }
            now = ++epoch;
            awaitingSeek = true;
            ended = null;
            more = dropInbox();
        } finally {
            lock.unlock();
        }
        connection.write(FrameWriter.seek(connection.allocator(), id, offset, now));
        if (more > 0) {
            connection.write(FrameWriter.credit(connection.allocator(), id, more, 0));
        }
    }

    /** No more read-ahead than the early window from now on. */
    public void shrinkWindow() {
        lock.lock();
        try {
            window.shrink();
        } finally {
            lock.unlock();
        }
    }

    /** The receiver's verdict, or the serving side's refusal; closes the stream. */
    public void result(Status status, byte[] message) {
        if (close(new StreamEnd(StreamEnd.Cause.RESULT_SENT, status, message))) {
            connection.write(
                    FrameWriter.coded(connection.allocator(), FrameType.RESULT, id, status.number(), message));
        }
    }

    /** Closes the stream at once; nothing is committed. No effect on a closed one. */
    public void reset(Status status, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (close(new StreamEnd(StreamEnd.Cause.RESET_SENT, status, bytes))) {
            connection.write(FrameWriter.reset(connection.allocator(), id, status.number(), text));
        }
    }

    // ---- what the connection calls, on its event loop ----

    void onOpened(byte[] message) throws ProtocolViolation {
        lock.lock();
        try {
            if (!opener || opened != null) {
                throw new ProtocolViolation("an OPENED that was not asked for");
            }
            opened = message;
        } finally {
            lock.unlock();
        }
        notifyChange();
    }

    void onDataBegins(int count) throws ProtocolViolation {
        lock.lock();
        try {
            if (sender) {
                throw new ProtocolViolation("DATA from the side that receives");
            }
            if (ended != null) {
                throw new ProtocolViolation("DATA after END");
            }
            if (!window.receive(count)) {
                throw new ProtocolViolation(
                        ProtocolViolation.Rule.FLOW_CONTROL, "DATA beyond the credit of " + window.granted());
            }
            dropping = awaitingSeek;
        } finally {
            lock.unlock();
        }
    }

    void onData(long offset, ByteBuf bytes) {
        boolean drop;
        lock.lock();
        try {
            drop = dropping || awaitingSeek;
            if (end == null && !drop) {
                keep(offset, bytes);
            }
        } finally {
            lock.unlock();
        }
        if (drop) {
            consumed(bytes.readableBytes(), 0);
        } else {
            notifyChange();
        }
    }

    private void keep(long offset, ByteBuf bytes) {
        if (bytes.readableBytes() >= Chunk.GATHERED_BYTES) {
            inbox.add(new Chunk(offset, bytes.retainedSlice()));
            return;
        }
        Chunk last = inbox.peekLast();
        if (last == null || !last.gathers(offset, bytes)) {
            ByteBuf own = connection.allocator().directBuffer(Chunk.GATHERED_BYTES, Chunk.GATHERED_BYTES);
            inbox.add(new Chunk(offset, own.writeBytes(bytes)));
        }
    }

    void onCredit(int bytes, long durable) throws ProtocolViolation {
        lock.lock();
        try {
            if (!sender) {
                throw new ProtocolViolation("CREDIT from the side that sends");
            }
            credit.grant(bytes);
            durableOffset = Math.max(durableOffset, durable);
        } finally {
            lock.unlock();
        }
        notifyChange();
    }

    void onEnd(byte[] message) throws ProtocolViolation {
        lock.lock();
        try {
            if (sender || ended != null) {
                throw new ProtocolViolation("an END that cannot be");
            }
            if (!awaitingSeek) {
                ended = message;
            }
        } finally {
            lock.unlock();
        }
        notifyChange();
    }

    void onSeek(long offset, int newEpoch) throws ProtocolViolation {
        lock.lock();
        try {
            if (kind != StreamKind.READ || offset < 0) {
                throw new ProtocolViolation("a SEEK that cannot be");
            }
            if (opener) {
                awaitingSeek &= newEpoch != epoch;
                return;
            }
            if (newEpoch != epoch + 1) {
                throw new ProtocolViolation("a SEEK with the epoch " + newEpoch + " after " + epoch);
            }
            epoch = newEpoch;
            seekOffset = offset;
            ended = null;
            endOnItsWay = false;
            clearOutbox();
            outbox.add(FrameWriter.seek(connection.allocator(), id, offset, newEpoch));
        } finally {
            lock.unlock();
        }
        connection.pump(this);
        notifyChange();
    }

    void onResult(Status status, byte[] message) throws ProtocolViolation {
        lock.lock();
        try {
            if (status == Status.OK && !(sender && (endOnItsWay || kind == StreamKind.READ))) {
                throw new ProtocolViolation("a RESULT of OK without an END before it");
            }
            if (!opener && !sender) {
                throw new ProtocolViolation("a RESULT from the side that sends");
            }
        } finally {
            lock.unlock();
        }
        close(new StreamEnd(StreamEnd.Cause.RESULT_RECEIVED, status, message));
    }

    void onReset(Status status, byte[] text) {
        close(new StreamEnd(StreamEnd.Cause.RESET_RECEIVED, status, text));
    }

    void onLost(String why) {
        close(StreamEnd.lost(why));
    }

    /** The next frame to send; null when there is none, and then it has to be queued anew. */
    @Nullable ByteBuf nextFrame() {
        ByteBuf next;
        lock.lock();
        try {
            next = outbox.poll();
            if (next == null) {
                queued = false;
                return null;
            }
            int count = fileBytes(next);
            outboxBytes -= count;
            endOnItsWay |= ended != null && outbox.isEmpty();
        } finally {
            lock.unlock();
        }
        notifyChange();
        return next;
    }

    /** Whether it is to be put among those that have something to send; true once until {@link #nextFrame} is null. */
    boolean enqueueOnce() {
        lock.lock();
        try {
            boolean was = queued;
            queued = true;
            return !was;
        } finally {
            lock.unlock();
        }
    }

    // ---- under the lock ----

    private void open() throws StreamClosed {
        if (end != null) {
            throw new StreamClosed(end);
        }
    }

    private void await(long deadline) throws TimeoutException, InterruptedException {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new TimeoutException("No progress on the stream " + id);
        }
        changed.awaitNanos(left);
    }

    /** Counts what lies here unread as consumed; returns the credit to give for it. */
    private int dropInbox() {
        int bytes = 0;
        for (Chunk chunk = inbox.poll(); chunk != null; chunk = inbox.poll()) {
            bytes += chunk.length();
            chunk.bytes().release();
        }
        return bytes == 0 ? 0 : window.consume(bytes);
    }

    private void clearOutbox() {
        int unsent = 0;
        for (ByteBuf frame = outbox.poll(); frame != null; frame = outbox.poll()) {
            unsent += fileBytes(frame);
            frame.release();
        }
        credit.putBack(unsent);
        outboxBytes = 0;
    }

    private static int fileBytes(ByteBuf frame) {
        boolean data = frame.getUnsignedByte(3) == FrameType.DATA.number();
        return data ? frame.readableBytes() - FrameType.HEADER_BYTES - 8 : 0;
    }

    // ---- without the lock ----

    private boolean close(StreamEnd how) {
        lock.lock();
        try {
            if (end != null) {
                return false;
            }
            end = how;
            clearOutbox();
            dropInbox();
            window.close();
        } finally {
            lock.unlock();
        }
        connection.forget(this);
        notifyChange();
        return true;
    }

    private void notifyChange() {
        Runnable action;
        lock.lock();
        try {
            changed.signalAll();
            action = listener;
        } finally {
            lock.unlock();
        }
        action.run();
    }
}
