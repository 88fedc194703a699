package io.serai.edge.link;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.serai.edge.message.LinkMessages.LinkStatus;
import io.serai.edge.message.Status;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.LinkTls;
import io.serai.edge.tls.LinkTrust;
import io.serai.edge.tls.Pin;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.awaitility.Awaitility;

/** A server and an edge on loopback, with keys of their own and short times. */
public final class TestLink implements AutoCloseable {
    public static final LinkIdentity SERVER = LinkIdentity.make(LinkRole.SERVER, "node-1", InstantSource.system());
    public static final LinkIdentity EDGE = LinkIdentity.make(LinkRole.EDGE, "edge-1", InstantSource.system());
    public static final Duration SOON = Duration.ofSeconds(10);

    public static final LinkSettings QUICK = new LinkSettings(
            new LinkSettings.Connections(
                    2,
                    2,
                    4,
                    Duration.ofSeconds(5),
                    Duration.ofMillis(50),
                    Duration.ofMillis(500),
                    Duration.ofHours(24),
                    1L << 40),
            new LinkSettings.KeepAlive(Duration.ofMillis(300), Duration.ofMillis(1_200), Duration.ofMillis(400)),
            new LinkSettings.Flow(64 << 10, 256 << 10, 2 << 20, 64 << 20, 64, 256, 4 << 20));

    /** For a machine that is busy with something else: silence alone ends nothing soon. */
    public static final LinkSettings PATIENT = new LinkSettings(
            new LinkSettings.Connections(
                    2,
                    2,
                    4,
                    Duration.ofSeconds(20),
                    Duration.ofMillis(50),
                    Duration.ofMillis(500),
                    Duration.ofHours(24),
                    1L << 40),
            new LinkSettings.KeepAlive(Duration.ofSeconds(1), Duration.ofSeconds(40), Duration.ofSeconds(20)),
            QUICK.flow());

    /** Hears and remembers. */
    public static class Ear implements LinkListener {
        public final List<Link> up = new CopyOnWriteArrayList<>();
        final List<String> lost = new CopyOnWriteArrayList<>();
        public final List<String> violations = new CopyOnWriteArrayList<>();
        public volatile Consumer<Link> whenLost = link -> {};
        public volatile Consumer<Link> whenUp = link -> {};

        @Override
        public void up(Link link) {
            up.add(link);
            whenUp.accept(link);
        }

        @Override
        public void changed(Link link) {}

        @Override
        public void lost(Link link, String why) {
            lost.add(why);
            whenLost.accept(link);
        }

        @Override
        public void violation(String peer, String what) {
            violations.add(peer + ": " + what);
        }
    }

    /** Serves nothing. */
    public static class Refusing implements LinkHandler {
        @Override
        public void request(Link link, IncomingRequest request) {
            request.reply(Status.UNSUPPORTED, new byte[0]);
        }

        @Override
        public void stream(Link link, LinkStream stream, int method, byte[] payload) {
            stream.result(Status.UNSUPPORTED, new byte[0]);
        }

        @Override
        public void event(Link link, int kind, byte[] payload) {}
    }

    public final Ear serverEar = new Ear();
    public final Ear edgeEar = new Ear();
    public final CreditBudget serverBudget;
    public final CreditBudget edgeBudget;
    final LinkTransport transport;
    public final LinkAcceptor acceptor;
    private final String edge;
    final LinkSettings settings;
    final LinkHandler serverHandler;
    public final InetSocketAddress address;
    LinkDialer dialer;

    public TestLink(LinkSettings settings, LinkHandler serverHandler, LinkHandler edgeHandler) {
        this("edge-1", settings, serverHandler, edgeHandler);
    }

    /** With an edge of that name. */
    public TestLink(String edge, LinkSettings settings, LinkHandler serverHandler, LinkHandler edgeHandler) {
        this(
                edge,
                settings,
                serverHandler,
                edgeHandler,
                LinkTls.Engine.BORINGSSL,
                LinkTransport.Sockets.EPOLL,
                Optional.empty());
    }

    TestLink(
            LinkSettings settings,
            LinkHandler serverHandler,
            LinkHandler edgeHandler,
            LinkTls.Engine engine,
            LinkTransport.Sockets sockets) {
        this("edge-1", settings, serverHandler, edgeHandler, engine, sockets, Optional.empty());
    }

