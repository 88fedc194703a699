package io.serai.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.edge.message.TcpMessages.Taken;
import io.serai.endpoint.proxy.ProxyHeader;
import io.serai.endpoint.proxy.TrustedBalancers;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener of an edge that passes TCP connections to servers as they are, so that no key is needed in the DMZ. Nothing
 * is read of a connection before a server has taken it, but the header of a load balancer. Its lock guards the listening socket.
 */
public final class PassThroughListener {
    private static final Logger LOG = LoggerFactory.getLogger(PassThroughListener.class);
    private static final int MOST_READ = 65_536;

    private final LinkTransport transport;
    private final String name;
    private final Function<Set<Link>, Optional<Link>> pick;
    private final TrustedBalancers balancers;
    private final Gatekeeper gatekeeper;
    private final TcpLimits limits;
    private final Optional<RawArrivals> raw;
    private final AtomicInteger passed;
    private final AtomicInteger open = new AtomicInteger();
    private final ChannelGroup clients = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private @Nullable Channel listening;

    /** Says whether a client may come in; may block, on a thread of its own choice. */
    @FunctionalInterface
    public interface Gatekeeper {
        /** Lets everybody in. */
        Gatekeeper OPEN = client -> CompletableFuture.completedFuture(null);

        /** Completes when the client may come in, and fails with the reason when it may not. */
        CompletableFuture<@Nullable Void> admit(InetSocketAddress client);
    }

    /**
     * @param name by which servers know which listener of theirs is meant
     * @param balancers where connections come from, and bring the client's address in a PROXY header; if there are any
     */
    public PassThroughListener(
            TcpRelays relays, String name, TrustedBalancers balancers, Gatekeeper gatekeeper, TcpLimits limits) {
        this.transport = relays.transport();
        this.pick = relays.pick();
        this.raw = relays.raw();
        this.passed = relays.passed();
        this.name = name;
        this.balancers = balancers;
        this.gatekeeper = gatekeeper;
        this.limits = limits;
    }

