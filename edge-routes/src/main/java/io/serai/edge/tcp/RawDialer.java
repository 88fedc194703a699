package io.serai.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.message.RawTicket;
import java.io.IOException;
import java.net.SocketAddress;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's end of raw connections. Where none comes about in time, as something between server and edge lets TLS alone
 * through, none is tried at that edge for a while. Safe for several threads.
 */
public final class RawDialer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RawDialer.class);

    private static final int THREADS = 2;

    private final EventLoopGroup loops = new NioEventLoopGroup(THREADS, new DefaultThreadFactory("raw", true));
    private final Duration within;
    private final Duration pause;
    private final Map<SocketAddress, Long> failedAt = new ConcurrentHashMap<>();

    public RawDialer() {
        this(Duration.ofSeconds(3), Duration.ofMinutes(1));
    }

    /**
     * @param within for the connection and the edge's answer together
     * @param pause for how long an address is not tried that has not answered
     */
    RawDialer(Duration within, Duration pause) {
        this.within = within;
        this.pause = pause;
    }

    boolean isWorthTrying(SocketAddress edge) {
        Long failed = failedAt.get(edge);
        return failed == null || System.nanoTime() - failed > pause.toNanos();
    }

    /**
     * A connection that the edge has answered for this ticket; nothing was read of it beyond the answer, but {@link
     * HeldBytes}. What depends on it runs on its event loop and must not block.
     */
    CompletableFuture<RawSocket> dial(SocketAddress edge, RawTicket ticket) {
        EventLoop loop = loops.next();
        CompletableFuture<RawSocket> made = new CompletableFuture<>();
        Answer answer = new Answer(ticket, made);
        LinkTransport.relayed(loop, RawSocket::new)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) within.toMillis())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(answer, new HeldBytes());
                    }
                })
                .connect(edge)
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        failed(edge, String.valueOf(done.cause().getMessage()));
                        made.completeExceptionally(done.cause());
                    }
                });
        loop.schedule(
                () -> {
                    if (!made.isDone()) {
                        failed(edge, "it has not answered");
                        made.completeExceptionally(new TimeoutException("the edge has not answered"));
                    }
                },
                within.toMillis(),
                TimeUnit.MILLISECONDS);
        made.whenComplete((channel, failure) -> {
            if (failure == null) {
                failedAt.remove(edge);
            } else {
                answer.close();
            }
        });
        return made;
    }

    private void failed(SocketAddress edge, String why) {
        if (failedAt.put(edge, System.nanoTime()) == null) {
            LOG.warn(
                    "No raw connection to the edge at {}: {}; what it passes through goes over its link, which costs more",
                    edge,
                    why);
        }
    }

    /** Stops the threads; whoever uses them is to be stopped before. */
    @Override
    public void close() {
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /** Shows the ticket and waits for the answer. */
    private static final class Answer extends ChannelInboundHandlerAdapter {
        private final RawTicket ticket;
        private final CompletableFuture<RawSocket> made;
        private final ByteBuf head = Unpooled.buffer(RawTicket.HALF_BYTES, RawTicket.HALF_BYTES);
        private volatile boolean closed;
        private volatile Runnable closing = () -> {};

        Answer(RawTicket ticket, CompletableFuture<RawSocket> made) {
            this.ticket = ticket;
            this.made = made;
        }

        void close() {
            closed = true;
            closing.run();
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            closing = context::close;
            if (closed) {
                context.close();
            } else {
                context.writeAndFlush(Unpooled.wrappedBuffer(RawArrivals.greeting(ticket)));
                context.read();
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            head.writeBytes(bytes, Math.min(bytes.readableBytes(), head.writableBytes()));
            if (bytes.isReadable()) {
                context.fireChannelRead(bytes);
            } else {
                bytes.release();
            }
            if (head.isWritable()) {
                return;
            }
            if (MessageDigest.isEqual(ByteBufUtil.getBytes(head), ticket.answer())) {
                context.pipeline().remove(this);
                if (!made.complete((RawSocket) context.channel())) {
                    context.channel().close();
                }
            } else {
                made.completeExceptionally(new IOException("what answers is not the edge"));
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (!made.isDone()) {
                context.read();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            made.completeExceptionally(new IOException("the edge has closed it"));
            context.fireChannelInactive();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            made.completeExceptionally(cause);
        }
    }
}
