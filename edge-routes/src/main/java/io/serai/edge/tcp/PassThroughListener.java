package io.serai.edge.tcp;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Accepted;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener of an edge that passes TCP connections to servers as they are, so that no key is needed in the DMZ. Nothing
 * is read of a connection before a server has taken it. Its lock guards the listening socket.
 */
public final class PassThroughListener {
    private static final Logger LOG = LoggerFactory.getLogger(PassThroughListener.class);

    private final LinkTransport transport;
    private final String name;
    private final Function<Set<Link>, Optional<Link>> pick;
    private final TcpLimits limits;
    private final AtomicInteger open = new AtomicInteger();
    private final ChannelGroup clients = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private @Nullable Channel listening;

    /**
     * @param name by which servers know which listener of theirs is meant
     * @param pick the best link for a new connection, but for those
     */
    public PassThroughListener(
            LinkTransport transport, String name, Function<Set<Link>, Optional<Link>> pick, TcpLimits limits) {
        this.transport = transport;
        this.name = name;
        this.pick = pick;
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

    /** One connection, from when it was accepted to when a server has taken it. */
    private final class Arrival extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            Channel client = context.channel();
            if (open.incrementAndGet() > limits.most()) {
                refuse(client, "there are " + limits.most() + " already");
                return;
            }
            clients.add(client);
            if (client.remoteAddress() instanceof InetSocketAddress from
                    && client.localAddress() instanceof InetSocketAddress to) {
                byte[] message = new Accepted(name, from, to).encode();
                TcpOpening.open(pick, Method.TCP_ACCEPTED, message, limits.connectWithin())
                        .whenCompleteAsync((stream, failure) -> taken(client, stream, failure), client.eventLoop());
            } else {
                refuse(client, "it was closed");
            }
        }

        private void taken(Channel client, LinkStream stream, @Nullable Throwable failure) {
            if (failure != null) {
                refuse(client, TcpFailure.of(failure).text());
            } else if (client.isActive()) {
                client.pipeline().remove(this);
                TcpRelay.start(client, stream, TcpRelay.Side.OPENER, limits, open::decrementAndGet);
            } else {
                stream.reset(Status.PARTNER_ABORT, "the client is gone");
                open.decrementAndGet();
            }
        }

        private void refuse(Channel client, String why) {
            open.decrementAndGet();
            LOG.info("The listener {} refused a connection of {}: {}", name, client.remoteAddress(), why);
            TcpRelay.abort(client);
        }
    }
}
