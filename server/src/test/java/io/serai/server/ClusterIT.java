package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Three servers over one database and one shared folder: any takes a file in, any routes it, and a dead one's work is done. */
@Tag("paired")
class ClusterIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final String CLAIMED_BY = "select claimed_by from event where state = 'claimed'";

    private static TestFolder folder;
    private static ClusterOfServers cluster;
    private static Sshd receiver;
    private static Relay toReceiver;
    private static Partner acme;

    @BeforeAll
    static void startCluster() {
        folder = new TestFolder("cluster");
        cluster = ClusterOfServers.start(folder, 3, Map.of());
        receiver = new Sshd(folder);
        toReceiver = new Relay(receiver.port());
        acme = Partner.of(cluster.server(0), folder, "acme");
        cluster.server(0).apply(Map.of("site.yaml", receiver.site("receiver", toReceiver.port())));
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
        toReceiver.close();
        receiver.close();
        folder.close();
    }

    /** Uploads a file whose delivery stops in its middle; the node that delivers it. */
    private static ClusterOfServers.Node deliverHalf(String name) {
        Path file = folder.file(name, 3_000_000);
        toReceiver.silenceAfter(1_000_000);
        acme.sftp("put " + file + " /outbox/" + name + "\n").expectSuccess();
        String runner = await("a node that runs the event")
                .atMost(LIMIT)
                .until(() -> cluster.ask(CLAIMED_BY), found -> found != null);
        await("the middle of the delivery")
                .atMost(LIMIT)
                .until(() -> receiver.names().stream().anyMatch(found -> !found.endsWith(".bin")));
        return cluster.node(runner);
    }

    private static void expectDeliveredOnce(String name, ClusterOfServers.Node notBy) {
        Path arrived = receiver.inbox().resolve(name);
        await("the delivery by another node").atMost(LIMIT).until(() -> Files.exists(arrived));
        RunningServer other = cluster.anyBut(notBy.name());
        other.awaitNoEvents("deliver", LIMIT);
        assertThat(TestFolder.sha256(arrived)).isEqualTo(TestFolder.sha256(folder.resolve(name)));
        assertThat(receiver.renamedTo()).containsOnlyOnce(name);
        assertThat(receiver.names()).allMatch(found -> found.endsWith(".bin"));
        assertThat(other.transfers("state", "running")).isEmpty();
        assertThat(cluster.ask("select node from event_history where route_id = 'deliver' and path like ?", "%" + name))
                .isNotEqualTo(notBy.name());
    }

    @Test
    void anotherNodeFinishesWhatAKilledOneWasDelivering() {
        ClusterOfServers.Node runner = deliverHalf("killed.bin");
        runner.server().kill();
        toReceiver.mend();
        expectDeliveredOnce("killed.bin", runner);
        runner.server().restart();
    }

    /** What the thawed one still does is refused: by the partner's server, the database and its own lease. */
    @Test
    void aFrozenOwnerIsRefusedWhenItThaws() throws IOException {
        ClusterOfServers.Node runner = deliverHalf("frozen.bin");
        runner.server().freeze();
        toReceiver.mend();
        expectDeliveredOnce("frozen.bin", runner);
        runner.server().thaw();
        Path log = runner.server().home().resolve("log").resolve("server.out");
        await("the reason")
                .atMost(LIMIT)
                .until(() -> Files.readString(log), text -> text.contains("lost its lease with epoch"));
        await("its new lease").atMost(LIMIT).ignoreExceptions().until(runner.server()::isReady);
        expectDeliveredOnce("frozen.bin", runner);
        assertThat(Files.readString(log)).containsPattern("(?i)event .*(taken over|lease|given back|belongs to)");
    }
}
