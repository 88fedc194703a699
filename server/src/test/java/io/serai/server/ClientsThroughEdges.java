package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Partners' clients outside, by the load balancer and two edges, at two servers inside. In the whole run the DMZ begins no
 * connection to the inside. Run by {@link EdgeNetworkIT} in a network namespace of its own.
 */
class ClientsThroughEdges implements ClientsContract {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static TestFolder folder;
    private static DividedNetwork network;
    private static EdgesBehindBalancer edges;
    private static Partner acme;

    @BeforeAll
    static void start() throws IOException {
        folder = new TestFolder("divided");
        network = new DividedNetwork();
        edges = new EdgesBehindBalancer(folder, network);
        acme = Partner.of(edges.cluster().server(0), folder, "acme").outside(network);
        await("the way in").atMost(LIMIT).until(() -> acme.sftp("ls /outbox\n").ok());
    }

    /** After everything else, for it speaks of the whole run. */
    @AfterAll
    static void theDmzBeganNothing() {
        try {
            assertThat(edges).as("the edges were started").isNotNull();
            expectPartnersAddresses();
            DividedNetwork.Crossings run = network.crossings();
            System.out.println("from the DMZ to the inside: " + run);
            assertThat(run.answers()).as("packets in answer").isGreaterThan(1_000);
            assertThat(run.connections()).as("connections that the DMZ began").isZero();
            assertThat(run.others()).as("other packets that the DMZ began").isZero();
            // That it would have been seen: the port is open for whoever stands inside.
            int sftp = edges.cluster().server(0).port("sftp");
            network.edge(0)
                    .run("timeout", "1", "bash", "-c", "exec 3<>/dev/tcp/" + DividedNetwork.INSIDE + "/" + sftp)
                    .expectFailure();
            assertThat(network.crossings().connections()).isPositive();
        } finally {
            if (edges != null) {
                edges.close();
            }
            if (network != null) {
                network.close();
            }
            folder.close();
        }
    }

    private static void expectPartnersAddresses() {
        List<JsonNode> rows = edges.cluster().server(0).transfers("party", "acme");
        assertThat(rows)
                .hasSizeGreaterThan(10)
                .allSatisfy(row -> assertThat(row.path("peer").asText()).startsWith(DividedNetwork.PARTNERS));
    }

    @Override
    public TestFolder folder() {
        return folder;
    }

    @Override
    public RunningServer server() {
        return edges.cluster().server(0);
    }

    @Override
    public Partner acme() {
        return acme;
    }

    @Test
    void serversAreRestartedOneByOneAndPartnersDoNotNotice() throws InterruptedException {
        Path file = folder.file("restarts", 20_000);
        AtomicBoolean ends = new AtomicBoolean();
        List<String> failed = new ArrayList<>();
        int[] uploads = {0};
        Thread load = new Thread(() -> {
            while (!ends.get()) {
                String name = "restart-" + uploads[0]++;
                Tool.Result result = uploads[0] % 2 == 0
                        ? acme.curlFtps("/outbox/" + name, "-T", file.toString())
                        : acme.sftp("put " + file + " /outbox/" + name + "\n");
                if (!result.ok()) {
                    failed.add(name + ": " + result.output());
                }
            }
        });
        load.start();
        try {
            for (ClusterOfServers.Node node : edges.cluster().nodes()) {
                node.server().end();
                node.server().awaitEnd();
                node.server().start();
                edges.awaitUp();
            }
        } finally {
            ends.set(true);
            load.join();
        }
        assertThat(failed).isEmpty();
        assertThat(uploads[0]).isGreaterThan(5);
        await("the ledger")
                .atMost(LIMIT)
                .untilAsserted(
                        () -> assertThat(server().transfers("kind", "upload", "state", "completed", "party", "acme"))
                                .filteredOn(row -> row.path("path").asText().startsWith("/outbox/restart-"))
                                .hasSize(uploads[0]));
    }
}
