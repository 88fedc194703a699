package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the cluster's configuration says of one node holds for that node, from its next start on, and for no other. */
@Tag("paired")
class NodeOverlayIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    void aNodeTakesItsOwnSettingsAtItsStartAndNoOtherNodeDoes() {
        try (TestFolder folder = new TestFolder("node-overlay");
                ClusterOfServers cluster = ClusterOfServers.empty(folder, Map.of())) {
            RunningServer a = cluster.add(Map.of()).server();
            a.start();
            int port = ClusterDatabase.freePort();
            applyTo("b", a, "sftp.bind-address=127.0.0.2, sftp.port=" + port + ", node.capacity=3, node.labels=big");
            RunningServer b = cluster.add(
                            Map.of("sftp.port", RunningServer.NOT_GIVEN, "sftp.bind-address", RunningServer.NOT_GIVEN))
                    .server();
            b.start();

            assertThat(node(a, "b").path("capacity").asInt()).isEqualTo(3);
            assertThat(node(a, "b").path("labels").toString()).isEqualTo("[\"big\"]");
            assertThat(node(b, "a").path("capacity").asInt()).isEqualTo(16);
            assertThat(node(b, "a").path("labels")).isEmpty();
            assertThat(b.port("sftp")).isEqualTo(port);
            assertThat(listens("127.0.0.2", port)).isTrue();
            assertThat(listens("127.0.0.1", port)).isFalse();
            assertThat(a.port("sftp")).isNotEqualTo(port);
            assertThat(restartNeeded(b)).isFalse();

            applyTo("b", a, "node.capacity=5, sftp.bind-address=127.0.0.1, sftp.port=" + port);
            await("the change on b").atMost(LIMIT).until(() -> restartNeeded(b));
            assertThat(restartNeeded(a)).isFalse();
            assertThat(node(a, "b").path("capacity").asInt())
                    .as("not before its next start")
                    .isEqualTo(3);
            b.restart();
            assertThat(restartNeeded(b)).isFalse();
            assertThat(node(a, "b").path("capacity").asInt()).isEqualTo(5);
            assertThat(node(a, "b").path("labels")).isEmpty();
            assertThat(listens("127.0.0.1", port)).isTrue();

            a.admin().post("/api/v1/objects/node/b/rollback", Map.of("version", 1));
            await("the rollback on b").atMost(LIMIT).until(() -> restartNeeded(b));

            assertThatThrownBy(() -> applyTo("b", a, "sftp.prot=1"))
                    .hasMessageContaining("node.yaml:4:")
                    .hasMessageContaining("spec.settings[0]")
                    .hasMessageContaining("sftp.prot is not a setting; did you mean \"sftp.port\"");
            assertThatThrownBy(() -> applyTo("b", a, "node.capacity=0"))
                    .hasMessageContaining("spec.settings[0]")
                    .hasMessageContaining("node.capacity");
            saysWhatKeepsItFromStarting(a, b);
        }
    }

    /** An address that the machine does not have is right as a setting; only the node finds out. */
    private static void saysWhatKeepsItFromStarting(RunningServer a, RunningServer b) {
        applyTo("b", a, "sftp.bind-address=192.0.2.77, sftp.port=0");
        b.end();
        b.awaitEnd();
        assertThatThrownBy(b::start).hasMessageContaining("192.0.2.77");
        applyTo("b", a, "sftp.bind-address=127.0.0.1, sftp.port=0");
        b.start();
        assertThat(node(a, "b").path("live").asBoolean()).isTrue();
    }

    private static void applyTo(String node, RunningServer by, String settings) {
        by.apply(Map.of("node.yaml", "kind: Node\nname: " + node + "\nspec:\n  settings: [" + settings + "]\n"));
    }

    private static boolean restartNeeded(RunningServer server) {
        return server.admin().get("/api/v1/status").path("restartNeeded").asBoolean();
    }

    private static JsonNode node(RunningServer asked, String name) {
        for (JsonNode node : asked.admin().get("/api/v1/nodes").path("nodes")) {
            if (node.path("name").asText().equals(name)) {
                return node;
            }
        }
        throw new AssertionError("no node " + name);
    }

    private static boolean listens(String address, int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, port), 2000);
            return true;
        } catch (java.net.ConnectException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
