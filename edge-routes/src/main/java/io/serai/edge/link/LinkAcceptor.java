package io.serai.edge.link;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.SslHandler;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.message.LinkMessages.Bye;
import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.message.LinkMessages.LinkStatus;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.Pin;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The edge's end: accepts the connections of all servers and sorts them into links. It never dials. Nothing leaves it before
 * the TLS handshake with the server's certificate is done. Safe for several threads.
 */
public final class LinkAcceptor {
    private static final int UNREADY_MOST = 64;
    private static final int INDEX_MOST = 16;
    private static final int GONE_REMEMBERED = 1_024;

    private final LinkSetup setup;
    private final Optional<Function<Consumer<Channel>, ChannelHandler>> front;
    private final Map<UUID, Link> links = new LinkedHashMap<>();
    private final Map<UUID, Boolean> gone = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<UUID, Boolean> eldest) {
            return size() > GONE_REMEMBERED;
        }
    };
    private final AtomicInteger unready = new AtomicInteger();
    private LinkStatus status = new LinkStatus(false, false, 0, 0, 0);
    private @Nullable Channel listening;
    private boolean stopped;

    public LinkAcceptor(LinkSetup setup) {
        this(setup, Optional.empty());
    }

    /**
     * @param front what looks at each connection first, and says which are of links
     */
    public LinkAcceptor(LinkSetup setup, Function<Consumer<Channel>, ChannelHandler> front) {
        this(setup, Optional.of(front));
    }

    private LinkAcceptor(LinkSetup setup, Optional<Function<Consumer<Channel>, ChannelHandler>> front) {
        this.setup = setup;
        this.front = front;
    }

    /** Listens at this address, which should be one of the inner interface; returns the bound one. */
    public InetSocketAddress start(InetSocketAddress address) {
        ChannelFuture bound = setup.transport()
                .server()
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (front.isPresent()) {
                            channel.pipeline().addLast(front.get().apply(LinkAcceptor.this::accept));
                        } else {
                            accept(channel);
                        }
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "The link cannot listen at " + address + ": "
                            + bound.cause().getMessage());
        }
        synchronized (this) {
            listening = bound.channel();
        }
        return (InetSocketAddress) bound.channel().localAddress();
    }

    private void accept(Channel channel) {
        if (unready.incrementAndGet() > UNREADY_MOST) {
            unready.decrementAndGet();
            channel.close();
            return;
        }
        SslHandler tls = setup.tls().handler(channel.alloc());
        channel.pipeline()
                .addLast(tls)
                .addLast(new LinkConnection(setup.settings(), setup.budget(), new Accepted(tls), LinkRole.EDGE));
    }

    /** The links that can be used now. */
    public synchronized List<Link> links() {
        return links.values().stream().filter(Link::isUsable).toList();
    }

    /** A link for a new session: of two random ones that take sessions the one with less load. */
    public Optional<Link> pick(Set<Link> butNot) {
        List<Link> able = new ArrayList<>();
        for (Link link : links()) {
            if (link.takesSessions() && !butNot.contains(link)) {
                able.add(link);
            }
        }
        if (able.isEmpty()) {
            return Optional.empty();
        }
        ThreadLocalRandom random = ThreadLocalRandom.current();
        Link one = able.remove(random.nextInt(able.size()));
        Link other = able.isEmpty() ? one : able.get(random.nextInt(able.size()));
        return Optional.of(other.load() < one.load() ? other : one);
    }

    /** Tells all servers, also those that connect later, how this edge is. */
    public synchronized void tell(LinkStatus now) {
        status = now;
        links.values().forEach(link -> link.tell(now));
    }

    /** Stops listening and says goodbye on all links; what is open on them is lost. */
    public void stop() {
        Channel open;
        List<Link> all;
        synchronized (this) {
            stopped = true;
            open = listening;
            all = new ArrayList<>(links.values());
        }
        if (open != null) {
            open.close().awaitUninterruptibly();
        }
        all.forEach(link -> link.close(ByeCode.SHUTDOWN, "the edge stops"));
    }

    private ConnectionOwner.Welcome refuse(ByeCode code, String text) {
        return new ConnectionOwner.Welcome.Refused(new Bye(code, text));
    }

    /** The link that a connection with this HELLO belongs to; empty when that link is gone. */
    private Optional<Link> linkOf(Hello hello, Pin pin, LinkConnection connection) {
        List<Link> former = new ArrayList<>();
        Link link;
        synchronized (this) {
            link = links.get(hello.link());
            if (stopped || gone.containsKey(hello.link())) {
                return Optional.empty();
            }
            if (link == null) {
                for (Link other : links.values()) {
                    if (other.peer().node().equals(hello.node())) {
                        former.add(other);
                    }
                }
                LinkPeer peer = LinkPeer.of(
                        hello, setup.self(), pin, connection.channel().remoteAddress());
                link = new Link(peer, LinkRole.EDGE, setup.handler(), setup.listener(), setup.settings());
                links.put(hello.link(), link);
            }
        }
        // A server has one link at a time: what it had before is dead, even if this side has not noticed yet.
        former.forEach(other -> other.close(ByeCode.LINK_GONE, "the server has begun a new link"));
        boolean same =
                link.peer().node().equals(hello.node()) && link.peer().boot().equals(hello.boot());
        return same ? Optional.of(link) : Optional.empty();
    }

    private synchronized void forgetIfLost(Link link) {
        if (link.isLost() && links.remove(link.peer().link()) != null) {
            gone.put(link.peer().link(), true);
        }
    }

    /** One accepted connection. */
    private final class Accepted implements ConnectionOwner {
        private final SslHandler tls;
        private boolean counted = true;
        private @Nullable Link link;

        Accepted(SslHandler tls) {
            this.tls = tls;
        }

        @Override
        public Optional<Hello> greeting() {
            return Optional.empty();
        }

        @Override
        public Welcome greeted(LinkConnection connection, Hello hello) {
            Optional<Pin> pin = setup.tls().peer(tls);
            if (pin.isEmpty()) {
                return refuse(ByeCode.IDENTITY, "no protocol or no trust");
            }
            Optional<Bye> refusal = setup.check().refusal(hello, pin.get());
            if (refusal.isPresent()) {
                setup.listener().violation(hello.node(), refusal.get().text());
                return new Welcome.Refused(refusal.get());
            }
            if (hello.index() >= INDEX_MOST) {
                return refuse(ByeCode.BUSY, "too many connections");
            }
            Optional<Link> found = linkOf(hello, pin.get(), connection);
            if (found.isEmpty()) {
                return refuse(ByeCode.LINK_GONE, "this link is not known any more");
            }
            // While one is being replaced there are two of its index.
            if (found.get().connections(hello.connectionClass()) >= 2 * INDEX_MOST) {
                return refuse(ByeCode.BUSY, "too many connections");
            }
            link = found.get();
            return new Welcome.Accepted(setup.hello(hello.link(), hello.connectionClass(), hello.index()));
        }

        @Override
        public void ready(LinkConnection connection) {
            uncount();
            if (!link().add(connection)) {
                connection.bye(ByeCode.LINK_GONE, "this link has just been lost");
                return;
            }
            LinkStatus now;
            synchronized (LinkAcceptor.this) {
                now = status;
            }
            if (connection.peerHello().connectionClass() == ConnectionClass.CONTROL) {
                connection.send(now);
            }
        }

        private void uncount() {
            if (counted) {
                counted = false;
                unready.decrementAndGet();
            }
        }

        @Override
        public Link link() {
            if (link == null) {
                throw new IllegalStateException("The connection belongs to no link");
            }
            return link;
        }

        @Override
        public void closed(LinkConnection connection, Optional<Bye> bye, String why) {
            uncount();
            if (link != null) {
                link.remove(connection, why, bye.isPresent() ? Link.Sudden.NO : Link.Sudden.YES);
                forgetIfLost(link);
            }
        }

        @Override
        public void violated(LinkConnection connection, ProtocolViolation violation) {
            setup.listener().violation(link == null ? "unknown" : link.peer().node(), violation.text());
            if (link != null) {
                link.violated(violation);
            }
        }
    }
}
