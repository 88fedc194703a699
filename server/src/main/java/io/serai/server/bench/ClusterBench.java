package io.serai.server.bench;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.database.EmbeddedPostgres;
import io.serai.cluster.database.EmbeddedPostgresSettings;
import io.serai.cluster.database.Migrations;
import io.serai.cluster.event.EventQueueSettings;
import io.serai.cluster.event.JdbcEventQueue;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * From 1 to 20 nodes drain one queue. Each node is a small process with the real lease, takeover, queue and dispatcher;
 * its step waits for as long as a transfer might take, so that a few processors can stand for 20 machines and what is
 * measured is the coordination: does each further node add its whole capacity, and what does the database pay?
 */
final class ClusterBench {
    private static final List<Integer> SIZES = List.of(1, 2, 4, 8, 16, 20);
    private static final int CAPACITY = 16;
    private static final Duration STEP = Duration.ofSeconds(2);
    private static final Duration LEASE = Duration.ofSeconds(10);
    private static final Duration IDLE = Duration.ofSeconds(8);
    private static final int WARM_UP_SECONDS = 6;
    /** So that the queue is never empty while it is measured. */
    private static final int REST_SECONDS = 4;

    private static final int BAR = 40;
    private static final double LEAST_OF_IDEAL = 0.9;
    /** Of the database's CPU for an event, from the mean of all sizes. */
    private static final double MOST_AWAY = 0.2;

    private final Path folder;
    private final int seconds;
    private final PrintWriter out;

    /** @param seconds how long is measured, in the middle of a drain */
    ClusterBench(Path folder, int seconds, PrintWriter out) {
        this.folder = folder;
        this.seconds = seconds;
        this.out = out;
    }

    /** What one size of cluster came to. */
    record Step(int nodes, double ofIdeal, double cpuMillisAnEvent) {}

    /** What was not as promised, for people. */
    List<String> run() throws IOException {
        List<Step> steps = new ArrayList<>();
        try (EmbeddedPostgres postgres = new EmbeddedPostgres(
                EmbeddedPostgresSettings.in(folder.resolve("database")).withMaxConnections(300))) {
            postgres.start();
            DatabaseSettings settings = postgres.connection("bench");
            new Migrations(settings).apply();
            ProcessCpu postgresCpu = new ProcessCpu(postmaster());
            double ideal = CAPACITY * 1e9 / STEP.toNanos();
            out.printf(
                    Locale.ROOT,
                    "Each node runs %d events at a time and each takes %d ms, half as much more or less: %.0f events/s a node.%n"
                            + "The database's CPU for an event is what it takes more than when there is nothing to do.%n"
                            + "nodes  events/s  a node  of ideal  spread over nodes  database CPU/event  idle database CPU  load%n",
                    CAPACITY,
                    STEP.toMillis(),
                    ideal);
            try (Database database = new Database(settings);
                    JdbcEventQueue queue =
                            new JdbcEventQueue(database, EventQueueSettings.usual(), new SecureRandom())) {
                queue.start();
                for (int size : upAndDown()) {
                    try (BenchNodes nodes =
                            new BenchNodes(settings, new BenchNodes.Work(CAPACITY, STEP, LEASE, false))) {
                        steps.add(measure(size, ideal, nodes.startAll(size), new Ground(database, queue, postgresCpu)));
                    }
                }
            }
        }
        out.println("The database's CPU for an event, each size as the mean of both times:");
        cpuBySize(steps).forEach((nodes, millis) -> out.printf(Locale.ROOT, "%5d  %.3f ms%n", nodes, millis));
        out.flush();
        return judge(steps);
    }

    /** Each size twice, so that what a database and a machine become in the meantime counts for all sizes alike. */
    private static List<Integer> upAndDown() {
        List<Integer> sizes = new ArrayList<>(SIZES);
        for (int i = SIZES.size() - 1; i >= 0; i--) {
            sizes.add(SIZES.get(i));
        }
        return sizes;
    }

    /** The database's CPU for an event, by size: the mean of all times that the size was measured. */
    static SortedMap<Integer, Double> cpuBySize(List<Step> steps) {
        return steps.stream()
                .collect(Collectors.groupingBy(
                        Step::nodes, TreeMap::new, Collectors.averagingDouble(Step::cpuMillisAnEvent)));
    }

