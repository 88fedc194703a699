package io.serai.server.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.server.client.AdminClient;
import io.serai.server.client.ServerProcess;
import io.serai.server.node.NodeFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One of the demo's servers, through its admin API. */
final class DemoServer {
    private static final Duration START_LIMIT = Duration.ofMinutes(2);

    private final NodeFile node;
    private final AdminClient admin;
    private final Path home;

    private DemoServer(NodeFile node, AdminClient admin, Path home) {
        this.node = node;
        this.admin = admin;
        this.home = home;
    }

    static DemoServer of(ServerProcess process) {
        NodeFile node = process.awaitUp(START_LIMIT);
        return new DemoServer(node, AdminClient.of(process.home(), Map.of()), process.home());
    }

    Path home() {
        return home;
    }

    AdminClient admin() {
        return admin;
    }

    int port(String protocol) {
        return listener(protocol).port();
    }

    /** What the listener presents, as its own server says. */
    Set<String> fingerprints(String protocol) {
        return Set.copyOf(listener(protocol).fingerprints());
    }

    Login login(String protocol, String account, String password) {
        return new Login("127.0.0.1", port(protocol), account, password, fingerprints(protocol));
    }

    void apply(Map<String, String> documents) {
        List<Map<String, String>> files = documents.entrySet().stream()
                .map(entry -> Map.of("name", entry.getKey(), "text", entry.getValue()))
                .toList();
        admin.post("/api/v1/apply", Map.of("documents", files, "secrets", Map.of(), "dryRun", false));
    }

    /** Trusts what the site presents now, if it is one of these. */
    void trust(String site, Set<String> expected) {
        JsonNode identities =
                admin.post("/api/v1/sites/" + site + "/probe", null).path("identities");
        Set<String> presented = new LinkedHashSet<>();
        identities.forEach(
                identity -> presented.add(identity.path("fingerprint").asText()));
        String fingerprint = presented.stream()
                .filter(expected::contains)
                .findFirst()
                .orElseThrow(() -> new SeraiException(
                        ErrorCode.SITE_UNTRUSTED,
                        "Site " + site + " presents " + presented + ", its server says " + expected));
        admin.post("/api/v1/sites/" + site + "/trust", Map.of("fingerprint", fingerprint));
    }

    private NodeFile.Listener listener(String protocol) {
        return node.listeners().stream()
                .filter(listener -> listener.protocol().equals(protocol))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no listener for " + protocol));
    }
}
