package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
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

    @Test
    void aSessionOfANodeThatDrainsGoesOn() throws IOException {
        Path file = folder.file("draining", 100_000);
        Path drains = folder.resolve("drains");
        Tool.Running session = acme.startLftpFtps("put " + file + " -o /outbox/before-drain; !while [ ! -e " + drains
                + " ]; do sleep 0.2; done\nput " + file + " -o /outbox/in-drain; cls /outbox; get /outbox/in-drain -o "
                + folder.resolve("drained"));
        String node = await("the first upload")
                .atMost(LIMIT)
                .until(() -> uploads("before-drain"), rows -> rows.size() == 1)
                .get(0)
                .path("node")
                .asText();
        RunningServer other = cluster.anyBut(node);
        other.admin().post("/api/v1/nodes/" + node + "/drain", null);
        try {
            await("the balancer has seen it at several checks")
                    .atMost(LIMIT)
                    .during(Duration.ofSeconds(4))
                    .until(() -> health(node) == 404);
            Files.createFile(drains);
            session.await(Tool.LIMIT).expectSuccess();
        } finally {
            Files.deleteIfExists(drains);
            session.kill();
            other.admin().post("/api/v1/nodes/" + node + "/undrain", null);
        }
        assertThat(folder.resolve("drained")).hasSameBinaryContentAs(file);
        assertThat(uploads("in-drain"))
                .singleElement()
                .satisfies(row -> assertThat(row.path("node").asText()).isEqualTo(node));
        await("it is back").atMost(LIMIT).until(() -> {
            acme.curlFtps("/outbox/undrained", "-m", "20", "-T", file.toString());
            return uploads("undrained").stream()
                    .anyMatch(row -> row.path("node").asText().equals(node));
        });
    }

    private static int health(String node) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(cluster.node(node).server().adminUrl() + "/observe/health/balancer")
                        .toURL()
                        .openConnection();
        try {
            return connection.getResponseCode();
        } finally {
            connection.disconnect();
        }
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
