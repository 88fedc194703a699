package io.serai.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.edge.message.TcpMessages.Taken;
import io.serai.endpoint.handover.HandedConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A passed-through connection as a listener of this process has it, with a socket of its own to the edge. The stream by which
 * it was agreed carries no bytes, but the connection breaks with it. What is not said to be for any thread runs on the
 * socket's event loop.
 */
final class RawConnection extends ChannelInboundHandlerAdapter implements HandedConnection {
    private static final Logger LOG = LoggerFactory.getLogger(RawConnection.class);
    private static final byte[] NOTHING = new byte[0];
    /** Read and not consumed yet; another block may come on top. */
    private static final int HELD_MOST = 128 << 10;

    private static final int WRITTEN_AT_ONCE = 64 << 10;

    private final RawSocket socket;
    private final EventLoop home;
    private final LinkStream stream;
    private final Accepted accepted;
    private final Duration halfClosed;
    private final Runnable done;

    private final Queue<ByteBuf> input = new ConcurrentLinkedQueue<>();
    private final AtomicInteger held = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile Runnable changed = () -> {};
    private volatile boolean started;
    private volatile boolean inputEnded;
    private volatile boolean gone;
    /** To another event loop. */
    private volatile boolean moving;
    /** For the kernel to have room for what was written last. */
    private volatile boolean waiting;

    private boolean left;
    private boolean ending;
    private boolean endGiven;
    private boolean over;

    /**
     * The stream is to be accepted.
     *
     * @param done called once, when it is over
     */
    RawConnection(RawSocket socket, LinkStream stream, Accepted accepted, Duration halfClosed, Runnable done) {
        this.socket = socket;
        this.home = socket.eventLoop();
        this.stream = stream;
        this.accepted = accepted;
        this.halfClosed = halfClosed;
        this.done = done;
    }

    /** Before it is handed to anybody. */
    void begin() {
        socket.pipeline().addLast("handed", this);
        socket.pipeline().remove(HeldBytes.class);
        inputEnded = socket.isInputShutdown();
        stream.onChange(() -> onLoop(this::look));
        if (!socket.isActive()) {
            broken("the edge has closed it");
        }
    }

    @Override
    public InetSocketAddress client() {
        return accepted.client();
    }

    @Override
    public InetSocketAddress local() {
        return accepted.local();
    }

    /** From any thread, as all that listeners call. */
    @Override
    public void start(Runnable action) {
        accept(action);
        onLoop(this::readOn);
        action.run();
    }

    /** Until it has moved, nothing is read and there is no room. */
    @Override
    public void start(Runnable action, EventLoop loop) {
        if (socket.canMoveTo(loop)) {
            waiting = true;
            moving = true;
            accept(action);
            onLoop(() -> move(loop));
        } else {
            start(action);
        }
    }

    private void accept(Runnable action) {
        changed = action;
        started = true;
        stream.accept(new Taken(true).encode());
        stream.shrinkWindow();
    }

    private void move(EventLoop loop) {
        moving = true;
        socket.deregister()
                .addListener(left ->
                        loop.register(socket).addListener(joined -> onLoop(() -> arrived(joined.isSuccess()))));
    }

    private void arrived(boolean joined) {
        moving = false;
        if (!joined) {
            broken("it could not be moved to another thread");
        }
        socket.flush(); // what waited for the kernel was forgotten by the loop before
        if (closed.get()) {
            leave();
        } else {
            waiting = false;
            readOn();
            tell();
        }
    }

    /** The loop may be another one by the time that it is done. */
    private void onLoop(Runnable action) {
        EventLoop loop = socket.eventLoop();
        run(loop, () -> {
            if (socket.eventLoop() == loop) {
                action.run();
            } else {
                onLoop(action);
            }
        });
    }

    private void run(EventLoop loop, Runnable action) {
        try {
            loop.execute(action);
        } catch (RejectedExecutionException e) {
            if (loop == stream.loop()) {
                LOG.debug("A passed-through connection of {} ends with its link's threads", accepted.client(), e);
            } else {
                // That of the listener has ended, and with it the socket; this is to be counted as over all the same.
                run(stream.loop(), action);
            }
        }
    }

    // ---- what comes ----