    /** @param front as of a {@link LinkAcceptor} */
    public TestLink(
            LinkSettings settings,
            LinkHandler serverHandler,
            LinkHandler edgeHandler,
            Optional<Function<Consumer<Channel>, ChannelHandler>> front,
            LinkTransport.Sockets sockets) {
        this("edge-1", settings, serverHandler, edgeHandler, LinkTls.Engine.BORINGSSL, sockets, front);
    }

    private TestLink(
            String edge,
            LinkSettings settings,
            LinkHandler serverHandler,
            LinkHandler edgeHandler,
            LinkTls.Engine engine,
            LinkTransport.Sockets sockets,
            Optional<Function<Consumer<Channel>, ChannelHandler>> front) {
        this.edge = edge;
        this.settings = settings;
        this.serverHandler = serverHandler;
        this.serverBudget = new CreditBudget(settings.flow().budgetBytes());
        this.edgeBudget = new CreditBudget(settings.flow().budgetBytes());
        this.transport = LinkTransport.start(settings, 4, sockets);
        LinkTls tls = LinkTls.of(LinkRole.EDGE, EDGE, trust("node-1", SERVER.pin()), engine);
        LinkSetup setup = new LinkSetup(
                transport, tls, settings, edgeBudget, node(edge), edgeHandler, edgeEar, InstantSource.system());
        this.acceptor = front.isPresent() ? new LinkAcceptor(setup, front.get()) : new LinkAcceptor(setup);
        this.address = acceptor.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        LinkTls dialling = LinkTls.of(LinkRole.SERVER, SERVER, trust(edge, EDGE.pin()), engine);
        this.dialer = dialer(dialling, node("node-1"), address);
    }

    /** Another edge's end, not started. */
    LinkAcceptor acceptor(LinkNode self) {
        LinkTls tls = LinkTls.of(LinkRole.EDGE, EDGE, trust("node-1", SERVER.pin()));
        return new LinkAcceptor(new LinkSetup(
                transport, tls, settings, edgeBudget, self, new Refusing(), edgeEar, InstantSource.system()));
    }

    LinkDialer dialer(LinkTls tls, LinkNode self, InetSocketAddress at) {
        return new LinkDialer(
                new LinkSetup(
                        transport, tls, settings, serverBudget, self, serverHandler, serverEar, InstantSource.system()),
                new LinkDialer.Target(edge, List.of(at)));
    }

    /** Dials the edge by this name. */
    LinkDialer named(String name, LinkDialer.Names names) {
        LinkTls tls = LinkTls.of(LinkRole.SERVER, SERVER, trust(edge, EDGE.pin()));
        return new LinkDialer(
                new LinkSetup(
                        transport,
                        tls,
                        settings,
                        serverBudget,
                        node("node-1"),
                        serverHandler,
                        serverEar,
                        InstantSource.system()),
                new LinkDialer.Target(edge, List.of(InetSocketAddress.createUnresolved(name, address.getPort()))),
                names);
    }

    /** Runs it on each event loop. */
    void onLoops(Runnable action) {
        transport.loops().forEach(loop -> loop.execute(action));
    }

    static LinkTrust trust(String node, Pin pin) {
        return LinkTrust.of(Map.of(node, Set.of(pin)));
    }

    static LinkNode node(String name) {
        return node(name, "test", LinkNode.MINOR_MAX);
    }

    static LinkNode node(String name, String cluster, int minorMax) {
        return new LinkNode(name, cluster, UUID.randomUUID(), "test 1", List.of(), "", 0, minorMax);
    }

    /** Dials; returns the edge's view of the link with all connections. */
    public Link up() {
        dialer.start();
        LinkSettings.Connections wanted = settings.connections();
        Awaitility.await()
                .atMost(SOON)
                .until(() -> edge().filter(link -> link.figures().size() == wanted.control() + wanted.data())
                        .isPresent());
        return edge().orElseThrow();
    }

    Optional<Link> edge() {
        return acceptor.links().stream().findFirst();
    }

    static LinkStatus draining() {
        return new LinkStatus(true, false, 1_000, 0, 0);
    }

    @Override
    public void close() {
        dialer.stop();
        acceptor.stop();
        transport.close();
    }
}
