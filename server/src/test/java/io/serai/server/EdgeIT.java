package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two real servers and a real edge: a machine becomes one by a code, partners work through it, and it keeps nothing. */
@Tag("paired")
class EdgeIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);

    @Test
    void partnersWorkThroughAnEdgeThatKeepsNothing() throws Exception {
        int link = ClusterDatabase.freePort();
        int sftp = ClusterDatabase.freePort();
        try (TestFolder folder = new TestFolder("edge");
                ClusterOfServers cluster = ClusterOfServers.start(folder, 2, Map.of());
                EdgeProcess edge = new EdgeProcess(folder.resolve("edge1"), "127.0.0.1:" + link)) {
            RunningServer a = cluster.server(0);
            RunningServer b = cluster.server(1);
            a.apply(Map.of("zone.yaml", zone(link, sftp)));
            JsonNode begun = a.admin().post("/api/v1/edges/edge1/enrolment", Map.of("valid", "10m"));
            edge.start(begun.path("code").asText());
            for (RunningServer server : List.of(a, b)) {
                await("the edge at its servers; " + edge.log()).atMost(LIMIT).until(() -> isUp(server));
            }
            await("the listener").atMost(LIMIT).until(() -> listens(sftp));

            Partner acme = Partner.of(a, folder, "acme");
            Path big = Files.write(folder.resolve("big.bin"), new byte[3 << 20]);
            Path secret = Files.writeString(folder.resolve("secret.txt"), "the partner's own words");
            sftp(acme, sftp, "put " + big + " /outbox/big.bin\nput " + secret + " /outbox/secret.txt\n");
            assertThat(a.file("acme", "/outbox/big.bin")).hasSameBinaryContentAs(big);
            sftp(acme, sftp, "get /outbox/secret.txt " + folder.resolve("back.txt") + "\n");
            assertThat(folder.resolve("back.txt")).hasSameBinaryContentAs(secret);

            a.end();
            a.awaitEnd();
            await("a session by the other server").atMost(LIMIT).untilAsserted(() -> sftp(acme, sftp, "ls /outbox\n"));

            edge.close();
            assertThat(listens(sftp)).isFalse();
            assertThat(kept(edge.home())).containsExactlyInAnyOrder("keys/link.pem", "keys/servers");
            assertThat(Files.readString(edge.log(), StandardCharsets.UTF_8))
                    .doesNotContain("the partner's own words", Partner.PASSWORD);
            edge.start("");
            await("the edge again").atMost(LIMIT).until(() -> isUp(b) && listens(sftp));
            sftp(acme, sftp, "ls /outbox\n");
        }
    }

    private static String zone(int link, int sftp) {
        return """
                kind: Zone
                name: dmz
                spec:
                  edges:
                    - name: edge1
                      addresses: ["127.0.0.1:%d"]
                  listeners:
                    - name: sftp-dmz
                      protocol: sftp
                      address: 127.0.0.1
                      port: %d
                """.formatted(link, sftp);
    }

    private static boolean isUp(RunningServer server) {
        JsonNode edge = server.admin().get("/api/v1/edges").path("edges").path(0);
        return edge.path("state").asText().equals("up")
                && edge.path("configuration").asText().length() == 64
                && !edge.path("drift").asBoolean();
    }

    private static void sftp(Partner partner, int port, String batch) {
        partner.startSftpAt(port, batch).await(Tool.LIMIT).expectSuccess();
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static List<String> kept(Path home) throws IOException {
        try (Stream<Path> files = Files.walk(home)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> home.relativize(file).toString())
                    .toList();
        }
    }
}
