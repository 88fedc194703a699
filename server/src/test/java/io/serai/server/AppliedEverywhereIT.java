package io.serai.server;

import static io.serai.server.SharedConfigurationIT.document;
import static io.serai.server.SharedConfigurationIT.routes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two real servers: what is changed on one is in force on the other at once, all of it or nothing. */
@Tag("paired")
class AppliedEverywhereIT {
    private static final String GUARD = """
            - route:
                id: guard
                from:
                  uri: direct:guard
                  steps:
                    - to: infinispan:seen?operation=GET
            """;

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

    private static List<String> fingerprints(RunningServer server) {
        List<String> all = new ArrayList<>();
        server.admin()
                .get("/api/v1/status")
                .path("listeners")
                .forEach(listener -> all.add(listener.path("fingerprints").toString()));
        return all;
    }

    private static String route(String text) {
        return SharedConfigurationIT.route("timer:tick?period=60000", text);
    }
}
