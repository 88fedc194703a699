package io.serai.edge.tcp;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import io.serai.edge.link.LinkTransport;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * SOCKS5 (RFC 1928, CONNECT alone) in front of the outbound connections of edges, for whatever in a server speaks SOCKS5.
 * It listens on a server, on loopback and nowhere else, and asks for a name and password (RFC 1929) that only this process
 * knows: the way to an edge is the link, and no host of the DMZ finds a proxy there. Its lock guards the listening socket.
 */
public final class SocksFront {
    private static final int MOST_KEPT = 1_000;

    private final LinkTransport transport;
    private final LinkOutbound outbound;
    private final TcpLimits limits;
    private final Optional<Login> login;
    private final AtomicInteger open = new AtomicInteger();
    private final ChannelGroup clients = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Map<Integer, TcpFailure> failures = kept();
    private final Map<Integer, OneWay> ways = kept();
    private @Nullable Channel listening;

    /** What a client must know. */
    public record Login(String user, SecretText password) {}

    /** @param login empty in a test mode, where any local program may use it */
    public SocksFront(LinkTransport transport, LinkOutbound outbound, TcpLimits limits, Optional<Login> login) {
        this.transport = transport;
        this.outbound = outbound;
        this.limits = limits;
        this.login = login;
    }

    private static <T> Map<Integer, T> kept() {
        return new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, T> eldest) {
                return size() > MOST_KEPT;
            }
        };
    }

    LinkOutbound outbound() {
        return outbound;
    }

    TcpLimits limits() {
        return limits;
    }

    Optional<Login> login() {
        return login;
    }

    /** Counts a connection; false if there are too many. */
    boolean enter() {
        return open.incrementAndGet() <= limits.most();
    }

    void leave() {
        open.decrementAndGet();
    }

    /**
     * What the connection from this port of loopback belongs to, said before it asks for anything; one of which nothing is
     * said is alone.
     */
    public void belongs(int clientPort, OneWay way) {
        synchronized (ways) {
            ways.put(clientPort, way);
        }
    }

    OneWay takeWay(int clientPort) {
        synchronized (ways) {
            OneWay way = ways.remove(clientPort);
            return way == null ? new OneWay() : way;
        }
    }

    /** SOCKS5 has a number for each kind of failure and no words. */
    void noteFailure(int clientPort, TcpFailure failure) {
        synchronized (failures) {
            failures.put(clientPort, failure);
        }
    }

    /** Why the connection that this port of loopback asked for was not made, once; empty when that is not known. */
    public Optional<TcpFailure> takeFailure(int clientPort) {
        synchronized (failures) {
            return Optional.ofNullable(failures.remove(clientPort));
        }
    }

    /** Connections that are open or being made. */
    public int connections() {
        return open.get();
    }

    /** Listens; returns the address that is bound. */
    public synchronized InetSocketAddress start(InetSocketAddress at) {
        if (at.isUnresolved() || !at.getAddress().isLoopbackAddress()) {
            throw new SeraiException(
                    ErrorCode.INVALID, "The SOCKS5 front listens on loopback alone, and " + at + " is not that");
        }
        Channel socket = listening;
        if (socket == null) {
            var binding = transport
                    .relayedListener()
                    .childHandler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel client) {
                            clients.add(client);
                            SocksConversation.begin(client, SocksFront.this);
                        }
                    })
                    .bind(at)
                    .awaitUninterruptibly();
            if (!binding.isSuccess()) {
                throw new SeraiException(ErrorCode.INVALID, "The SOCKS5 front cannot listen on " + at, binding.cause());
            }
            socket = binding.channel();
            listening = socket;
        }
        return (InetSocketAddress) socket.localAddress();
    }

    /** Takes no more connections and cuts those that are open. */
    public synchronized void stop() {
        if (listening != null) {
            listening.close().awaitUninterruptibly();
            listening = null;
        }
        clients.close().awaitUninterruptibly();
    }
}
