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
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * How long an event stands still whose node is killed (SIGKILL) or frozen (SIGSTOP) in the middle of it: from the signal
 * to the moment at which another node begins the event again. Nodes as in {@link ClusterBench}.
 */
final class TakeoverBench {
    private static final int NODES = 4;
    private static final Duration LONG_STEP = Duration.ofHours(1);
    private static final Duration LIMIT = Duration.ofMinutes(2);
    /** In lease times, for 99 of 100. */
    private static final double PROMISED = 1.5;

    private final Path folder;
    private final int rounds;
    private final Duration lease;
    private final PrintWriter out;
    private final List<String> missed = new ArrayList<>();

    TakeoverBench(Path folder, int rounds, Duration lease, PrintWriter out) {
        this.folder = folder;
        this.rounds = rounds;
        this.lease = lease;
        this.out = out;
    }

    /** What was not as promised, for people. */
    List<String> run() throws IOException {
        try (EmbeddedPostgres postgres =
                new EmbeddedPostgres(EmbeddedPostgresSettings.in(folder.resolve("database")))) {
            postgres.start();
            DatabaseSettings settings = postgres.connection("bench");
            new Migrations(settings).apply();
            try (Database database = new Database(settings);
                    JdbcEventQueue queue =
                            new JdbcEventQueue(database, EventQueueSettings.usual(), new SecureRandom());
                    BenchNodes nodes = new BenchNodes(settings, new BenchNodes.Work(1, LONG_STEP, lease, true))) {
                queue.start();
                BlockingQueue<BenchNodes.Line> lines = new LinkedBlockingQueue<>();
                for (int i = 0; i < NODES; i++) {
                    nodes.start(lines);
                    awaitUp(lines);
                }
                EventsBench.enqueue(database, queue, 1);
                BenchNodes.Line running = awaitRun(lines);
                running = report("killed", "KILL", running, nodes, lines);
                report("frozen", "STOP", running, nodes, lines);
            }
        }
        return List.copyOf(missed);
    }

    private BenchNodes.Line report(
            String word, String signal, BenchNodes.Line first, BenchNodes nodes, BlockingQueue<BenchNodes.Line> lines)
            throws IOException {
        List<Double> times = new ArrayList<>();
        BenchNodes.Line running = first;
        for (int round = 0; round < rounds; round++) {
            // At any point of the time between two renewals.
            pause(Duration.ofMillis(ThreadLocalRandom.current().nextLong(lease.toMillis() / 2)));
            BenchNodes.Node victim = running.node();
            long began = System.nanoTime();
            signal(victim, signal);
            running = awaitRun(lines);
            times.add((running.nanos() - began) / 1e9 / (lease.toMillis() / 1000.0));
            victim.process().destroyForcibly();
            nodes.start(lines);
            awaitUp(lines);
        }
        Collections.sort(times);
        out.printf(
                Locale.ROOT,
                "%d nodes %s, lease %d ms: the event went on elsewhere after %.2f (least), %.2f (median), %.2f (p99), %.2f"
                        + " (most) lease times%n",
                rounds,
                word,
                lease.toMillis(),
                times.get(0),
                times.get(times.size() / 2),
                p99(times),
                times.get(times.size() - 1));
        out.flush();
        judge(word, times).ifPresent(missed::add);
        return running;
    }

    private static double p99(List<Double> sorted) {
        return sorted.get((int) Math.ceil(sorted.size() * 0.99) - 1);
    }

    /** @param sorted how long takeovers took, in lease times */
    static Optional<String> judge(String word, List<Double> sorted) {
        return p99(sorted) <= PROMISED
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "nodes %s: p99 of the takeovers is %.2f lease times, more than %.1f",
                        word,
                        p99(sorted),
                        PROMISED));
    }

    private static void signal(BenchNodes.Node node, String signal) throws IOException {
        try {
            new ProcessBuilder(
                            "kill", "-" + signal, Long.toString(node.process().pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static void awaitUp(BlockingQueue<BenchNodes.Line> lines) throws IOException {
        while (!BenchNodes.next(lines, LIMIT).text().equals("UP")) {
            continue;
        }
    }

    private static BenchNodes.Line awaitRun(BlockingQueue<BenchNodes.Line> lines) throws IOException {
        while (true) {
            BenchNodes.Line line = BenchNodes.next(lines, LIMIT);
            if (line.text().startsWith("RUN")) {
                return line;
            }
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
