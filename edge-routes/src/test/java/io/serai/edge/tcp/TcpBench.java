package io.serai.edge.tcp;

import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.awaitility.Awaitility.await;

import io.serai.edge.link.Link;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.link.TestLink;
import io.serai.edge.message.Method;
import io.serai.endpoint.handover.Echoes;
import io.serai.endpoint.handover.HandoverListener;
import io.serai.endpoint.proxy.TrustedBalancers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A server and an edge with all that carries TCP connections, real sockets at both ends, and names that a test invents. */
final class TcpBench implements AutoCloseable {
    static final TcpLimits LIMITS =
            new TcpLimits(Duration.ofSeconds(3), Duration.ofSeconds(20), Duration.ofSeconds(10), 50);
    /** A listener that fails to say where it is. */
    static final String BROKEN = "broken";

    static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    final Map<String, InetAddress[]> names = new ConcurrentHashMap<>();
    final List<String> asked = new CopyOnWriteArrayList<>();
    final Map<String, HandoverListener> listeners = new ConcurrentHashMap<>();
    final LinkTransport sockets;
    final ExecutorService workers = Executors.newFixedThreadPool(2);
    final Optional<RawArrivals> raw;
    /** How the bytes of passed-through connections come. */
    enum Carrier {
        RAW,
        /** Where native epoll does not load. */
        RAW_NIO,
        /** To a listener that reads and writes on an event loop. */
        RAW_TO_LOOP,
        LINK;

        Echoes echoes() {
            return this == RAW_TO_LOOP ? Echoes.onLoop() : new Echoes();
        }
    }

    private final RawDialer dialer = new RawDialer();
    final OutboundService outbound;
    final PassThroughService passThrough;
    final SocksFront front;
    final InetSocketAddress proxy;
    final TestLink test;
    final Link edge;

    /** With connections that are passed through over the link. */
    TcpBench(TcpLimits limits, Optional<SocksFront.Login> login, String... rules) {
        this(Carrier.LINK, limits, login, rules);
    }

    TcpBench(Carrier carrier, TcpLimits limits, Optional<SocksFront.Login> login, String... rules) {
        LinkTransport.Sockets kind =
                carrier == Carrier.RAW_NIO ? LinkTransport.Sockets.NIO : LinkTransport.Sockets.EPOLL;
        sockets = LinkTransport.start(QUICK, 2, kind);
        raw = carrier == Carrier.LINK ? Optional.empty() : Optional.of(new RawArrivals(limits.connectWithin()));
        OutboundConnector connector = new OutboundConnector(
                sockets, Destinations.of(List.of(rules)), this::resolve, workers, limits.connectWithin());
        outbound = new OutboundService(connector, limits);
        passThrough = new PassThroughService(
                (edge, accepted) -> {
                    if (accepted.listener().equals(BROKEN)) {
                        throw new IllegalStateException("it is just being closed");
                    }
                    return Optional.ofNullable(listeners.get(accepted.listener()));
                },
                limits,
                Optional.of(dialer));
        test = new TestLink(
                QUICK,
                new StreamSwitch(Map.of(Method.TCP_ACCEPTED, passThrough), new TestLink.Refusing()),
                new StreamSwitch(Map.of(Method.TCP_CONNECT, outbound), new TestLink.Refusing()),
                raw.map(arrivals -> arrivals::front),
                kind);
        edge = test.up();
        await().atMost(SOON).until(() -> !test.serverEar.up.isEmpty());
        // As a server has it: the edge's limit is the one that counts.
        TcpLimits patient = new TcpLimits(limits.connectWithin(), LIMITS.idle(), LIMITS.halfClosed(), limits.most());
        front = new SocksFront(sockets, new LinkOutbound(this::server, limits), patient, login);
        proxy = front.start(new InetSocketAddress(LOOPBACK, 0));
    }

    TcpRelays relays() {
        return new TcpRelays(sockets, tried -> test.acceptor.pick(tried), raw);
    }

    /** One of the edge's, not started. */
    PassThroughListener listener(String name) {
        return new PassThroughListener(
                relays(), name, new TrustedBalancers(List.of()), PassThroughListener.Gatekeeper.OPEN, LIMITS);
    }

    /** The server's view of the link. */
    Optional<Link> server(Set<Link> butNot) {
        return test.serverEar.up.stream()
                .filter(link -> link.isUsable() && !butNot.contains(link))
                .findFirst();
    }

    private InetAddress[] resolve(String name) throws UnknownHostException {
        asked.add(name);
        InetAddress[] found = names.get(name);
        if (found == null) {
            throw new UnknownHostException(name);
        }
        return found;
    }

    /** A socket that is connected through the proxy, by Java's own SOCKS client. */
    Socket connect(String host, int port) throws IOException {
        Socket socket = new Socket(new Proxy(Proxy.Type.SOCKS, proxy));
        socket.setSoTimeout(10_000);
        socket.connect(InetSocketAddress.createUnresolved(host, port), 10_000);
        return socket;
    }

    /** A socket that belongs to others of the same way, as those of a server's sites do. */
    Socket connect(String host, int port, OneWay way) throws IOException {
        Socket socket = new Socket(new Proxy(Proxy.Type.SOCKS, proxy));
        socket.setSoTimeout(10_000);
        socket.bind(new InetSocketAddress(LOOPBACK, 0));
        front.belongs(socket.getLocalPort(), way);
        socket.connect(InetSocketAddress.createUnresolved(host, port), 10_000);
        return socket;
    }

    /** Serves one connection after the other, each on a thread of its own. */
    interface Peer {
        void serve(Socket socket) throws IOException;
    }

    static ServerSocket listen(InetAddress at, Peer peer) throws IOException {
        ServerSocket listening = new ServerSocket(0, 50, at);
        start(() -> {
            while (!listening.isClosed()) {
                Socket socket = listening.accept();
                start(() -> peer.serve(socket));
            }
        });
        return listening;
    }

    /** May fail. */
    interface Action {
        void run() throws Exception;
    }

    static Thread start(Action action) {
        Thread thread = new Thread(() -> {
            try {
                action.run();
            } catch (Exception e) {
                // The test sees it at the other end.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    void awaitNothingLeft() {
        await().atMost(SOON)
                .until(() -> outbound.connections() == 0
                        && front.connections() == 0
                        && passThrough.connections() == 0
                        && raw.map(RawArrivals::waitedFor).orElse(0) == 0
                        && test.serverBudget.takenBytes() == 0
                        && test.edgeBudget.takenBytes() == 0);
    }

    @Override
    public void close() {
        front.stop();
        test.close();
        dialer.close();
        sockets.close();
        workers.shutdownNow();
    }
}
