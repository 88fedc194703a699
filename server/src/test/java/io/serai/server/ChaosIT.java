package io.serai.server;

import static org.awaitility.Awaitility.await;

import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Three nodes behind HAProxy, and behind two edges as well, while nodes are killed, frozen beyond their lease, cut off from
 * the database or from the shared folder, edges are killed and frozen, and the database restarts; partners upload by SFTP
 * and FTPS, by either way, a route delivers, another one pulls, a schedule fires. Afterwards every promise is looked at.
 */
@Tag("promise")
class ChaosIT {
    private static final double MINUTES = Double.parseDouble(System.getProperty("serai.chaos.minutes", "5"));
    private static final Duration HEAL_LIMIT = Duration.ofMinutes(4);
    private static final int TICK_SECONDS = 5;

    private enum Trouble {
        KILL_NODE,
        FREEZE_NODE,
        KILL_DATABASE,
        STOP_DATABASE,
        CUT_DATABASE_LINE,
        SILENCE_DATABASE_LINE,
        LOSE_SHARE,
        SPLIT_CACHES,
        SILENCE_CACHES,
        KILL_EDGE,
        FREEZE_EDGE
    }

    @Test
    void keepsEveryPromise() throws Exception {
        try (TestFolder folder = new TestFolder("chaos");
                Balancer balancer = new Balancer(folder);
                ClusterOfServers cluster = ClusterOfServers.start(folder, 3, Map.of(), balancer::settings);
                ChaosEdges edges = new ChaosEdges(folder, balancer, cluster);
                Sshd partner = new Sshd(folder)) {
            balancer.start();
            Path shop = Files.createDirectories(partner.inbox().resolve("shop"));
            Files.createDirectories(partner.inbox().resolve("pulled"));
            Files.createDirectories(partner.inbox().resolve("ticks"));
            Partner acme = Partner.of(cluster.server(0), folder, "acme");
            configure(cluster.server(0), partner);
            ChaosLoad load = new ChaosLoad(
                    folder,
                    Map.of("direct", acme.by(balancer), "edge", acme.byEdges(balancer)),
                    cluster.file("acme", "/outbox"),
                    shop);
            Instant began = Instant.now();
            load.start();
            try {
                Instant end = began.plusMillis((long) (MINUTES * 60_000));
                // Each kind once, as far as the time goes; then as they are drawn.
                Deque<Trouble> first = new ArrayDeque<>(folder.shuffled(List.of(Trouble.values())));
                while (Instant.now().isBefore(end)) {
                    goOn(load, 1_000 + folder.random(4_000));
                    trouble(
                            first.isEmpty() ? Trouble.values()[folder.random(Trouble.values().length)] : first.pop(),
                            folder,
                            cluster,
                            edges,
                            load);
                }
            } catch (RuntimeException | Error e) {
                throw withLogs(e, cluster, edges);
            } finally {
                load.stop();
            }
            heal(cluster);
            Instant ended = Instant.now();
            for (int i = 0; i < 3; i++) {
                cluster.server(i).awaitNoEvents("deliver", HEAL_LIMIT);
                cluster.server(i).awaitNoEvents("fetch", HEAL_LIMIT);
            }
            await("the pull takes the rest")
                    .atMost(HEAL_LIMIT)
                    .until(() -> load.offered().size()
                            == ChaosChecks.names(partner.inbox().resolve("pulled"))
                                    .size());
            new ChaosChecks(cluster, partner, load).everything();
            new ChaosTicks(cluster, partner, TICK_SECONDS).between(began, ended);
        }
    }

    private static void configure(RunningServer server, Sshd partner) {
        server.apply(Map.of("site.yaml", partner.site("partner"), "tick.yaml", """
                kind: Schedule
                name: tick
                spec:
                  cron: ["0/%d * * * * ?"]
                  missed: run-once
                  overlap: allow
                """.formatted(TICK_SECONDS)));
        server.applyRoute("deliver", """
                - route:
                    id: deliver
                    from:
                      uri: arrival:acme/outbox
                      steps:
                        - to: site:partner
                """);
        server.applyRoute("fetch", """
                - route:
                    id: fetch
                    from:
                      uri: site:partner
                      parameters: { path: shop, every: 3s, afterwards: delete, stable: 0 }
                      steps:
                        - to: site:partner?path=pulled
                """);
        server.applyRoute("ticks", """
                - route:
                    id: ticks
                    from:
                      uri: schedule:tick
                      steps:
                        - setBody: { constant: tick }
                        - to:
                            uri: site:partner
                            parameters: { path: ticks, fileName: "tick-${header.CamelSeraiFireTime}" }
                """);
    }