    static List<String> judge(List<Step> steps) {
        List<String> missed = new ArrayList<>();
        for (Step step : steps) {
            if (step.ofIdeal() < LEAST_OF_IDEAL) {
                missed.add(String.format(
                        Locale.ROOT,
                        "%d nodes: %.1f %% of the ideal, less than %.0f %%",
                        step.nodes(),
                        100 * step.ofIdeal(),
                        100 * LEAST_OF_IDEAL));
            }
        }
        SortedMap<Integer, Double> cpu = cpuBySize(steps);
        double mean =
                cpu.values().stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        cpu.forEach((nodes, millis) -> {
            if (Math.abs(millis - mean) > MOST_AWAY * mean) {
                missed.add(String.format(
                        Locale.ROOT,
                        "%d nodes: %.3f ms of the database's CPU an event, more than %.0f %% away from %.3f ms, the mean of all"
                                + " sizes",
                        nodes,
                        millis,
                        100 * MOST_AWAY,
                        mean));
            }
        });
        return missed;
    }

    private record Ground(Database database, JdbcEventQueue queue, ProcessCpu postgresCpu) {}

    private ProcessHandle postmaster() throws IOException {
        Path file = folder.resolve("database").resolve("data").resolve("postmaster.pid");
        long pid = Long.parseLong(Files.readAllLines(file).get(0).strip());
        return ProcessHandle.of(pid).orElseThrow();
    }

    private Step measure(int size, double ideal, List<BenchNodes.Node> nodes, Ground ground) throws IOException {
        // A drain of its own first, for nothing is compiled yet.
        int warm = (int) (ideal * size * WARM_UP_SECONDS);
        EventsBench.enqueue(ground.database(), ground.queue(), warm);
        awaitEnded(nodes, warm);
        int count = warm + (int) (ideal * size * (seconds + REST_SECONDS));
        EventsBench.enqueue(ground.database(), ground.queue(), count);
        awaitEnded(nodes, warm + warm);

        int[] before = ended(nodes);
        double cpuBefore = ground.postgresCpu().seconds();
        long began = System.nanoTime();
        pause(Duration.ofSeconds(seconds));
        int[] after = ended(nodes);
        double took = (System.nanoTime() - began) / 1e9;
        double cpu = ground.postgresCpu().seconds() - cpuBefore;
        String load = Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
        awaitEnded(nodes, warm + count);

        double idle = idleCpu(ground.postgresCpu());
        IntSummaryStatistics shares = new IntSummaryStatistics();
        for (int i = 0; i < size; i++) {
            shares.accept(after[i] - before[i]);
        }
        double each = shares.getSum() / took / size;
        Step step = new Step(size, each / ideal, 1000 * (cpu - idle * took) / shares.getSum());
        out.printf(
                Locale.ROOT,
                "%5d  %8.1f  %6.1f  %6.1f %%  %8d to %-6d  %15.3f ms  %12.1f ms/s  %s  |%s%n",
                size,
                each * size,
                each,
                100 * step.ofIdeal(),
                shares.getMin(),
                shares.getMax(),
                step.cpuMillisAnEvent(),
                1000 * idle,
                load,
                "#".repeat((int) Math.round(BAR * each * size / (ideal * SIZES.get(SIZES.size() - 1)))));
        out.flush();
        return step;
    }

    private static int[] ended(List<BenchNodes.Node> nodes) throws IOException {
        int[] ended = new int[nodes.size()];
        for (int i = 0; i < ended.length; i++) {
            ended[i] = nodes.get(i).report().ended();
        }
        return ended;
    }

    /** CPU seconds of the database in a second without work. */
    private static double idleCpu(ProcessCpu cpu) throws IOException {
        double before = cpu.seconds();
        pause(IDLE);
        return (cpu.seconds() - before) / IDLE.toSeconds();
    }

    private void awaitEnded(List<BenchNodes.Node> nodes, int count) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20L * (seconds + WARM_UP_SECONDS));
        for (int ended = 0; ended < count; ended = IntStream.of(ended(nodes)).sum()) {
            if (System.nanoTime() > deadline) {
                throw new IOException("only " + ended + " of " + count + " events were ended in time");
            }
            pause(Duration.ofMillis(50));
        }
    }

    private static void pause(Duration time) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
