package io.serai.edge.component;

import io.serai.config.object.Protocol;
import io.serai.edge.link.Breaking;
import io.serai.edge.link.CreditBudget;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkAcceptor;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkListener;
import io.serai.edge.link.LinkNode;
import io.serai.edge.link.LinkSettings;
import io.serai.edge.link.LinkSetup;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.relay.Patience;
import io.serai.edge.relay.RelayedPartners;
import io.serai.edge.relay.SessionEnder;
import io.serai.edge.relay.SessionMoves;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.LinkTls;
import io.serai.edge.tls.LinkTrust;
import io.serai.edge.tls.Pin;
import io.serai.endpoint.ActiveListeners;
import io.serai.endpoint.sftp.HostKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Collectors;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;

/** An edge in a Camel context of its own, with a listener of each protocol whose route ends at {@code relay:internal}. */
final class EdgeUnderTest implements AutoCloseable {
    static final LinkIdentity IDENTITY = LinkIdentity.make(LinkRole.EDGE, "edge-1", InstantSource.system());

    /** Short waits for a new connection, but a dead time that a busy machine does not reach. */
    static final LinkSettings SETTINGS = LinkSettings.standard()
            .with(new LinkSettings.Connections(
                    2,
                    2,
                    4,
                    Duration.ofSeconds(5),
                    Duration.ofMillis(50),
                    Duration.ofMillis(500),
                    Duration.ofHours(24),
                    1L << 40));

    static final Duration WITHOUT_A_SERVER = Duration.ofSeconds(4);

    private static final Patience PATIENCE =
            new Patience(Duration.ofSeconds(20), Duration.ofSeconds(30), Duration.ofSeconds(20));

    /** Host keys cost seconds of CPU; one set serves all tests of a JVM. */
    private static final class SharedKeys {
        static final HostKeys KEYS = make();

        private static HostKeys make() {
            try {
                return HostKeys.inFolder(Files.createTempDirectory("hostkeys"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    final LinkTransport transport = LinkTransport.start(SETTINGS, 2);
    final ExecutorService threads = Executors.newCachedThreadPool();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    final DefaultCamelContext camel = new DefaultCamelContext();
    final ActiveListeners listeners = new ActiveListeners(camel);
    final RelayedPartners partners;
    final LinkAcceptor acceptor;
    final InetSocketAddress inner;
    private final Path certificate;

    /**
     * @param folder for the listeners' certificate
     * @param servers the servers that may link to it
     */
    EdgeUnderTest(Path folder, Map<String, LinkIdentity> servers) throws Exception {
        certificate = folder.resolve("tls/chain.pem");
        partners = new RelayedPartners(
                tried -> acceptor().pick(tried),
                new SessionEnder(listeners::end, threads),
                PATIENCE,
                Optional.of(new SessionMoves(threads, clock, WITHOUT_A_SERVER)));
        Map<String, Set<Pin>> pins = servers.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, server -> Set.of(server.getValue().pin())));
        acceptor = new LinkAcceptor(setup(
                transport, LinkTls.of(LinkRole.EDGE, IDENTITY, LinkTrust.of(pins)), "edge-1", partners, partners));
        inner = acceptor.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        camel.getRegistry().bind("internal", partners);
        camel.getRegistry().bind("keys", SharedKeys.KEYS);
        camel.getShutdownStrategy().setTimeout(10);
        camel.addRoutes(routes(folder));
        camel.start();
    }

    private LinkAcceptor acceptor() {
        return acceptor;
    }

    /** Whether new sessions may go to that server. */
    boolean isTakenBy(String server) {
        return acceptor.links().stream().anyMatch(link -> link.peer().node().equals(server) && link.takesSessions());
    }

    static LinkSetup setup(
            LinkTransport transport, LinkTls tls, String node, LinkHandler handler, LinkListener listener) {
        return new LinkSetup(
                transport,
                tls,
                SETTINGS,
                new CreditBudget(64 << 20),
                new LinkNode(node, "test", UUID.randomUUID(), "test 1", List.of(), "", 0, LinkNode.MINOR_MAX),
                handler,
                listener,
                InstantSource.system());
    }

    private RouteBuilder routes(Path folder) {
        String tls = "&certificate=" + certificate + "&privateKey=" + folder.resolve("tls/key.pem");
        return new RouteBuilder() {
            @Override
            public void configure() {
                // A refusal is an answer here, not a failure of the route.
                errorHandler(noErrorHandler());
                from("sftp-server:sftp?port=0&hostKeySet=#keys").to("relay:internal");
                from("ftp-server:ftps?port=0&bindAddress=127.0.0.1&dataTimeout=5s" + tls)
                        .to("relay:internal");
                from("http-server:https?port=0&bindAddress=127.0.0.1" + tls).to("relay:internal");
            }
        };
    }

    int port(Protocol protocol) {
        return listeners.bound().stream()
                .filter(listener -> listener.protocol() == protocol)
                .findFirst()
                .orElseThrow()
                .address()
                .getPort();
    }

    /** The certificate that the listeners of FTPS and HTTPS made. */
    Path certificate() {
        return certificate;
    }

    /** Breaks all connections of all links at once; the servers dial again. */
    void breakLinks() {
        List<Link> all = acceptor.links();
        all.forEach(Breaking::all);
    }

    @Override
    public void close() {
        camel.stop();
        acceptor.stop();
        transport.close();
        clock.shutdownNow();
        threads.shutdownNow();
    }
}
