package io.serai.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.message.RawTicket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An edge's end of raw connections: a server dials one for a connection that is passed through, at the address of the link,
 * and shows the ticket that it got over the link. Who shows none that is waited for is closed and told nothing. Safe for
 * several threads.
 */
public final class RawArrivals {
    private static final Logger LOG = LoggerFactory.getLogger(RawArrivals.class);
    /** What TLS never begins with. */
    private static final byte[] GREETING = {'S', 'E', 'R', 'A', 'I', 'R', 'A', 'W'};

    private static final int SHOWN_BYTES = GREETING.length + RawTicket.HALF_BYTES;
    private static final int UNDECIDED_MOST = 64;

    private final Duration within;
    private final Map<ByteBuffer, Expected> expected = new ConcurrentHashMap<>();
    private final AtomicInteger undecided = new AtomicInteger();

    /** @param within how long a connection may take to say what it is */
    public RawArrivals(Duration within) {
        this.within = within;
    }

    /** What the server sends first. */
    static byte[] greeting(RawTicket ticket) {
        return ByteBuffer.allocate(SHOWN_BYTES)
                .put(GREETING)
                .put(ticket.shown())
                .array();
    }

    /** Expects a raw connection, which will be on this event loop. */
    Expected expect(EventLoop loop) {
        Expected one = new Expected(RawTicket.random(), loop);
        expected.put(ByteBuffer.wrap(one.ticket.shown()), one);
        return one;
    }

    /** Raw connections that are waited for. */
    int waitedFor() {
        return expected.size();
    }

    /** Connections that have not said yet what they are. */
    int undecided() {
        return undecided.get();
    }

    /**
     * What tells raw connections from those of the link, for one connection.
     *
     * @param link called with a connection of the link; the first bytes follow
     */
    public ChannelHandler front(Consumer<Channel> link) {
        return new Front(link);
    }

    /** One that a server may dial. What it has is read and changed on its event loop. */
    final class Expected {
        private final RawTicket ticket;
        private final EventLoop loop;
        private @Nullable Channel arrived;
        private boolean over;

        private Expected(RawTicket ticket, EventLoop loop) {
            this.ticket = ticket;
            this.loop = loop;
        }

        RawTicket ticket() {
            return ticket;
        }

        /** It is not waited for any more; what came is closed. */
        void cancel() {
            take().ifPresent(Channel::close);
        }

        /** What came, if it did; nothing else will. Nothing of it was read beyond the ticket. */
        Optional<Channel> take() {
            expected.remove(ByteBuffer.wrap(ticket.shown()));
            over = true;
            Optional<Channel> taken = Optional.ofNullable(arrived);
            arrived = null;
            return taken;
        }

        /** The channel is on the loop now. */
        private void came(Channel channel) {
            if (over) {
                channel.close();
            } else {
                arrived = channel;
                channel.writeAndFlush(Unpooled.wrappedBuffer(ticket.answer()));
            }
        }
    }

    /** Looks at the first bytes of a connection. */
    private final class Front extends ChannelInboundHandlerAdapter {
        private final Consumer<Channel> link;
        private final ByteBuf head = Unpooled.buffer(SHOWN_BYTES, SHOWN_BYTES);
        private boolean decided;

        Front(Consumer<Channel> link) {
            this.link = link;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            Channel channel = context.channel();
            channel.closeFuture().addListener(closed -> decide());
            if (undecided.incrementAndGet() > UNDECIDED_MOST) {
                channel.close();
            }
            channel.eventLoop()
                    .schedule(
                            () -> {
                                if (!decided) {
                                    channel.close();
                                }
                            },
                            within.toMillis(),
                            TimeUnit.MILLISECONDS);
        }

        private void decide() {
            if (!decided) {
                decided = true;
                undecided.decrementAndGet();
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            boolean raw = head.isReadable() || bytes.isReadable() && bytes.getByte(bytes.readerIndex()) == GREETING[0];
            if (raw) {
                try {
                    shown(context, bytes);
                } finally {
                    bytes.release();
                }
            } else {
                decide();
                link.accept(context.channel());
                context.fireChannelRead(message);
                context.pipeline().remove(this);
            }
        }

        private void shown(ChannelHandlerContext context, ByteBuf bytes) {
            Channel channel = context.channel();
            if (decided || bytes.readableBytes() > head.writableBytes()) {
                channel.close(); // a server says nothing more before it is answered
                return;
            }
            head.writeBytes(bytes);
            if (head.isWritable()) {
                return;
            }
            decide();
            Expected one = expected(head);
            if (one == null) {
                LOG.debug("{} shows a ticket that is not waited for", channel.remoteAddress());
                channel.close();
            } else {
                LinkTransport.relay(channel);
                context.pipeline().replace(this, null, new HeldBytes());
                move(channel, one);
            }
        }

        private @Nullable Expected expected(ByteBuf said) {
            byte[] shown = ByteBufUtil.getBytes(said);
            boolean greets = ByteBuffer.wrap(shown, 0, GREETING.length).equals(ByteBuffer.wrap(GREETING));
            return greets
                    ? expected.remove(ByteBuffer.wrap(shown, GREETING.length, RawTicket.HALF_BYTES)
                            .slice())
                    : null;
        }

        /** To the event loop of the partner's socket, so that none has to wake another between the two. */
        private void move(Channel channel, Expected one) {
            if (channel.eventLoop() == one.loop) {
                one.came(channel);
                return;
            }
            channel.deregister().addListener(left -> {
                ChannelFuture joined = one.loop.register(channel);
                joined.addListener(done -> {
                    if (done.isSuccess()) {
                        one.came(channel);
                    } else {
                        LOG.warn("A raw connection could not be moved to another thread", done.cause());
                        channel.unsafe().closeForcibly();
                    }
                });
            });
        }
    }
}
