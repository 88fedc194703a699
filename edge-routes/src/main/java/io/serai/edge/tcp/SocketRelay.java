package io.serai.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.serai.edge.link.CreditBudget;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.message.Status;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins the sockets of a partner and of a server, both on one event loop. The end of one direction is passed on as that,
 * everything else that ends one of them, or the stream by which the connection was agreed, resets the others. A socket is
 * read only while the other one takes bytes. Everything but {@link #ask} runs on the event loop.
 */
final class SocketRelay {
    private static final Logger LOG = LoggerFactory.getLogger(SocketRelay.class);
    private static final long LEAST_CHECK_MILLIS = 20;
    /** One block waits for a socket that takes none, and no second one is read. */
    private static final WriteBufferWaterMark ONE_BLOCK = new WriteBufferWaterMark(32 << 10, 32 << 10);

    private final Way up;
    private final Way down;
    private final LinkStream stream;
    private final TcpLimits limits;
    private final Runnable done;
    private long movedAt = System.nanoTime();
    private boolean over;

    private SocketRelay(
            DuplexChannel partner, DuplexChannel server, LinkStream stream, TcpLimits limits, Runnable done) {
        this.up = new Way(partner, server, limits.unasked().strangers());
        this.down = new Way(server, partner, limits.unasked().servers());
        this.stream = stream;
        this.limits = limits;
        this.done = done;
    }

    /**
     * Begins, on the event loop of both, behind what is in their pipelines, with their {@link HeldBytes}.
     *
     * @param stream which the server has taken, and on which no bytes go
     * @param done called once, when both are closed
     */
    static void start(Channel partner, Channel server, LinkStream stream, TcpLimits limits, Runnable done) {
        SocketRelay relay = new SocketRelay((DuplexChannel) partner, (DuplexChannel) server, stream, limits, done);
        relay.up.begin();
        relay.down.begin();
        stream.shrinkWindow();
        stream.onChange(relay::ask);
        relay.checkLater();
        if (!partner.isActive() || !server.isActive()) {
            relay.cut(Status.PARTNER_ABORT, "a socket was closed");
        }
    }

    private void ask() {
        try {
            up.from.eventLoop().execute(this::look);
        } catch (RejectedExecutionException e) {
            LOG.debug("A relayed connection ends with its event loop");
        }
    }

    private void look() {
        Optional<StreamEnd> end = stream.end();
        if (end.isPresent() && !end.get().isSuccess()) {
            LOG.debug("A relayed connection was cut: {}", end.get());
            cut(Status.CANCELLED, "the stream was closed");
        }
    }

    /** One direction. */
    private final class Way extends ChannelInboundHandlerAdapter {
        private final DuplexChannel from;
        private final DuplexChannel to;
        private final CreditBudget unasked;
        private boolean reading;
        private boolean inputEnded;
        private boolean ended;

        Way(DuplexChannel from, DuplexChannel to, CreditBudget unasked) {
            this.from = from;
            this.to = to;
            this.unasked = unasked;
        }

        void begin() {
            from.config().setWriteBufferWaterMark(ONE_BLOCK);
            from.pipeline().addLast("relay", this);
            from.pipeline().remove(HeldBytes.class);
            to.flush();
            inputEnded = from.isInputShutdown();
            next();
        }

        /** Reads if what was read before is with the other socket. */
        void next() {
            if (over) {
                return;
            }
            if (inputEnded) {
                endOutput();
            } else if (!reading && to.isWritable()) {
                reading = true;
                from.read();
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (reading) {
                to.write(message, to.voidPromise());
            } else {
                writeUnasked((ByteBuf) message);
            }
        }

        private void writeUnasked(ByteBuf bytes) {
            int count = bytes.readableBytes();
            if (unasked.take(count)) {
                to.write(bytes).addListener(written -> unasked.giveBack(count));
            } else {
                bytes.release();
                LOG.warn("{}: a relayed connection is cut", TcpRelay.TOO_MUCH_UNASKED);
                cut(Status.BUSY, TcpRelay.TOO_MUCH_UNASKED);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            reading = false;
            movedAt = System.nanoTime();
            to.flush();
            next();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                inputEnded = true;
                next();
            }
        }

        /** Behind what was written. */
        private void endOutput() {
            if (!ended) {
                ended = true;
                to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener((ChannelFuture written) -> {
                    if (written.isSuccess()) {
                        to.shutdownOutput();
                        finishIfDone();
                    } else {
                        cut(Status.PARTNER_ABORT, "the other end of the connection takes no more bytes");
                    }
                });
            }
        }

        boolean isOver() {
            return ended && to.isOutputShutdown();
        }

        /** Of the socket that is read here; written by the other way. */
        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            movedAt = System.nanoTime();
            other().next();
        }

        private Way other() {
            return this == up ? down : up;
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            cut(Status.PARTNER_ABORT, "an end of the connection is gone");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.debug("A relayed connection failed", cause);
            cut(Status.PARTNER_ABORT, "an end has reset the connection");
        }
    }

    private void finishIfDone() {
        if (!over && up.isOver() && down.isOver()) {
            over = true;
            up.from.close();
            down.from.close();
            stream.end(ByteBuffer.allocate(8).array(), 0);
            done.run();
        }
    }

    /** Breaks all three; nothing that is on its way counts. */
    private void cut(Status status, String why) {
        if (!over) {
            over = true;
            stream.reset(status, why);
            TcpRelay.abort(up.from);
            TcpRelay.abort(down.from);
            done.run();
        }
    }

    private void checkLater() {
        long period = Math.min(limits.idle().toMillis(), limits.halfClosed().toMillis()) / 4;
        up.from.eventLoop().schedule(this::check, Math.max(LEAST_CHECK_MILLIS, period), TimeUnit.MILLISECONDS);
    }

    private void check() {
        if (over) {
            return;
        }
        Duration limit = up.ended || down.ended ? limits.halfClosed() : limits.idle();
        if (System.nanoTime() - movedAt > limit.toNanos()) {
            cut(Status.TIMEOUT, "nothing moved for " + limit.toMillis() + " ms");
        } else {
            checkLater();
        }
    }
}
