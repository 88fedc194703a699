package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The release before this one and the present build on one database: the schema of the new one serves the old one, both
 * run events, and the old one can be taken away. {@code src/test/tools/previous-release} builds the old one.
 */
@Tag("paired")
class RollingReleaseIT {
    private static final Duration BUILD_LIMIT = Duration.ofMinutes(20);
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int FILES = 40;

    private static String previousLibraries() {
        Path script = Path.of("src", "test", "tools", "previous-release").toAbsolutePath();
        String printed = Tool.start(script.toString())
                .await(BUILD_LIMIT)
                .expectSuccess()
                .output()
                .strip();
        return printed.substring(printed.lastIndexOf('\n') + 1) + "/*";
    }

    @Test
    void theOldReleaseRunsBesideTheNewOneAndGivesWay() {
        String previous = previousLibraries();
        try (TestFolder folder = new TestFolder("rolling");
                ClusterOfServers cluster = ClusterOfServers.empty(folder, Map.of("node.capacity", "2"));
                Sshd receiver = new Sshd(folder)) {
            RunningServer old =
                    cluster.add(Map.of(), "-Xmx256m", "-cp", previous).server();
            old.start();
            Partner acmeAtOld = Partner.of(old, folder, "acme");
            old.apply(Map.of("site.yaml", receiver.site("receiver")));
            old.applyRoute("deliver", """
                    - route:
                        id: deliver
                        from:
                          uri: arrival:acme/outbox
                          steps:
                            - to: site:receiver
                    """);
            upload(folder, acmeAtOld, "before", 2);
            old.awaitNoEvents(LIMIT);

            RunningServer fresh = cluster.add(Map.of()).server();
            fresh.start();
            Partner acmeAtNew = Partner.of(fresh, folder, "acme");
            upload(folder, acmeAtOld, "old", FILES / 2);
            upload(folder, acmeAtNew, "new", FILES / 2);
            fresh.awaitNoEvents("deliver", LIMIT);
            assertThat(cluster.ask("select string_agg(distinct node, ',' order by node) from event_history"
                            + " where path like '%/old%' or path like '%/new%'"))
                    .as("who ran the events")
                    .isEqualTo("a,b");

            String newer = """
                    kind: Schedule
                    name: newer
                    spec:
                      cron: ["0 0 3 * * ?"]
                      overlap: allow
                    """;
            assertThatThrownBy(() -> fresh.apply(Map.of("newer.yaml", newer)))
                    .hasMessageContaining("schedule \"newer\" with overlap")
                    .hasMessageContaining("a is of an older release");
            assertThatThrownBy(() -> fresh.admin().post("/api/v1/secrets/rotate", null))
                    .hasMessageContaining("a is of an older release");

            upload(folder, acmeAtNew, "late", FILES / 4);
            old.end();
            upload(folder, acmeAtNew, "after", FILES / 4);
            old.awaitEnd();
            fresh.awaitNoEvents("deliver", LIMIT);
            assertThat(cluster.ask("select state from node where name = 'a'")).isEqualTo("stopped");

            RunningServer upgraded = cluster.upgrade("a").server();
            upgraded.start();
            await("the first node with the new release").atMost(LIMIT).until(upgraded::isReady);
            fresh.apply(Map.of("newer.yaml", newer));
            upload(folder, Partner.of(upgraded, folder, "acme"), "last", 2);
            upgraded.awaitNoEvents("deliver", LIMIT);

            Map<String, Long> arrived = receiver.renamedTo().stream()
                    .collect(Collectors.groupingBy(name -> name, TreeMap::new, Collectors.counting()));
            assertThat(arrived).hasSize(2 + FILES + FILES / 2 + 2);
            assertThat(arrived.values()).as("how often each file arrived").containsOnly(1L);
            arrived.keySet()
                    .forEach(name -> assertThat(
                                    TestFolder.sha256(receiver.inbox().resolve(name)))
                            .as(name)
                            .isEqualTo(TestFolder.sha256(folder.resolve(name))));
        }
    }

    private static void upload(TestFolder folder, Partner partner, String prefix, int count) {
        StringBuilder batch = new StringBuilder();
        for (int i = 0; i < count; i++) {
            String name = prefix + "-" + i;
            batch.append("put ")
                    .append(folder.file(name, 20_000 + i))
                    .append(" /outbox/")
                    .append(name)
                    .append('\n');
        }
        partner.sftp(batch.toString()).expectSuccess();
    }
}
