package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A delivery that takes longer than a node has left, because it is drained or stopped, is finished by another, once. */
@Tag("paired")
class DrainLimitIT {
    private static final Duration LIMIT = Duration.ofSeconds(120);
    private static final int FILE_BYTES = 24 << 20;

    /** More than the least that is continued; the last of it is sent again. */
    private static final long WORTH_GOING_ON = 5L << 20;

    private static final long SENT_AGAIN = 2L << 20;
    private static final Pattern GOES_ON =
            Pattern.compile("goes on at byte ([0-9]+) of " + FILE_BYTES + " at receiver");

    private static TestFolder folder;
    private static ClusterOfServers cluster;
    private static Sshd receiver;
    private static Partner acme;

    @BeforeAll
    static void startCluster() {
        folder = new TestFolder("drain-limit");
        cluster = ClusterOfServers.start(folder, 2, Map.of("node.drain-notice", "1s", "node.drain-limit", "3s"));
        receiver = new Sshd(folder);
        acme = Partner.of(cluster.server(0), folder, "acme");
        // Some twelve seconds a file: longer than a drained node waits, and moving all the time.
        cluster.server(0)
                .apply(Map.of(
                        "site.yaml",
                        receiver.site("receiver").replace("  timeout: 10s\n", "  timeout: 10s\n  bandwidth: 2MiB\n")));
        cluster.server(1).applyRoute("deliver", """
                - route:
                    id: deliver
                    from:
                      uri: arrival:acme/outbox
                      steps:
                        - to: site:receiver
                """);
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
        receiver.close();
        folder.close();
    }

    @Test
    void whatADrainedNodeCannotFinishInTimeIsFinishedByAnotherOnce() {
        finishedByAnotherWhen(
                "drained.bin",
                node -> cluster.anyBut(node.name()).admin().post("/api/v1/nodes/" + node.name() + "/drain", null),
                node -> {
                    assertThat(node.server().log()).contains("is given back or broken off");
                    assertThat(node.server().runs()).isTrue();
                    node.server().admin().post("/api/v1/nodes/" + node.name() + "/undrain", null);
                    await("work again").atMost(LIMIT).until(node.server()::isReady);
                });
    }

    @Test
    void whatAStoppingNodeCannotFinishInTimeIsFinishedByAnotherOnce() {
        finishedByAnotherWhen("stopped.bin", node -> node.server().end(), node -> {
            node.server().awaitEnd();
            assertThat(node.server().log()).contains("given back to the queue").contains("Stopped");
            node.server().start();
        });
    }

    private static void finishedByAnotherWhen(
            String name, Consumer<ClusterOfServers.Node> leave, Consumer<ClusterOfServers.Node> comeBack) {
        Path file = folder.file(name, FILE_BYTES);
        acme.sftp("put " + file + " /outbox/" + name + "\n").expectSuccess();
        ClusterOfServers.Node runner = cluster.node(await("a node that runs the event")
                .atMost(LIMIT)
                .until(
                        () -> cluster.ask("select claimed_by from event where state = 'claimed'"),
                        found -> found != null));
        String event = cluster.ask("select id::text from event where state = 'claimed'");
        await("so many bytes that it is worth to go on").atMost(LIMIT).until(() -> bytesOfParts() > WORTH_GOING_ON);
        RunningServer other = cluster.anyBut(runner.name());
        long printed = other.printed();
        leave.accept(runner);

        Path arrived = receiver.inbox().resolve(name);
        await("the delivery by another node").atMost(LIMIT).until(() -> Files.exists(arrived));
        other.awaitNoEvents("deliver", LIMIT);
        assertThat(TestFolder.sha256(arrived)).isEqualTo(TestFolder.sha256(file));
        assertThat(receiver.renamedTo()).containsOnlyOnce(name);
        assertThat(receiver.names()).as("no part is left").allMatch(found -> found.endsWith(".bin"));
        Matcher continued = GOES_ON.matcher(other.logSince(printed));
        assertThat(continued.find()).as("the other node says where it goes on").isTrue();
        assertThat(Long.parseLong(continued.group(1)))
                .as("the first byte that it sent")
                .isBetween(WORTH_GOING_ON - SENT_AGAIN, FILE_BYTES - 1L);
        List<JsonNode> deliveries = other.transfers("kind", "delivery").stream()
                .filter(row -> row.path("path").asText().endsWith(name))
                .toList();
        assertThat(deliveries).singleElement().satisfies(row -> {
            assertThat(row.path("state").asText()).isEqualTo("completed");
            assertThat(row.path("node").asText()).isNotEqualTo(runner.name());
        });
        assertThat(cluster.ask(
                        "select node || ' ' || outcome || ' ' || attempts from event_history where id = " + event))
                .as("giving back is no attempt")
                .isEqualTo((runner.name().equals("a") ? "b" : "a") + " completed 1");
        comeBack.accept(runner);
    }

    /** Of the files that have no name yet at the partner's. */
    private static long bytesOfParts() {
        return receiver.names().stream()
                .filter(found -> !found.endsWith(".bin"))
                .mapToLong(found -> receiver.inbox().resolve(found).toFile().length())
                .sum();
    }
}
