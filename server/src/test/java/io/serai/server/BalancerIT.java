package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Partners come to three nodes by HAProxy with the configuration that is shipped. */
@Tag("paired")
class BalancerIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static TestFolder folder;
    private static Balancer balancer;
    private static ClusterOfServers cluster;
    private static Partner acme;

    @BeforeAll
    static void start() {
        folder = new TestFolder("balancer");
        balancer = new Balancer(folder);
        cluster = ClusterOfServers.start(folder, 3, Map.of(), balancer::settings);
        balancer.start();
        acme = Partner.of(cluster.server(0), folder, "acme").by(balancer);
    }

    @AfterAll
    static void stop() {
        balancer.close();
        cluster.close();
        folder.close();
    }

    private static List<JsonNode> uploads(String name) {
        return cluster.server(1).transfers("kind", "upload", "state", "completed", "name", name);
    }

    private static void expectUpload(String name, Path file) {
        assertThat(TestFolder.sha256(cluster.file("acme", "/outbox/" + name))).isEqualTo(TestFolder.sha256(file));
        JsonNode transfer = await(name)
                .atMost(LIMIT)
                .until(() -> uploads(name), rows -> rows.size() == 1)
                .get(0);
        assertThat(transfer.path("peer").asText()).as("the client's address").startsWith("127.0.0.1");
    }

    @Test
    void everyProtocolGetsThrough() {
        Path file = folder.file("file", 300_000);
        acme.sftp("put " + file + " /outbox/by-sftp\n").expectSuccess();
        acme.curlFtps("/outbox/by-ftps", "-T", file.toString()).expectSuccess();
        acme.curlFtps("/outbox/by-pasv", "--disable-epsv", "-T", file.toString())
                .expectSuccess();
        acme.curlFtpsImplicit("/outbox/by-implicit", "-T", file.toString()).expectSuccess();
        acme.lftpFtps("put " + file + " -o /outbox/by-lftp").expectSuccess();
        acme.curlHttps("/outbox/by-https", "-T", file.toString()).expectSuccess();
        for (String name : List.of("by-sftp", "by-ftps", "by-pasv", "by-implicit", "by-lftp", "by-https")) {
            expectUpload(name, file);
        }
    }

    @Test
    void sessionsSpreadOverTheNodes() {
        Path file = folder.file("small", 1_000);
        for (int i = 0; i < 9; i++) {
            acme.curlFtps("/outbox/spread-" + i, "-T", file.toString()).expectSuccess();
        }
        Set<String> nodes = cluster.server(0).transfers("kind", "upload", "state", "completed").stream()
                .map(row -> row.path("node").asText())
                .collect(Collectors.toSet());
        assertThat(nodes).containsExactlyInAnyOrder("a", "b", "c");
    }

    @Test
    void nobodyGetsPastTheBalancer() {
        Tool.run(
                        "curl",
                        "-sS",
                        "-k",
                        "-m",
                        "10",
                        "https://" + balancer.settings(0).get("https.bind-address") + ":8443/")
                .expectFailure();
    }

    @Test
    void aFrozenNodeIsLeftOutAndComesBack() {
        Path file = folder.file("frozen", 1_000);
        cluster.node("b").server().freeze();
        try {
            await("the balancer leaves it out").atMost(LIMIT).until(() -> allArrive(file, "during-"));
        } finally {
            cluster.node("b").server().thaw();
        }
        await("it is back").atMost(LIMIT).until(() -> {
            acme.curlFtps("/outbox/back", "-m", "20", "-T", file.toString());
            return cluster.server(0).transfers("kind", "upload", "state", "completed", "name", "back").stream()
                    .anyMatch(row -> row.path("node").asText().equals("b"));
        });
    }

    private static boolean allArrive(Path file, String prefix) {
        for (int i = 0; i < 6; i++) {
            if (!acme.curlFtps("/outbox/" + prefix + i, "-m", "5", "-T", file.toString())
                    .ok()) {
                return false;
            }
        }
        return true;
    }
}
