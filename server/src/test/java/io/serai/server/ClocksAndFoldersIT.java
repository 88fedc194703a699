package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What one node does for all (clocks of schedules, looks through folders) goes on when that node dies or freezes. */
@Tag("paired")
class ClocksAndFoldersIT {
    private static final Duration LIMIT = Duration.ofSeconds(120);
    private static final String HOLDER =
            "select holder from lease where name = 'monitor/scans' and" + " until > clock_timestamp()";

    private static TestFolder folder;
    private static ClusterOfServers cluster;
    private static Path scans;

    @BeforeAll
    static void startCluster() throws IOException {
        folder = new TestFolder("clocks");
        scans = Files.createDirectories(folder.resolve("exchange/scans"));
        cluster = ClusterOfServers.start(
                folder, 3, Map.of("monitors.roots", folder.resolve("exchange").toString()));
        cluster.server(0).apply(Map.of("tick.yaml", """
                kind: Schedule
                name: tick
                spec:
                  cron: ["0/2 * * * * ?"]
                  overlap: allow
                """));
        cluster.server(1).applyRoute("ticker", """
                - route:
                    id: ticker
                    from:
                      uri: schedule:tick
                      steps:
                        - log: "tick ${header.CamelSeraiFireTime}"
                """);
        cluster.server(2).applyRoute("scans", """
                - route:
                    id: scans
                    from:
                      uri: folder:%s?every=500ms&stable=1s
                      steps:
                        - log: "taken ${header.CamelSeraiFileName}"
                """.formatted(scans));
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
        folder.close();
    }

    @Test
    void noFileAndNoFireIsLostOrDoubledWhileHoldersAreKilledAndFrozen() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger written = new AtomicInteger();
        Thread writer = new Thread(() -> writeUntil(done, written), "writer");
        writer.start();
        await("files").atMost(LIMIT).until(() -> taken() > 10);

        ClusterOfServers.Node killed = holder();
        killed.server().kill();
        await("another holder").atMost(LIMIT).until(() -> isHeldByAnother(killed));
        long then = taken();
        await("files").atMost(LIMIT).until(() -> taken() > then + 10);

        ClusterOfServers.Node frozen = holder();
        frozen.server().freeze();
        await("another holder").atMost(LIMIT).until(() -> isHeldByAnother(frozen));
        long before = taken();
        await("files").atMost(LIMIT).until(() -> taken() > before + 10);
        frozen.server().thaw();
        killed.server().restart();

        TimeUnit.SECONDS.sleep(5); // time in which the thawed one could do harm
        done.set(true);
        writer.join();
        await("all files").atMost(LIMIT).until(() -> taken() >= written.get());
        await("all events")
                .atMost(LIMIT)
                .until(() -> number("select count(*) from event where route_id = 'scans'") == 0);
        assertThat(taken()).isEqualTo(written.get());
        assertThat(number("select count(*) from event_history where route_id = 'scans' and outcome = 'completed'"))
                .isEqualTo(written.get());
        assertThat(number("select count(distinct path) from event_history where route_id = 'scans'"))
                .isEqualTo(written.get());
        expectEveryTick();
        expectFigures();
    }

    /** One of the three nodes monitors the folder; all of them would. */
    private static void expectFigures() {
        await("the figures of leases and monitors").atMost(LIMIT).untilAsserted(() -> {
            assertThat(figure("serai_monitor_folders")).isEqualTo(1);
            assertThat(figure("serai_leases_held")).isEqualTo(1);
        });
        assertThat(figure("serai_leases_wished")).isEqualTo(3);
        assertThat(figure("serai_monitor_files")).isGreaterThan(20);
        assertThat(figure("serai_monitor_looks_total")).isPositive();
        assertThat(figure("serai_monitor_taken_total")).isPositive();
        assertThat(figure("serai_schedule_fires_total{outcome=\"queued\"}")).isGreaterThan(2);
        assertThat(figure("serai_schedule_fires_total{outcome=\"asked\"}")).isZero();
    }

    /** Of all nodes together. */
    private static double figure(String name) {
        double sum = 0;
        for (ClusterOfServers.Node node : cluster.nodes()) {
            sum += Tool.run("curl", "-sf", node.server().adminUrl() + "/observe/metrics")
                    .expectSuccess()
                    .output()
                    .lines()
                    .filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                    .sum();
        }
        return sum;
    }

    /** Every second second has its fire, and every fire one event. */
    private static void expectEveryTick() {
        assertThat(number("""
                select count(*) from (
                    select fire_time - lag(fire_time) over (order by fire_time) as gap
                      from schedule_fire where schedule = 'tick') g
                 where gap <> interval '2 seconds'""")).as("times that were passed over").isZero();
        assertThat(number("select count(*) from schedule_fire where schedule = 'tick' and event_id is null"))
                .isZero();
        assertThat(number("select count(*) from schedule_fire where schedule = 'tick'"))
                .isGreaterThan(10);
    }

    private static void writeUntil(AtomicBoolean done, AtomicInteger written) {
        try {
            Path temporary = folder.resolve("exchange").resolve("temporary");
            while (!done.get()) {
                String name = "scan-" + (written.get() + 1) + ".txt";
                Files.writeString(temporary, "content of " + name);
                Files.move(temporary, scans.resolve(name), StandardCopyOption.ATOMIC_MOVE);
                written.incrementAndGet();
                TimeUnit.MILLISECONDS.sleep(150); // a program that writes now and then
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ClusterOfServers.Node holder() {
        return cluster.node(await("a holder").atMost(LIMIT).until(() -> cluster.ask(HOLDER), name -> name != null));
    }

    private static boolean isHeldByAnother(ClusterOfServers.Node node) {
        String name = cluster.ask(HOLDER);
        return name != null && !name.equals(node.name());
    }

    private static long taken() {
        return number("select count(*) from monitored_file where route_id = 'scans'");
    }

    private static long number(String sql) {
        return Long.parseLong(cluster.ask(sql));
    }
}
