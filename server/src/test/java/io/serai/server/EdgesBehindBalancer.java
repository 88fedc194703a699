package io.serai.server;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Two servers inside, two edges in the DMZ that were enrolled by codes, and the load balancer as it is shipped. */
final class EdgesBehindBalancer implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(90);

    private final ClusterOfServers cluster;
    private final List<EdgeProcess> edges = new ArrayList<>();
    private Tool.Running balancer;

    /** Starts all; returns when partners get in. */
    EdgesBehindBalancer(TestFolder folder, DividedNetwork network) {
        cluster = ClusterOfServers.start(folder, 2, Map.of("tls.host-names", "localhost," + DividedNetwork.BALANCER));
        try {
            cluster.server(0).apply(Map.of("zone.yaml", zone()));
            for (int i = 0; i < 2; i++) {
                String name = "edge" + (i + 1);
                EdgeProcess edge = new EdgeProcess(
                        folder.resolve(name),
                        "10.20.0." + (11 + i) + ":7443",
                        network.edge(i).launcher());
                edges.add(edge);
                edge.start(cluster.server(0)
                        .admin()
                        .post("/api/v1/edges/" + name + "/enrolment", Map.of("valid", "10m"))
                        .path("code")
                        .asText());
            }
            balancer = balancer(folder, network);
            awaitUp();
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private static String zone() {
        StringBuilder text = new StringBuilder("""
                kind: Zone
                name: dmz
                spec:
                  edges:
                    - name: edge1
                      addresses: ["10.20.0.11:7443"]
                      publicAddress: %s
                      passivePorts: 50000-50099
                    - name: edge2
                      addresses: ["10.20.0.12:7443"]
                      publicAddress: %s
                      passivePorts: 50100-50199
                  listeners:
                """.formatted(DividedNetwork.BALANCER, DividedNetwork.BALANCER));
        List.of(
                        "name: sftp, protocol: sftp, port: 2222",
                        "name: ftps, protocol: ftps, port: 2121",
                        "name: ftps-implicit, protocol: ftps, tls: implicit, port: 2990",
                        "name: https, protocol: https, port: 8443")
                .forEach(listener ->
                        text.append("    - {").append(listener).append(", proxyProtocolFrom: [192.0.2.5]}\n"));
        return text.toString();
    }

    private static Tool.Running balancer(TestFolder folder, DividedNetwork network) {
        Path config = folder.resolve("haproxy-edges.cfg");
        try (InputStream shipped = EdgesBehindBalancer.class.getResourceAsStream("/examples/haproxy-edges.cfg")) {
            Files.write(config, shipped.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> command = new ArrayList<>(network.balancer().launcher());
        command.addAll(List.of(DividedNetwork.program("haproxy"), "-db", "-f", config.toString()));
        return Tool.start(command.toArray(String[]::new));
    }

    /** Each server has both edges with the configuration in force. */
    void awaitUp() {
        for (ClusterOfServers.Node node : cluster.nodes()) {
            await("the edges at " + node.name()).atMost(LIMIT).untilAsserted(() -> {
                JsonNode all = node.server().admin().get("/api/v1/edges").path("edges");
                if (!isUp(all.path(0)) || !isUp(all.path(1))) {
                    throw new AssertionError(
                            all + "\n" + edges.get(0).printed() + edges.get(1).printed());
                }
            });
        }
    }

    private static boolean isUp(JsonNode edge) {
        return edge.path("state").asText().equals("up")
                && edge.path("configuration").asText().length() == 64
                && !edge.path("drift").asBoolean();
    }

    ClusterOfServers cluster() {
        return cluster;
    }

    EdgeProcess edge(int index) {
        return edges.get(index);
    }

    @Override
    public void close() {
        if (balancer != null) {
            balancer.kill();
        }
        edges.forEach(EdgeProcess::close);
        cluster.close();
    }
}