    /** Listens; returns the address that is bound. */
    public synchronized InetSocketAddress start(InetSocketAddress at) {
        Channel socket = listening;
        if (socket == null) {
            var binding = transport
                    .relayedListener()
                    .childHandler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel client) {
                            client.pipeline().addLast(new Arrival(), new HeldBytes());
                        }
                    })
                    .bind(at)
                    .awaitUninterruptibly();
            if (!binding.isSuccess()) {
                throw new SeraiException(
                        ErrorCode.INVALID, "The listener " + name + " cannot listen on " + at, binding.cause());
            }
            socket = binding.channel();
            listening = socket;
        }
        return (InetSocketAddress) socket.localAddress();
    }

    /** Takes no more connections; those that are open go on. */
    public synchronized void stopListening() {
        if (listening != null) {
            listening.close().awaitUninterruptibly();
            listening = null;
        }
    }

    /** Takes no more connections and cuts those that are open. */
    public void stop() {
        stopListening();
        clients.close().awaitUninterruptibly();
    }

    /** Connections that are open or on their way to a server. */
    public int connections() {
        return open.get();
    }

    /** One connection, from when it was accepted to when a server has taken it. On its event loop. */
    private final class Arrival extends ChannelInboundHandlerAdapter {
        private final ByteBuf head = Unpooled.buffer(ProxyHeader.FIXED_BYTES, ProxyHeader.MAX_BYTES + MOST_READ);
        private boolean readingHeader = balancers.areUsed();
        private Optional<RawArrivals.Expected> expected = Optional.empty();
        private boolean refused;

        @Override
        public void channelActive(ChannelHandlerContext context) {
            Channel client = context.channel();
            if (open.incrementAndGet() > limits.most()) {
                refuse(client, "there are " + limits.most() + " already");
                return;
            }
            clients.add(client);
            if (!(client.remoteAddress() instanceof InetSocketAddress from)) {
                refuse(client, "it was closed");
            } else if (!readingHeader) {
                admit(client, from);
            } else if (balancers.include(from)) {
                client.eventLoop()
                        .schedule(
                                () -> {
                                    if (readingHeader) {
                                        refuse(client, "its PROXY header did not come in time");
                                    }
                                },
                                TrustedBalancers.HEADER_LIMIT.toMillis(),
                                TimeUnit.MILLISECONDS);
                client.read();
            } else {
                refuse(client, "it does not come by a load balancer");
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (!readingHeader || !(message instanceof ByteBuf bytes)) {
                context.fireChannelRead(message);
                return;
            }
            try {
                head.writeBytes(bytes);
                ByteBuffer view = head.nioBuffer();
                Optional<ProxyHeader> header = ProxyHeader.read(view);
                if (header.isPresent()) {
                    readingHeader = false;
                    head.skipBytes(view.position());
                    if (head.isReadable()) {
                        context.fireChannelRead(head.copy());
                    }
                    InetSocketAddress balancer =
                            (InetSocketAddress) context.channel().remoteAddress();
                    admit(context.channel(), header.get().client().orElse(balancer));
                }
            } catch (SeraiException | IndexOutOfBoundsException e) {
                refuse(context.channel(), String.valueOf(e.getMessage()));
            } finally {
                bytes.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (readingHeader && !refused) {
                context.channel().read();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (readingHeader) {
                refuse(context.channel(), "it was closed");
            }
            context.fireChannelInactive();
        }

        private void admit(Channel client, InetSocketAddress from) {
            gatekeeper
                    .admit(from)
                    .whenCompleteAsync(
                            (admitted, failure) -> {
                                if (failure == null) {
                                    pass(client, from);
                                } else {
                                    refuse(client, reason(failure));
                                }
                            },
                            client.eventLoop());
        }

        private static String reason(Throwable failure) {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            return String.valueOf(cause.getMessage());
        }

        private void pass(Channel client, InetSocketAddress from) {
            if (client.localAddress() instanceof InetSocketAddress to) {
                expected = raw.map(arrivals -> arrivals.expect(client.eventLoop()));
                byte[] message = new Accepted(name, from, to, expected.map(RawArrivals.Expected::ticket)).encode();
                TcpOpening.open(pick, Method.TCP_ACCEPTED, message, limits.connectWithin())
                        .whenCompleteAsync((stream, failure) -> taken(client, stream, failure), client.eventLoop());
            } else {
                refuse(client, "it was closed");
            }
        }

        private void taken(Channel client, LinkStream stream, @Nullable Throwable failure) {
            Optional<Channel> socket = expected.flatMap(RawArrivals.Expected::take);
            if (failure != null) {
                socket.ifPresent(Channel::close);
                refuse(client, TcpFailure.of(failure).text());
            } else if (client.isActive()) {
                join(client, socket, stream);
            } else {
                socket.ifPresent(Channel::close);
                stream.reset(Status.PARTNER_ABORT, "the client is gone");
                open.decrementAndGet();
            }
        }

        /** The server says whether it uses the raw connection; one that it has given up may have come nevertheless. */
        private void join(Channel client, Optional<Channel> socket, LinkStream stream) {
            boolean used;
            try {
                used = Taken.decode(stream.opened().orElseThrow()).raw();
            } catch (ProtocolViolation e) {
                used = true;
                socket.ifPresent(Channel::close);
            }
            if (used && !socket.map(Channel::isOpen).orElse(false)) {
                stream.reset(Status.PARTNER_ABORT, "the raw connection is gone");
                refuse(client, "its raw connection was lost");
                return;
            }
            client.pipeline().remove(this);
            passed.incrementAndGet();
            if (used) {
                SocketRelay.start(client, socket.orElseThrow(), stream, limits, this::gone);
            } else {
                socket.ifPresent(Channel::close);
                TcpRelay.start(client, stream, TcpRelay.Side.OPENER, limits, this::gone);
            }
        }

        private void gone() {
            passed.decrementAndGet();
            open.decrementAndGet();
        }

        private void refuse(Channel client, String why) {
            if (refused) {
                return;
            }
            refused = true;
            readingHeader = false;
            expected.ifPresent(RawArrivals.Expected::cancel);
            open.decrementAndGet();
            LOG.info("The listener {} refused a connection of {}: {}", name, client.remoteAddress(), why);
            TcpRelay.abort(client);
        }
    }
}
