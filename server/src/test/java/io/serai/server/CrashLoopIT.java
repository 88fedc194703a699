package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The server is killed at random moments, some of them in the middle of its start, while partners upload by all three
 * protocols and a route delivers to OpenSSH's server. What a client was told is kept exactly; whose client was told
 * nothing arrives exactly once if the ledger has it, else never.
 */
@Tag("promise")
class CrashLoopIT {
    private static final int ROUNDS = Integer.getInteger("serai.crash.rounds", 25);
    private static final Duration CLIENT_LIMIT = Duration.ofSeconds(30);
    private static final Duration DRAIN_LIMIT = Duration.ofMinutes(3);

    private final Map<String, Sent> sent = new ConcurrentHashMap<>();
    private final List<String> partials = new CopyOnWriteArrayList<>();
    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicInteger numbers = new AtomicInteger();
    private final AtomicInteger told = new AtomicInteger();

    /** A file that a client tried to upload; it is in the map from before its first byte. */
    private record Sent(String sha256, long sizeBytes, Outcome outcome) {}

    private enum Outcome {
        RUNNING,
        OK,
        NOT_TOLD
    }

    @Test
    void keepsEveryPromiseWhenTheServerIsKilledAgainAndAgain() throws InterruptedException {
        try (TestFolder folder = new TestFolder("crash");
                Sshd receiver = new Sshd(folder);
                RunningServer server = RunningServer.start(folder, "server", Map.of(), RunningServer.BRIEF)) {
            Partner acme = Partner.of(server, folder, "acme");
            server.apply(Map.of("site.yaml", receiver.site("receiver")));
            server.applyRoute("deliver", """
                    - route:
                        id: deliver
                        from:
                          uri: arrival:acme/outbox
                          steps:
                            - to: site:receiver
                    """);
            List<Thread> load = List.of(
                    new Thread(() -> upload(
                            folder,
                            "s",
                            (file, name) ->
                                    acme.startSftp("put " + file + " /outbox/" + name + "\n", "-oConnectTimeout=5"))),
                    new Thread(() -> upload(
                            folder, "f", (file, name) -> acme.startCurlFtps("/outbox/" + name, "-T", file.toString()))),
                    new Thread(() -> upload(
                            folder,
                            "h",
                            (file, name) -> acme.startCurlHttps("/outbox/" + name, "-T", file.toString()))),
                    new Thread(() -> watch(server.file("acme", "/outbox"))));
            load.forEach(Thread::start);
            try {
                for (int round = 0; round < ROUNDS; round++) {
                    awaitUploads(1 + folder.random(5));
                    pause(folder.random(1500));
                    server.kill();
                    if (folder.random(5) == 0) {
                        server.launch();
                        pause(500 + folder.random(3000));
                        server.kill();
                    }
                    server.start();
                }
                pause(1000);
            } finally {
                end.countDown();
                for (Thread thread : load) {
                    thread.join();
                }
            }
            server.awaitNoEvents(DRAIN_LIMIT);
            checkEverything(server, receiver);
        }
    }

    private interface Client {
        Tool.Running start(Path file, String name);
    }

    private void upload(TestFolder folder, String prefix, Client client) {
        while (end.getCount() > 0) {
            String name = prefix + "-" + numbers.incrementAndGet() + ".bin";
            int size = folder.random(4) == 0 ? folder.random(3_000_000) : folder.random(100_000);
            Path file = folder.file(name, size);
            String sha256 = TestFolder.sha256(file);
            sent.put(name, new Sent(sha256, size, Outcome.RUNNING));
            boolean ok = client.start(file, name).await(CLIENT_LIMIT).ok();
            told.addAndGet(ok ? 1 : 0);
            sent.put(name, new Sent(sha256, size, ok ? Outcome.OK : Outcome.NOT_TOLD));
            if (!file.toFile().delete()) {
                throw new IllegalStateException(file + " cannot be deleted");
            }
            if (!ok) {
                pause(500);
            }
        }
    }

    /** Looks at the home all the time: whatever is visible is complete. */
    private void watch(Path outbox) {
        while (end.getCount() > 0) {
            String[] names = outbox.toFile().list();
            for (String name : names == null ? new String[0] : names) {
                Sent file = sent.get(name);
                long size = outbox.resolve(name).toFile().length();
                if (file == null || size != file.sizeBytes()) {
                    partials.add(name + " with " + size + " bytes of " + file);
                }
            }
            pause(20);
        }
    }

    /** However slow the machine is, every round has work to lose. */
    private void awaitUploads(int count) {
        int enough = told.get() + count;
        await("uploads that succeed").atMost(CLIENT_LIMIT.multipliedBy(3)).until(() -> told.get() >= enough);
    }

    /** Shorter when the load ends. */
    @SuppressWarnings("ReturnValueIgnored")
    private void pause(int milliseconds) {
        try {
            end.await(milliseconds, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void checkEverything(RunningServer server, Sshd receiver) {
        Map<String, Long> completed = server.transfers("kind", "upload", "state", "completed").stream()
                .collect(Collectors.groupingBy(CrashLoopIT::name, TreeMap::new, Collectors.counting()));
        Map<String, Long> renamed = receiver.renamedTo().stream()
                .collect(Collectors.groupingBy(name -> name, TreeMap::new, Collectors.counting()));
        System.out.printf(
                "crash: %d rounds, %d files, %d told OK, %d not told, of these %d arrived%n",
                ROUNDS,
                sent.size(),
                sent.values().stream()
                        .filter(file -> file.outcome() == Outcome.OK)
                        .count(),
                sent.values().stream()
                        .filter(file -> file.outcome() != Outcome.OK)
                        .count(),
                renamed.keySet().stream()
                        .filter(name -> sent.get(name) != null && sent.get(name).outcome() != Outcome.OK)
                        .count());
        assertThat(partials).as("what was visible before it was complete").isEmpty();
        assertThat(completed.values()).as("completed uploads a name").allMatch(count -> count == 1);
        sent.forEach((name, file) -> {
            if (file.outcome() == Outcome.OK) {
                assertThat(completed).as("the ledger's completed uploads").containsKey(name);
            }
        });
        assertThat(renamed.keySet()).as("what arrived").isEqualTo(completed.keySet());
        assertThat(renamed)
                .as("how often each file arrived")
                .allSatisfy((name, count) -> assertThat(count).as(name).isOne());
        completed.keySet().forEach(name -> {
            assertThat(TestFolder.sha256(receiver.inbox().resolve(name)))
                    .as(name)
                    .isEqualTo(sent.get(name).sha256());
            assertThat(TestFolder.sha256(server.file("acme", "/outbox/" + name)))
                    .as("%s in the home", name)
                    .isEqualTo(sent.get(name).sha256());
        });
        assertThat(server.names("acme", "/outbox")).containsExactlyInAnyOrderElementsOf(completed.keySet());
        assertThat(receiver.names()).containsExactlyInAnyOrderElementsOf(completed.keySet());
        assertThat(server.transfers("state", "running")).isEmpty();
    }

    private static String name(JsonNode transfer) {
        return Path.of(transfer.path("path").asText()).getFileName().toString();
    }
}