    private static void trouble(
            Trouble trouble, TestFolder folder, ClusterOfServers cluster, ChaosEdges edges, ChaosLoad load) {
        ClusterOfServers.Node node = cluster.nodes().get(folder.random(3));
        int beyondLease = (int) ClusterOfServers.LEASE.toMillis() + folder.random(6_000);
        EdgeProcess edge = edges.get(folder.random(2));
        int time = folder.random(9_000);
        System.out.println("chaos: " + Instant.now() + " " + trouble + " " + node.name());
        switch (trouble) {
            case KILL_NODE -> {
                node.server().kill();
                goOn(load, time);
                if (folder.random(4) == 0) {
                    // In the middle of its start.
                    node.server().launch();
                    goOn(load, 500 + folder.random(4_000));
                    node.server().kill();
                }
                startAsAService(node);
            }
            case FREEZE_NODE -> {
                node.server().freeze();
                goOn(load, beyondLease);
                node.server().thaw();
            }
            case KILL_DATABASE -> cluster.database().kill();
            case STOP_DATABASE -> {
                cluster.database().stop();
                goOn(load, time);
                cluster.database().start();
            }
            case CUT_DATABASE_LINE -> {
                node.line().cut();
                goOn(load, beyondLease);
                node.line().mend();
            }
            case SILENCE_DATABASE_LINE -> {
                node.line().silence();
                goOn(load, beyondLease);
                node.line().mend();
            }
            case SPLIT_CACHES -> {
                cluster.splitCaches();
                goOn(load, beyondLease);
                cluster.mendCaches();
            }
            case SILENCE_CACHES -> {
                cluster.silenceCaches();
                goOn(load, beyondLease);
                cluster.mendCaches();
            }
            case KILL_EDGE -> {
                edge.kill();
                goOn(load, time);
                edge.start("");
            }
            case FREEZE_EDGE -> {
                edge.freeze();
                goOn(load, 2 * time);
                edge.thaw();
            }
            case LOSE_SHARE -> {
                cluster.loseShare(node);
                goOn(load, beyondLease);
                cluster.mendShare(node);
            }
        }
    }

    /** A start that trouble breaks is tried again, as a service manager does (Restart=on-failure). */
    private static void startAsAService(ClusterOfServers.Node node) {
        for (int tries = 1; ; tries++) {
            try {
                node.server().start();
                return;
            } catch (SeraiException e) {
                if (tries == 5) {
                    throw e;
                }
                System.out.println("chaos: " + node.name() + " did not start and is started again: " + e.getMessage());
            }
        }
    }

    private static void heal(ClusterOfServers cluster) {
        for (ClusterOfServers.Node node : cluster.nodes()) {
            if (!node.server().runs()) {
                startAsAService(node);
            }
        }
        await("all nodes are ready")
                .atMost(HEAL_LIMIT)
                .pollInterval(Duration.ofMillis(500))
                .ignoreExceptions()
                .until(() ->
                        cluster.nodes().stream().allMatch(node -> node.server().isReady()));
    }

    private static Error withLogs(Throwable cause, ClusterOfServers cluster, ChaosEdges edges) {
        StringBuilder logs = new StringBuilder("The chaos could not go on; the nodes said last:\n");
        cluster.nodes()
                .forEach(node -> logs.append("---- ")
                        .append(node.name())
                        .append('\n')
                        .append(node.server().log()));
        logs.append("---- the edges\n").append(edges.printed());
        return new AssertionError(logs.toString(), cause);
    }

    /** For the time that was drawn the load goes on, and nothing is visible before it is complete. */
    private static void goOn(ChaosLoad load, int milliseconds) {
        Duration time = Duration.ofMillis(milliseconds);
        await("the load is sound").during(time).atMost(time.plusSeconds(30)).until(load::isSound);
    }

    /** Puts a file where a program that looks finds it whole. */
    static void offer(Path file, Path folder) {
        try {
            Path draft = folder.resolveSibling("draft-" + file.getFileName());
            Files.copy(file, draft);
            Files.move(draft, folder.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
