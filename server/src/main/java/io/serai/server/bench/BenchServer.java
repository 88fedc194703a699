package io.serai.server.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import io.serai.server.client.ServerProcess;
import io.serai.server.node.NodeFile;
import java.util.List;
import java.util.Map;

/** The servers that the benchmarks start: how, and what is told to them. */
final class BenchServer {
    static final List<String> JAVA = List.of("-Xmx512m", "-XX:MaxDirectMemorySize=256m");
    static final Map<String, String> SETTINGS = ServerProcess.LOOPBACK;

    private BenchServer() {}

    static int port(NodeFile node, String protocol) {
        return listener(node, protocol).port();
    }

    static NodeFile.Listener listener(NodeFile node, String protocol) {
        return node.listeners().stream()
                .filter(listener -> listener.protocol().equals(protocol))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no listener for " + protocol));
    }

    static JsonNode apply(AdminClient admin, String document) {
        return apply(admin, "bench.yaml", document);
    }

    static JsonNode apply(AdminClient admin, String name, String document) {
        return admin.post(
                "/api/v1/apply",
                Map.of(
                        "documents",
                        List.of(Map.of("name", name, "text", document)),
                        "secrets",
                        Map.of(),
                        "dryRun",
                        false));
    }
}
