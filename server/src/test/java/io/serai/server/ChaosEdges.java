package io.serai.server;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Two edges in front of the servers of a balancer, and HAProxy in front of the edges, with the configuration that is shipped. */
final class ChaosEdges implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(90);

    private final Balancer servers;
    private final List<EdgeProcess> edges = new ArrayList<>();
    private Tool.Running process;

    /** Enrols the edges; returns when every server has both of them and partners get in. */
    ChaosEdges(TestFolder folder, Balancer servers, ClusterOfServers cluster) {
        this.servers = servers;
        try {
            RunningServer server = cluster.server(0);
            for (int i = 0; i < 2; i++) {
                String link = servers.edge(i) + ":7443";
                String name = "edge" + (i + 1);
                server.apply(Map.of("zone-" + name + ".yaml", zone(name, i)));
                EdgeProcess edge = new EdgeProcess(folder.resolve(name), link);
                edges.add(edge);
                edge.start(server.admin()
                        .post("/api/v1/edges/" + name + "/enrolment", Map.of("valid", "10m"))
                        .path("code")
                        .asText());
            }
            for (ClusterOfServers.Node node : cluster.nodes()) {
                awaitUp(node);
            }
            process = balance(folder);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** Each edge has a zone of its own, for on one machine they differ in their addresses only. */
    private String zone(String name, int index) {
        StringBuilder text = new StringBuilder("""
                kind: Zone
                name: zone-%s
                spec:
                  edges:
                    - name: %s
                      addresses: ["%s:7443"]
                      publicAddress: %s
                      passivePorts: %d-%d
                  listeners:
                """.formatted(
                name, name, servers.edge(index), servers.edgesAddress(), 50000 + 100 * index, 50099 + 100 * index));
        for (String listener : List.of("sftp, port: 2222", "ftps, port: 2121")) {
            text.append("    - {name: %s-%s, address: %s, protocol: %s, proxyProtocolFrom: [127.0.0.0/8]}\n"
                    .formatted(listener.substring(0, 4), name, servers.edge(index), listener));
        }
        return text.toString();
    }

    private void awaitUp(ClusterOfServers.Node node) {
        await("the edges at " + node.name()).atMost(LIMIT).untilAsserted(() -> {
            JsonNode all = node.server().admin().get("/api/v1/edges").path("edges");
            for (int i = 0; i < 2; i++) {
                if (!all.path(i).path("state").asText().equals("up")) {
                    throw new AssertionError(all + "\n" + edges.get(i).printed());
                }
            }
        });
    }

    private Tool.Running balance(TestFolder folder) {
        try (InputStream shipped = getClass().getResourceAsStream("/examples/haproxy-edges.cfg")) {
            String text = new String(shipped.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("192.0.2.11", servers.edge(0))
                    .replace("192.0.2.12", servers.edge(1))
                    .replaceAll("(?s)listen (ftps-implicit|https)\n.*?(\n\n|$)", "")
                    .replace("bind :22\n", "bind :2222\n")
                    .replace("bind :21\n", "bind :2121\n")
                    .replace("bind :", "bind " + servers.edgesAddress() + ":");
            Path config = Files.writeString(folder.resolve("haproxy-edges.cfg"), text);
            String program = DividedNetwork.program("haproxy");
            Tool.run(program, "-c", "-f", config.toString()).expectSuccess();
            return Tool.start(program, "-db", "-f", config.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    EdgeProcess get(int index) {
        return edges.get(index);
    }

    /** What they printed last, for the description of a failure. */
    String printed() {
        StringBuilder text = new StringBuilder();
        edges.forEach(edge -> text.append(edge.printed()));
        return text.toString();
    }

    @Override
    public void close() {
        if (process != null) {
            process.kill();
        }
        edges.forEach(EdgeProcess::thaw);
        edges.forEach(EdgeProcess::close);
    }
}
