package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Three servers over one database and one shared folder: any takes a file in, any routes it, and a dead one's work is done. */
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

    @Test
    void anotherNodeFinishesWhatAKilledOneWasDelivering() {
        Path file = folder.file("large.bin", 3_000_000);
        toReceiver.silenceAfter(1_000_000);
        acme.sftp("put " + file + " /outbox/large.bin\n").expectSuccess();
        String runner = await("a node that runs the event")
                .atMost(LIMIT)
                .until(() -> cluster.ask(CLAIMED_BY), name -> name != null);
        await("the middle of the delivery")
                .atMost(LIMIT)
                .until(() -> receiver.names().stream().anyMatch(name -> !name.equals("large.bin")));

        cluster.node(runner).server().kill();
        toReceiver.mend();

        Path arrived = receiver.inbox().resolve("large.bin");
        await("the delivery by another node").atMost(LIMIT).until(() -> Files.exists(arrived));
        cluster.anyBut(runner).awaitNoEvents(LIMIT);
        assertThat(TestFolder.sha256(arrived)).isEqualTo(TestFolder.sha256(file));
        assertThat(receiver.renamedTo()).containsExactly("large.bin");
        assertThat(receiver.names()).containsExactly("large.bin");
        assertThat(cluster.anyBut(runner).transfers("state", "running")).isEmpty();
        assertThat(cluster.ask("select node from event_history where route_id = 'deliver'"))
                .isNotEqualTo(runner);
        cluster.node(runner).server().restart();
    }
}
