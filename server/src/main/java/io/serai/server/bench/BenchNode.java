package io.serai.server.bench;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.event.EventQueueSettings;
import io.serai.cluster.event.JdbcEventQueue;
import io.serai.cluster.node.DeadBoot;
import io.serai.cluster.node.NodeIdentity;
import io.serai.cluster.node.NodeLease;
import io.serai.cluster.node.Takeover;
import io.serai.cluster.node.TakeoverStep;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import io.serai.config.secret.SecretText;
import io.serai.route.EventContext;
import io.serai.route.arrival.EventDispatcher;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What coordinates a node, in a process of its own: the lease, the takeover, the queue and the dispatcher of a server,
 * with a step that waits instead of working, between half and one and a half times as long as it is told. It prints {@code UP} when it has its lease, {@code RUN id} when an event
 * begins if it is asked to tell, and answers each line of its input with {@code ENDED count cpu-seconds}; it ends with its
 * input.
 */
public final class BenchNode {
    static final RouteId ROUTE = new RouteId("bench");
    private static final int CONNECTIONS = 4;

    private final int capacity;
    private final Duration step;
    private final boolean tells;
    private final AtomicInteger ended = new AtomicInteger();

    private BenchNode(int capacity, Duration step, boolean tells) {
        this.capacity = capacity;
        this.step = step;
        this.tells = tells;
    }

    /** Arguments: URL, user, name, capacity, step in milliseconds, lease in milliseconds, {@code tell} or {@code quiet}. */
    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String password = in.readLine();
        if (password == null) {
            return;
        }
        DatabaseSettings reach = DatabaseSettings.of(arguments[0], arguments[1], new SecretText(password), arguments[2])
                .withMaxConnections(CONNECTIONS);
        new BenchNode(
                        Integer.parseInt(arguments[3]),
                        Duration.ofMillis(Long.parseLong(arguments[4])),
                        arguments[6].equals("tell"))
                .run(reach, arguments[2], Duration.ofMillis(Long.parseLong(arguments[5])), in);
    }

    private void run(DatabaseSettings reach, String name, Duration leaseTime, BufferedReader in) throws IOException {
        NodeIdentity identity = new NodeIdentity(new NodeName(name), UUID.randomUUID(), "bench", "127.0.0.1:0");
        try (Database database = new Database(reach);
                NodeLease lease = new NodeLease(database, identity, Optional.empty(), leaseTime);
                JdbcEventQueue queue = new JdbcEventQueue(database, EventQueueSettings.usual(), new SecureRandom());
                Takeover takeover = new Takeover(
                        database, lease, List.of(new ReturnClaims(database, queue)), leaseTime.dividedBy(2))) {
            lease.start();
            queue.start();
            takeover.start();
            EventDispatcher dispatcher = new EventDispatcher(
                    new EventDispatcher.Settings(capacity, capacity, Duration.ofSeconds(1), Path.of("/nonexistent")),
                    queue,
                    lease,
                    () -> 1);
            dispatcher.subscribe(ROUTE, capacity, this::waitInsteadOfWork);
            dispatcher.start();
            say("UP");
            ProcessCpu cpu = new ProcessCpu(ProcessHandle.current());
            while (in.readLine() != null) {
                say(String.format(Locale.ROOT, "ENDED %d %.2f", ended.get(), cpu.seconds()));
            }
            dispatcher.stop();
        }
    }

    private void waitInsteadOfWork(EventContext context) throws InterruptedException {
        if (tells) {
            say("RUN " + context.event().id());
        }
        // No two transfers take the same time; in step with one another they would share claims that real ones do not.
        TimeUnit.MILLISECONDS.sleep(
                step.dividedBy(2).toMillis() + ThreadLocalRandom.current().nextLong(step.toMillis() + 1));
        ended.incrementAndGet();
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /** Returns the claims of a dead boot to the queue. */
    private record ReturnClaims(Database database, JdbcEventQueue queue) implements TakeoverStep {
        @Override
        public String subject() {
            return "events";
        }

        @Override
        public int takeOver(DeadBoot dead) {
            return database.transaction(connection -> queue.releaseEpoch(connection, dead.epoch()));
        }
    }
}
