package io.serai.server.bench;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.database.EmbeddedPostgres;
import io.serai.cluster.database.EmbeddedPostgresSettings;
import io.serai.cluster.database.Migrations;
import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.EventQueueSettings;
import io.serai.cluster.event.JdbcEventQueue;
import io.serai.cluster.event.NewEvent;
import io.serai.cluster.node.NodeIdentity;
import io.serai.cluster.node.NodeLease;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Events through claim and completion: the queue of a node on an embedded PostgreSQL of its own, durable commits. */
final class EventsBench {
    private static final int THREADS = 8;
    private static final int CLAIM_BATCH = 50;
    private static final int ENQUEUE_BATCH = 1_000;
    private static final int ACCOUNTS = 10;
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final RouteId ROUTE = BenchNode.ROUTE;

    private final Path folder;
    private final int count;
    private final PrintWriter out;

    EventsBench(Path folder, int count, PrintWriter out) {
        this.folder = folder;
        this.count = count;
        this.out = out;
    }

    void run() throws IOException {
        try (EmbeddedPostgres postgres =
                new EmbeddedPostgres(EmbeddedPostgresSettings.in(folder.resolve("database")))) {
            postgres.start();
            DatabaseSettings settings = postgres.connection("bench");
            new Migrations(settings).apply();
            NodeIdentity identity = new NodeIdentity(new NodeName("bench"), UUID.randomUUID(), "bench", "127.0.0.1:0");
            try (Database database = new Database(settings);
                    NodeLease lease = new NodeLease(database, identity, Optional.empty(), Duration.ofSeconds(10));
                    JdbcEventQueue queue =
                            new JdbcEventQueue(database, EventQueueSettings.usual(), new SecureRandom())) {
                lease.start();
                queue.start();
                measure(database, lease, queue);
            }
        }
    }

    private void measure(Database database, NodeLease lease, JdbcEventQueue queue) throws IOException {
        ProcessCpu cpu = new ProcessCpu(ProcessHandle.current());
        enqueue(database, queue, Math.min(count, 2_000)); // the first ones are slower: nothing is compiled yet
        drain(lease, queue);

        double cpuBefore = cpu.seconds();
        long begin = System.nanoTime();
        enqueue(database, queue, count);
        double queued = (System.nanoTime() - begin) / 1e9;
        double cpuQueued = cpu.seconds();
        begin = System.nanoTime();
        int ended = drain(lease, queue);
        double drained = (System.nanoTime() - begin) / 1e9;
        double cpuDrained = cpu.seconds();
        if (ended != count) {
            throw new IOException("only " + ended + " of " + count + " events were there to be claimed");
        }
        out.printf(
                Locale.ROOT,
                "%d events: queued %.0f/s (%.3f ms CPU each) in transactions of %d; claimed by %d and completed by %d"
                        + " threads %.0f/s (%.3f ms CPU each); CPU of this process and of PostgreSQL%n",
                count,
                count / queued,
                1000 * (cpuQueued - cpuBefore) / count,
                ENQUEUE_BATCH,
                CLAIM_BATCH,
                THREADS,
                count / drained,
                1000 * (cpuDrained - cpuQueued) / count);
        out.flush();
    }

    static void enqueue(Database database, JdbcEventQueue queue, int number) {
        for (int from = 0; from < number; from += ENQUEUE_BATCH) {
            List<NewEvent> events = new ArrayList<>();
            for (int i = from; i < Math.min(number, from + ENQUEUE_BATCH); i++) {
                events.add(new NewEvent(
                        EventKind.SCHEDULE,
                        ROUTE,
                        "account" + i % ACCOUNTS,
                        5,
                        Optional.empty(),
                        Optional.empty(),
                        "/out/f" + i,
                        Map.of()));
            }
            database.transaction(connection -> queue.enqueue(connection, events));
        }
    }

    /** Claims and completes by all threads until nothing is left; how many ended. */
    private static int drain(NodeLease lease, JdbcEventQueue queue) throws IOException {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<Integer>> parts = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                parts.add(threads.submit(() -> work(lease, queue)));
            }
            int ended = 0;
            for (Future<Integer> part : parts) {
                ended += part.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            }
            return ended;
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("the events were not ended: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            threads.shutdownNow();
        }
    }

    private static int work(NodeLease lease, JdbcEventQueue queue) {
        int ended = 0;
        while (true) {
            List<ClaimedEvent> claimed = queue.claim(lease.token(), Map.of(ROUTE, CLAIM_BATCH));
            if (claimed.isEmpty()) {
                return ended;
            }
            for (ClaimedEvent event : claimed) {
                queue.complete(event);
            }
            ended += claimed.size();
        }
    }
}
