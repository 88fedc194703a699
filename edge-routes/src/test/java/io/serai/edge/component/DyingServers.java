package io.serai.edge.component;

import static org.awaitility.Awaitility.await;

import io.serai.edge.ticket.SessionTickets;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.endpoint.InMemoryAccount;
import io.serai.endpoint.InMemoryPartners;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** An edge with one server, and a second one when a test wants it; both know the same account and its sessions. */
abstract class DyingServers {
    static final Duration SOON = Duration.ofSeconds(20);
    static final LinkIdentity NODE_1 = LinkIdentity.make(LinkRole.SERVER, "node-1", InstantSource.system());
    private static final LinkIdentity NODE_2 = LinkIdentity.make(LinkRole.SERVER, "node-2", InstantSource.system());

    @TempDir
    Path folder;

    @TempDir
    Path storage;

    private final Optional<SessionTickets> tickets = Optional.of(
            new SessionTickets(new byte[SessionTickets.KEY_BYTES], Duration.ofHours(1), InstantSource.system()));
    final List<ServerUnderTest> servers = new ArrayList<>();
    InMemoryPartners atFirst;
    InMemoryPartners atSecond;
    InMemoryAccount acme;
    EdgeUnderTest edge;
    ServerUnderTest first;

    @BeforeEach
    void startFirst() throws Exception {
        atFirst = new InMemoryPartners(storage).addAccount("acme", "open-sesame");
        atSecond = new InMemoryPartners(atFirst);
        acme = atFirst.account("acme");
        edge = new EdgeUnderTest(folder, Map.of("node-1", NODE_1, "node-2", NODE_2));
        first = server("node-1", NODE_1, atFirst);
    }

    @AfterEach
    void stopAll() {
        servers.forEach(ServerUnderTest::close);
        edge.close();
    }

    ServerUnderTest server(String name, LinkIdentity identity, InMemoryPartners partners) throws Exception {
        ServerUnderTest server = new ServerUnderTest(name, identity, edge, partners, tickets);
        servers.add(server);
        await().atMost(SOON).until(() -> server.isLinked() && edge.isTakenBy(name));
        return server;
    }

    ServerUnderTest second() throws Exception {
        return server("node-2", NODE_2, atSecond);
    }

    /** A second server that takes nothing yet, so that the sessions are at the first one. */
    ServerUnderTest inReserve() throws Exception {
        ServerUnderTest server = new ServerUnderTest("node-2", NODE_2, edge, atSecond, tickets);
        server.service.drain();
        servers.add(server);
        await().atMost(SOON)
                .until(() -> server.isLinked() && edge.acceptor.links().size() == 2);
        return server;
    }
}
