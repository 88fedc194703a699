package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Two real servers: what is changed on one is in force on the other at once, all of it or nothing. */
class SharedConfigurationIT {
    @Test
    void aChangeIsInForceOnAllNodesOrOnNone() {
        try (TestFolder folder = new TestFolder("shared-configuration");
                ClusterOfServers cluster = ClusterOfServers.start(folder, 2, Map.of())) {
            RunningServer one = cluster.server(0);
            RunningServer two = cluster.server(1);
            assertThat(fingerprints(two)).isEqualTo(fingerprints(one)).isNotEmpty();

            JsonNode applied = one.admin().post("/api/v1/apply", document("tick.yaml", route("first")));
            assertThat(applied.path("nodes"))
                    .hasSize(2)
                    .allMatch(node -> node.path("inForce").asBoolean());
            assertThat(routes(two)).contains("tick");

            two.admin().post("/api/v1/apply", document("tick.yaml", route("second")));
            one.admin().post("/api/v1/objects/route/tick/rollback", Map.of("version", 1));
            assertThat(two.admin()
                            .get("/api/v1/objects/route/tick")
                            .path("yaml")
                            .asText())
                    .contains("first");
            assertThat(two.admin().get("/api/v1/objects/route/tick/history").path("versions"))
                    .hasSize(3);

            List<Long> millis = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                millis.add(accountArrives(one, two, "text " + i));
            }
            Collections.sort(millis);
            System.out.println("A changed account was in force on the other node after (ms): " + millis);
            assertThat(millis.get(millis.size() - 1)).isLessThan(1000);

            ClusterOfServers.Node bare = cluster.add(Map.of("cache.enabled", "false"));
            bare.server().start();
            assertThatThrownBy(() -> one.admin().post("/api/v1/apply", document("guard.yaml", GUARD)))
                    .hasMessageContaining("c: ")
                    .hasMessageContaining("This node has no caches");
            for (RunningServer server : List.of(one, two, bare.server())) {
                await().atMost(Duration.ofSeconds(2))
                        .until(() -> !routes(server).contains("guard"));
            }
            bare.server().end();
            bare.server().awaitEnd();
            one.admin().post("/api/v1/apply", document("guard.yaml", GUARD));
            assertThat(routes(two)).contains("guard");
        }
    }

    /** From the moment that the change is asked for on one node until it is seen on the other. */
    private static long accountArrives(RunningServer one, RunningServer two, String description) {
        String account = "kind: Account\nname: acme\nspec:\n  description: " + description
                + "\n  publicKeys: []\n  protocols: [sftp]\n";
        long began = System.nanoTime();
        one.admin().post("/api/v1/apply", document("acme.yaml", account));
        while (!two.admin()
                .get("/api/v1/objects/account/acme")
                .path("yaml")
                .asText()
                .contains(description)) {
            Thread.onSpinWait();
        }
        return Duration.ofNanos(System.nanoTime() - began).toMillis();
    }

    private static List<String> routes(RunningServer server) {
        List<String> ids = new ArrayList<>();
        server.admin()
                .get("/api/v1/routes")
                .path("routes")
                .forEach(route -> ids.add(route.path("id").asText()));
        return ids;
    }

    private static List<String> fingerprints(RunningServer server) {
        List<String> all = new ArrayList<>();
        server.admin()
                .get("/api/v1/status")
                .path("listeners")
                .forEach(listener -> all.add(listener.path("fingerprints").toString()));
        return all;
    }

    private static Map<String, Object> document(String name, String text) {
        return Map.of("documents", List.of(Map.of("name", name, "text", text)));
    }

    private static String route(String text) {
        return """
                - route:
                    id: tick
                    from:
                      uri: timer:tick
                      parameters: {period: 60000}
                      steps:
                        - log: "%s"
                """.formatted(text);
    }

    private static final String GUARD = """
            - route:
                id: guard
                from:
                  uri: direct:guard
                  steps:
                    - to: infinispan:seen?operation=GET
            """;
}
