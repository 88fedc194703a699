package io.serai.edge.link;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollSocketChannelConfig;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.serai.edge.frame.FrameType;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads and sockets of links, one for a process: native epoll where it loads, since only that lets the kernel hold
 * little unsent data and notice a peer that takes nothing; else NIO.
 */
public final class LinkTransport implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LinkTransport.class);
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(64 << 10, 128 << 10);
    private static final long NOT_SENT_BYTES = 128 << 10;
    /** As the kernel has it by itself. */
    private static final long NO_LIMIT = 0xffff_ffffL;

    private static final int NIO_SEND_BYTES = 256 << 10;
    private static final int BACKLOG = 1_024;
    private static final int BLOCKING_THREADS = 16;
    private static final int BLOCKING_WAITING = 1_000;
    /** One read at a time, of at most a full frame. */
    private static final RecvByteBufAllocator RELAYED_READS =
            new FixedRecvByteBufAllocator(FrameType.FULL_DATA_BYTES).maxMessagesPerRead(1);

    private final EventLoopGroup loops;
    private final boolean epoll;
    private final Duration deadAfter;
    /** For what would stop an event loop, such as asking for the addresses of a name; daemons, so that none keeps the process. */
    private final ThreadPoolExecutor blocking = new ThreadPoolExecutor(
            BLOCKING_THREADS,
            BLOCKING_THREADS,
            1,
            TimeUnit.MINUTES,
            new ArrayBlockingQueue<>(BLOCKING_WAITING),
            new DefaultThreadFactory("link-names", true));

    /** Which sockets. */
    public enum Sockets {
        EPOLL,
        NIO
    }

    private LinkTransport(Sockets sockets, int threads, Duration deadAfter) {
        DefaultThreadFactory names = new DefaultThreadFactory("link", true);
        this.epoll = sockets == Sockets.EPOLL;
        this.loops = epoll ? new EpollEventLoopGroup(threads, names) : new NioEventLoopGroup(threads, names);
        this.deadAfter = deadAfter;
        blocking.allowCoreThreadTimeOut(true);
    }

    /** With the best sockets there are. */
    public static LinkTransport start(LinkSettings settings, int threads) {
        if (Epoll.isAvailable()) {
            return start(settings, threads, Sockets.EPOLL);
        }
        LOG.warn("Links use NIO sockets; native epoll does not load: {}", String.valueOf(Epoll.unavailabilityCause()));
        return start(settings, threads, Sockets.NIO);
    }

    public static LinkTransport start(LinkSettings settings, int threads, Sockets sockets) {
        return new LinkTransport(sockets, threads, settings.keepAlive().deadAfter());
    }

    Bootstrap client() {
        Bootstrap bootstrap = new Bootstrap()
                .group(loops)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
        if (epoll) {
            bootstrap
                    .option(EpollChannelOption.TCP_NOTSENT_LOWAT, NOT_SENT_BYTES)
                    .option(EpollChannelOption.TCP_USER_TIMEOUT, (int) deadAfter.toMillis());
        } else {
            bootstrap.option(ChannelOption.SO_SNDBUF, NIO_SEND_BYTES);
        }
        return bootstrap;
    }

    ServerBootstrap server() {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
        if (epoll) {
            bootstrap
                    .childOption(EpollChannelOption.TCP_NOTSENT_LOWAT, NOT_SENT_BYTES)
                    .childOption(EpollChannelOption.TCP_USER_TIMEOUT, (int) deadAfter.toMillis());
        } else {
            bootstrap.childOption(ChannelOption.SO_SNDBUF, NIO_SEND_BYTES);
        }
        return bootstrap;
    }

    /**
     * For connections whose bytes a link carries. They may stand still as long as they like (their own limits say otherwise),
     * are read only when asked, and their two directions end apart.
     */
    public Bootstrap relayed() {
        return relayed(loops, epoll ? EpollSocketChannel::new : NioSocketChannel::new);
    }

    /** The same with sockets of this kind, on these event loops. */
    public static Bootstrap relayed(EventLoopGroup loops, ChannelFactory<Channel> kind) {
        return new Bootstrap()
                .group(loops)
                .channelFactory(kind)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.RCVBUF_ALLOCATOR, RELAYED_READS)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
    }

    /** Listens for such connections. */
    public ServerBootstrap relayedListener() {
        return new ServerBootstrap()
                .group(loops)
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.RCVBUF_ALLOCATOR, RELAYED_READS)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
    }

    /** Makes an accepted connection of a link one that is relayed; on its event loop. */
    public static void relay(Channel channel) {
        ChannelConfig config = channel.config();
        config.setAutoRead(false);
        config.setOption(ChannelOption.SO_KEEPALIVE, true);
        config.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        config.setRecvByteBufAllocator(RELAYED_READS);
        if (config instanceof EpollSocketChannelConfig epoll) {
            epoll.setTcpUserTimeout(0);
            epoll.setTcpNotSentLowAt(NO_LIMIT);
        }
    }

    EventLoopGroup loops() {
        return loops;
    }

    /** Runs it where it may block; refuses what is too much. */
    Executor blocking() {
        return blocking;
    }

    /** Stops the threads; whoever uses them is to be stopped before. */
    @Override
    public void close() {
        blocking.shutdownNow();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
