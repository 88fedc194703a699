package io.serai.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.serai.edge.link.Chunk;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.message.Status;
import io.serai.edge.tcp.Movements.Movement;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins a socket and a stream. The end of one direction is passed on as that (FIN as END, END as FIN), everything else that
 * ends the one resets the other, so that nobody takes a connection that broke for one that has ended. The socket is read
 * only while the stream has credit, and credit is given when the socket has taken bytes, so that a side that does not read
 * holds one window and no more. Everything but {@link #ask} runs on the socket's event loop.
 */
final class TcpRelay extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(TcpRelay.class);
    private static final long LEAST_CHECK_MILLIS = 20;
    static final String TOO_MUCH_UNASKED = "too much waits in memory of who has finished sending";
    private static final byte[] NOTHING = new byte[0];

    /** Who has opened the stream; the other one closes it. */
    enum Side {
        OPENER,
        SERVING
    }

    private final DuplexChannel socket;
    private final LinkStream stream;
    private final Side side;
    private final TcpLimits limits;
    private final Movement together;
    private final Runnable done;
    private final AtomicBoolean asked = new AtomicBoolean();

    private final ArrayDeque<ByteBuf> unsent = new ArrayDeque<>();
    private long unasked;
    private long sent;
    private boolean reading;
    private boolean inputEnded;
    private boolean endGiven;

    private long received;
    private int unwritten;
    private boolean outputEnded;

    private long movedAt = System.nanoTime();
    private boolean over;

    private TcpRelay(Channel socket, LinkStream stream, Side side, TcpLimits limits, Movement together, Runnable done) {
        this.socket = (DuplexChannel) socket;
        this.stream = stream;
        this.side = side;
        this.limits = limits;
        this.together = together;
        this.done = done;
    }

    /**
     * Begins, on the socket's event loop, behind what is in its pipeline, with the {@link HeldBytes} if there are any. The
     * stream is open and the socket connected.
     *
     * @param done called once, when both are closed
     */
    static void start(Channel socket, LinkStream stream, Side side, TcpLimits limits, Runnable done) {
        start(socket, stream, side, limits, Movement.alone(), done);
    }

    /** @param together of this connection and those that are idle only when it is */
    static void start(
            Channel socket, LinkStream stream, Side side, TcpLimits limits, Movement together, Runnable done) {
        TcpRelay relay = new TcpRelay(socket, stream, side, limits, together, done);
        socket.pipeline().addLast("relay", relay);
        HeldBytes held = socket.pipeline().get(HeldBytes.class);
        if (held != null) {
            socket.pipeline().remove(held);
        }
        relay.inputEnded = relay.socket.isInputShutdown();
        stream.onChange(relay::ask);
        relay.checkLater();
        if (!socket.isActive()) {
            relay.cut(Status.PARTNER_ABORT, "the socket was closed");
        }
    }

    /** Closes a socket so that its other end sees a reset and not an end. */
    static void abort(Channel socket) {
        if (socket.isOpen()) {
            try {
                socket.config().setOption(ChannelOption.SO_LINGER, 0);
            } catch (RuntimeException e) {
                LOG.debug("A socket that is to be reset was closed already", e);
            }
        }
        socket.close();
    }

    /** Something has changed; from any thread. Never runs it at once, as the stream may be in the middle of it. */
    private void ask() {
        if (asked.compareAndSet(false, true)) {
            try {
                socket.eventLoop().execute(this::step);
            } catch (RejectedExecutionException e) {
                LOG.debug("A relayed connection ends with its event loop");
            }
        }
    }

    private void step() {
        asked.set(false);
        if (over) {
            return;
        }
        Optional<StreamEnd> end = stream.end();
        if (end.isPresent() && !end.get().isSuccess()) {
            LOG.debug("A relayed connection was cut: {} {}", end.get(), text(end.get()));
            cut(Status.CANCELLED, "the stream was closed");
            return;
        }
        toStream();
        toSocket();
        finishIfDone(end.isPresent());
    }

    private static String text(StreamEnd end) {
        return new String(end.payload(), StandardCharsets.UTF_8);
    }

    // ---- from the socket to the stream ----

    private void toStream() {
        while (!unsent.isEmpty()) {
            ByteBuf first = unsent.element();
            int count = stream.trySend(first.nioBuffer(), sent, 0);
            if (count == 0) {
                return;
            }
            first.skipBytes(count);
            sent += count;
            moved();
            if (!first.isReadable()) {
                unsent.remove().release();
            }
        }
        giveBack();
        if (inputEnded && !endGiven) {
            endGiven = stream.end(ByteBuffer.allocate(8).putLong(sent).array(), 0);
        } else if (!inputEnded && !reading && stream.sendable() > 0) {
            reading = true;
            socket.read();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (over || !bytes.isReadable()) {
            bytes.release();
        } else {
            int count = bytes.readableBytes();
            unsent.add(HeldBytes.tight(bytes));
            if (!reading) {
                unasked(count);
            }
        }
    }

    /** Given back when nothing is unsent any more. */
    private void unasked(int count) {
        if (limits.unasked().strangers().take(count)) {
            unasked += count;
        } else {
            LOG.warn("{}: a relayed connection is cut", TOO_MUCH_UNASKED);
            cut(Status.BUSY, TOO_MUCH_UNASKED);
        }
    }

    private void giveBack() {
        limits.unasked().strangers().giveBack(unasked);
        unasked = 0;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        reading = false;
        ask();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            ask();
        }
    }

    // ---- from the stream to the socket ----

    private void toSocket() {
        boolean wrote = false;
        while (!outputEnded && socket.isWritable()) {
            Optional<Chunk> next = stream.poll();
            if (next.isEmpty()) {
                break;
            }
            ByteBuf bytes = next.get().bytes();
            int count = bytes.readableBytes();
            received += count;
            unwritten += count;
            wrote = true;
            socket.write(bytes).addListener(written -> onWritten(count, written.isSuccess()));
        }
        if (wrote) {
            socket.flush();
        }
        if (!over && !outputEnded && unwritten == 0) {
            stream.ended().ifPresent(this::endOutput);
        }
    }

    private void onWritten(int count, boolean success) {
        unwritten -= count;
        if (over) {
            return;
        }
        if (success) {
            moved();
            stream.consumed(count, 0);
            if (unwritten == 0) {
                ask();
            }
        } else {
            cut(Status.PARTNER_ABORT, "the other end of the connection takes no more bytes");
        }
    }

    private void endOutput(byte[] total) {
        if (total.length != 8 || ByteBuffer.wrap(total).getLong() != received) {
            cut(Status.PROTOCOL, "the end does not say how many bytes were sent");
            return;
        }
        outputEnded = true;
        moved();
        socket.shutdownOutput();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        ask();
    }

    // ---- the end ----

    private void finishIfDone(boolean closed) {
        if (over || !outputEnded || !stream.isEndSent()) {
            return;
        }
        if (side == Side.SERVING) {
            stream.result(Status.OK, NOTHING);
            finish();
        } else if (closed) {
            finish();
        }
    }

    private void finish() {
        over = true;
        unsent.forEach(ByteBuf::release);
        unsent.clear();
        giveBack();
        socket.close();
        done.run();
    }

    /** Breaks both; nothing that is on its way counts. */
    private void cut(Status status, String why) {
        if (!over) {
            over = true;
            stream.reset(status, why);
            abort(socket);
            finish();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        cut(Status.PARTNER_ABORT, "the other end of the connection is gone");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.debug("A relayed connection failed", cause);
        cut(Status.PARTNER_ABORT, "the other end has reset the connection");
    }

    private void moved() {
        movedAt = System.nanoTime();
        together.now();
    }

    private void checkLater() {
        long period = Math.min(limits.idle().toMillis(), limits.halfClosed().toMillis()) / 4;
        socket.eventLoop().schedule(this::check, Math.max(LEAST_CHECK_MILLIS, period), TimeUnit.MILLISECONDS);
    }

    private void check() {
        if (over) {
            return;
        }
        boolean half = endGiven || outputEnded;
        Duration limit = half ? limits.halfClosed() : limits.idle();
        long still = half ? System.nanoTime() - movedAt : together.nanosAgo();
        if (still > limit.toNanos()) {
            cut(Status.TIMEOUT, "nothing moved for " + limit.toMillis() + " ms");
        } else {
            checkLater();
        }
    }
}