    private void readOn() {
        if (!moving && !inputEnded && !gone && held.get() < HELD_MOST) {
            socket.read();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (closed.get() || !bytes.isReadable()) {
            bytes.release();
        } else {
            held.addAndGet(bytes.readableBytes());
            input.add(HeldBytes.tight(bytes));
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (started || closed.get()) {
            readOn();
        }
        tell();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            tell();
        }
    }

    private void tell() {
        settle();
        changed.run();
    }

    @Override
    public boolean hasInput() {
        return !input.isEmpty() || inputEnded || gone;
    }

    @Override
    public Optional<ByteBuf> poll() {
        return Optional.ofNullable(input.poll());
    }

    @Override
    public void consumed(int bytes) {
        int before = held.getAndAdd(-bytes);
        if (before >= HELD_MOST && before - bytes < HELD_MOST) {
            onLoop(this::readOn);
        }
    }

    @Override
    public boolean isInputEnded() {
        return inputEnded && input.isEmpty();
    }

    @Override
    public boolean isGone() {
        return gone;
    }

    // ---- what goes ----

    @Override
    public int write(ByteBuffer bytes) {
        ByteBuffer first = bytes.slice().limit(Math.min(bytes.remaining(), WRITTEN_AT_ONCE));
        int taken = write(new ByteBuffer[] {first}, 1);
        bytes.position(bytes.position() + taken);
        return taken;
    }

    /** Takes all or nothing: what the kernel has no room for now is kept, and then there is no room here either. */
    @Override
    public int write(ByteBuffer[] buffers, int count) {
        if (closed.get() || gone || waiting) {
            return 0;
        }
        int all = remaining(buffers, count);
        try {
            socket.writeNow(buffers, count);
        } catch (IOException e) {
            LOG.debug("A passed-through connection of {} takes nothing", accepted.client(), e);
            onLoop(() -> broken("the edge has closed it"));
            return 0;
        }
        int left = remaining(buffers, count);
        if (left > 0) {
            waiting = true;
            ByteBuf rest = socket.alloc().directBuffer(left);
            for (int i = 0; i < count; i++) {
                rest.writeBytes(buffers[i]);
            }
            socket.writeAndFlush(rest).addListener(written -> {
                if (written.isSuccess()) {
                    waiting = false;
                    changed.run();
                }
            });
        }
        return all;
    }

    private static int remaining(ByteBuffer[] buffers, int count) {
        int sum = 0;
        for (int i = 0; i < count; i++) {
            sum += buffers[i].remaining();
        }
        return sum;
    }

    @Override
    public void endOutput() {
        onLoop(this::end);
    }

    /** Behind what was written. */
    private void end() {
        if (!ending && !gone) {
            ending = true;
            socket.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
                if (written.isSuccess()) {
                    socket.shutdownOutput();
                    settle();
                }
            });
        }
    }

    // ---- the end ----

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            changed = () -> {};
            onLoop(this::leave);
        }
    }

    /** On the loop where the socket was first: that of the listener may end before all has arrived. */
    private void leave() {
        if (moving || left) {
            return;
        }
        if (!gone && socket.canMoveTo(home)) {
            move(home);
            return;
        }
        left = true;
        if (!started) {
            stream.result(Status.UNAVAILABLE, new Failure("the listener is being closed", 0).encode());
            broken("nobody takes it");
            return;
        }
        end();
        drop();
        held.set(0);
        readOn();
        socket.eventLoop()
                .schedule(
                        () -> onLoop(() -> {
                            if (!over) {
                                broken("the other end was not closed in time");
                            }
                        }),
                        halfClosed.toMillis(),
                        TimeUnit.MILLISECONDS);
        settle();
    }

    private void drop() {
        for (ByteBuf next = input.poll(); next != null; next = input.poll()) {
            next.release();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (inputEnded && ending) {
            settle();
        } else {
            broken("the edge has closed it");
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.debug("A passed-through connection of {} failed", accepted.client(), cause);
        broken("the edge has reset it");
    }

    /** The stream has changed. */
    private void look() {
        Optional<StreamEnd> end = stream.end();
        if (end.isPresent() && !end.get().isSuccess()) {
            broken("the stream was closed");
        }
        stream.poll().ifPresent(chunk -> {
            chunk.bytes().release();
            broken("bytes came by the stream");
        });
        settle();
    }

    private void broken(String why) {
        if (!gone) {
            gone = true;
            stream.reset(Status.PARTNER_ABORT, why);
            TcpRelay.abort(socket);
            tell();
        }
    }

    /** Once both directions have ended, and the edge says that all has arrived, it is over in order. */
    private void settle() {
        boolean both = closed.get() && inputEnded && socket.isOutputShutdown();
        if (both && !gone) {
            socket.close();
            if (!endGiven) {
                endGiven = stream.end(ByteBuffer.allocate(8).array(), 0);
            }
            if (stream.ended().isPresent() && stream.isEndSent()) {
                // The stream's loop may be about to write END; the result belongs behind it.
                run(stream.loop(), () -> stream.result(Status.OK, NOTHING));
            }
        }
        if (closed.get()) {
            drop();
        }
        if (!over && (closed.get() || !started) && stream.end().isPresent()) {
            over = true;
            done.run();
        }
    }
}
