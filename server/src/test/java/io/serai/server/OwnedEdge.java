package io.serai.server;

import static org.awaitility.Awaitility.await;

import io.serai.edge.enrol.Enrollee;
import io.serai.edge.enrol.EnrolmentCode;
import io.serai.edge.home.EdgeHome;
import io.serai.edge.home.KnownServers;
import io.serai.edge.link.CreditBudget;
import io.serai.edge.link.IncomingRequest;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkAcceptor;
import io.serai.edge.link.LinkHandler;
import io.serai.edge.link.LinkListener;
import io.serai.edge.link.LinkNode;
import io.serai.edge.link.LinkSettings;
import io.serai.edge.link.LinkSetup;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.message.Status;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.LinkTls;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** An edge with a key of its own that is enrolled as others are, and asks its servers whatever a test wants. */
final class OwnedEdge implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final LinkTransport transport;
    private final LinkAcceptor acceptor;

    /** Nothing that a server asks is answered, and nothing that it says is heard. */
    private static final class Deaf implements LinkHandler, LinkListener {
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

        @Override
        public void up(Link link) {}

        @Override
        public void changed(Link link) {}

        @Override
        public void lost(Link link, String why) {}

        @Override
        public void violation(String peer, String what) {}
    }

    /** @param software what it says of itself */
    OwnedEdge(RunningServer server, String name, int port, Path folder, String software) throws InterruptedException {
        String code = server.admin()
                .post("/api/v1/edges/" + name + "/enrolment", Map.of("valid", "10m"))
                .path("code")
                .asText();
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", port);
        EdgeHome home = new EdgeHome(folder);
        try (Enrollee enrollee = new Enrollee(
                home.identity(), EnrolmentCode.parse(code), address, Enrollee.Limits.STANDARD, home::keep)) {
            enrollee.await();
        }
        KnownServers servers = new KnownServers(home);
        LinkSettings settings = LinkSettings.standard();
        Deaf deaf = new Deaf();
        transport = LinkTransport.start(settings, 2);
        acceptor = new LinkAcceptor(new LinkSetup(
                transport,
                LinkTls.of(LinkRole.EDGE, home.identity(), servers),
                settings,
                new CreditBudget(settings.flow().budgetBytes()),
                new LinkNode(
                        servers.edge(),
                        servers.cluster(),
                        UUID.randomUUID(),
                        software,
                        List.of(),
                        "",
                        LinkNode.MINOR_MIN,
                        LinkNode.MINOR_MAX),
                deaf,
                deaf,
                InstantSource.system()));
        acceptor.start(address);
    }

    /** Its link to the server. */
    Link link() {
        await("the server at the edge")
                .atMost(LIMIT)
                .until(() -> !acceptor.links().isEmpty());
        return acceptor.links().get(0);
    }

    @Override
    public void close() {
        acceptor.stop();
        transport.close();
    }
}
