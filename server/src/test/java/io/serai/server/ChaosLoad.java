package io.serai.server;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Partners who upload all the time, a partner's shop whose files are pulled, and an eye on what is visible. */
final class ChaosLoad {
    private static final Duration CLIENT_LIMIT = Duration.ofSeconds(60);

    private final TestFolder folder;
    private final Map<String, Partner> ways;
    private final Path home;
    private final Path shop;
    private final Map<String, Sent> sent = new ConcurrentHashMap<>();
    private final Map<String, String> offered = new ConcurrentHashMap<>();
    private final List<String> partials = new CopyOnWriteArrayList<>();
    private final List<Throwable> failures = new CopyOnWriteArrayList<>();
    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicInteger numbers = new AtomicInteger();
    private final List<Thread> threads = new ArrayList<>();

    /** A file that a client tried to upload; it is in the map from before its first byte. */
    record Sent(String sha256, long sizeBytes, boolean ok, String client) {}

    private interface Client {
        Tool.Running start(Partner partner, Path file, String name);
    }

    /** @param ways the partner, as he comes by each way; its name is a part of the names of the files */
    ChaosLoad(TestFolder folder, Map<String, Partner> ways, Path home, Path shop) {
        this.folder = folder;
        this.ways = Map.copyOf(ways);
        this.home = home;
        this.shop = shop;
    }

    /** The names of the ways that the partner comes by. */
    List<String> ways() {
        return List.copyOf(ways.keySet());
    }

    void start() {
        run(() -> upload(
                "sftp",
                (partner, file, name) -> partner.startSftp(
                        "put " + file + " /outbox/" + name + "\n",
                        "-oConnectTimeout=8",
                        "-oServerAliveInterval=5",
                        "-oServerAliveCountMax=4")));
        run(() ->
                upload("lftp", (partner, file, name) -> partner.startLftpFtps("put " + file + " -o /outbox/" + name)));
        run(() -> upload(
                "curl",
                (partner, file, name) -> partner.startCurlFtps("/outbox/" + name, "-m", "50", "-T", file.toString())));
        run(this::offer);
        run(this::watch);
    }

    private void run(Runnable body) {
        Runnable noted = () -> {
            try {
                body.run();
            } catch (RuntimeException | Error e) {
                failures.add(e);
            }
        };
        Thread thread = new Thread(noted, "chaos-load");
        threads.add(thread);
        thread.start();
    }

    void stop() throws InterruptedException {
        end.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
    }

    Map<String, Sent> sent() {
        return sent;
    }

    /** The files that lay in the shop, with their checksums. */
    Map<String, String> offered() {
        return offered;
    }

    /** What broke a thread of the load. */
    List<Throwable> failures() {
        return failures;
    }

    /** Whether all its threads go on, and none saw anything that was not complete. */
    boolean isSound() {
        return failures.isEmpty() && partials.isEmpty();
    }

    List<String> partials() {
        return partials;
    }

    private void upload(String client, Client starter) {
        while (end.getCount() > 0) {
            String way = ways().get(folder.random(ways.size()));
            String name = client + "-" + way + "-" + numbers.incrementAndGet() + ".bin";
            int size = folder.random(4) == 0 ? folder.random(3_000_000) : folder.random(100_000);
            Path file = folder.file(name, size);
            String sha256 = TestFolder.sha256(file);
            sent.put(name, new Sent(sha256, size, false, "running"));
            Tool.Result result = starter.start(ways.get(way), file, name).await(CLIENT_LIMIT);
            sent.put(name, new Sent(sha256, size, result.ok(), result.status() + " " + result.output()));
            if (!file.toFile().delete()) {
                throw new IllegalStateException(file + " cannot be deleted");
            }
            pause(result.ok() ? 100 : 500);
        }
    }

    private void offer() {
        while (end.getCount() > 0) {
            Path file = folder.file("shop-" + numbers.incrementAndGet(), folder.random(200_000));
            offered.put(file.getFileName().toString(), TestFolder.sha256(file));
            ChaosIT.offer(file, shop);
            pause(1_500);
        }
    }

    /** Whatever is visible is complete. */
    private void watch() {
        while (end.getCount() > 0) {
            String[] names = home.toFile().list();
            for (String name : names == null ? new String[0] : names) {
                Sent file = sent.get(name);
                long size = home.resolve(name).toFile().length();
                if (file == null || size != file.sizeBytes()) {
                    partials.add(name + " with " + size + " bytes of " + file);
                }
            }
            pause(50);
        }
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
}
