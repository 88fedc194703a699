package io.serai.server.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import io.serai.server.client.ServerProcess;
import io.serai.server.node.NodeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** Small files end to end: uploaded by one SFTP session, routed, delivered by SFTP to a second server. */
final class SmallFilesBench {
    private static final int SIZE_BYTES = 4096;
    /** The first ones are slower, as nothing is compiled yet; they don't count. */
    private static final int WARM_UP = 300;

    private static final Duration LIMIT = Duration.ofMinutes(10);

    private final Path folder;
    private final int count;
    private final PrintWriter out;

    SmallFilesBench(Path folder, int count, PrintWriter out) {
        this.folder = folder;
        this.count = count;
        this.out = out;
    }

    void run() throws IOException {
        Path sources = makeFiles("small", count);
        int early = Math.min(count, WARM_UP);
        Path earlySources = makeFiles("early", early);
        SftpClient sftp = SftpClient.in(Files.createDirectory(folder.resolve("partner")));
        String publicKey = sftp.publicKey();
        try (ServerProcess target =
                        ServerProcess.start(folder.resolve("target"), BenchServer.JAVA, BenchServer.SETTINGS);
                ServerProcess serai =
                        ServerProcess.start(folder.resolve("source"), BenchServer.JAVA, BenchServer.SETTINGS)) {
            NodeFile targetNode = target.awaitUp(Duration.ofMinutes(2));
            NodeFile node = serai.awaitUp(Duration.ofMinutes(2));
            AdminClient admin = AdminClient.of(serai.home(), Map.of());
            configure(AdminClient.of(target.home(), Map.of()), targetNode, admin, publicKey);
            upload(sftp, earlySources, BenchServer.port(node, "sftp"));
            awaitDelivered(admin, early);
            ProcessCpu cpu = new ProcessCpu(serai.process().toHandle());
            double cpuBefore = cpu.seconds();
            long begin = System.nanoTime();
            upload(sftp, sources, BenchServer.port(node, "sftp"));
            double uploaded = (System.nanoTime() - begin) / 1e9;
            awaitDelivered(admin, early + count);
            double delivered = (System.nanoTime() - begin) / 1e9;
            out.printf(
                    Locale.ROOT,
                    "%d files of %d bytes by one session: acknowledged %.0f files/s, end to end %.0f files/s, %.2f ms CPU"
                            + " per file (server and its database)%n",
                    count,
                    SIZE_BYTES,
                    count / uploaded,
                    count / delivered,
                    1000 * (cpu.seconds() - cpuBefore) / count);
            out.flush();
        }
    }

    private Path makeFiles(String name, int number) throws IOException {
        Path sources = Files.createDirectories(folder.resolve(name));
        SecureRandom random = new SecureRandom();
        byte[] content = new byte[SIZE_BYTES];
        for (int i = 0; i < number; i++) {
            random.nextBytes(content);
            Files.write(sources.resolve(name + i + ".dat"), content);
        }
        return sources;
    }

    private static void configure(AdminClient target, NodeFile targetNode, AdminClient admin, String publicKey) {
        BenchServer.apply(target, """
                kind: Account
                name: receiver
                spec:
                  password: "bench-only-on-loopback"
                  folders: [/in]
                """);
        BenchServer.apply(admin, """
                kind: Account
                name: sender
                spec:
                  publicKeys: ["%s"]
                  folders: [/out]
                ---
                kind: Site
                name: receiver
                spec:
                  protocol: sftp
                  host: 127.0.0.1
                  port: %d
                  user: receiver
                  password: "bench-only-on-loopback"
                  maxParallel: 8
                """.formatted(publicKey, BenchServer.port(targetNode, "sftp")));
        JsonNode identities = admin.post("/api/v1/sites/receiver/probe", null).path("identities");
        List<String> expected = BenchServer.listener(targetNode, "sftp").fingerprints();
        for (JsonNode identity : identities) {
            String fingerprint = identity.path("fingerprint").asText();
            if (expected.contains(fingerprint)) {
                admin.post("/api/v1/sites/receiver/trust", Map.of("fingerprint", fingerprint));
                break;
            }
        }
        BenchServer.apply(admin, "small.yaml", """
                - route:
                    id: small
                    from:
                      uri: arrival:sender/out
                      parameters:
                        maxInFlight: 8
                      steps:
                        - to: site:receiver?path=/in
                """);
    }

    private static void upload(SftpClient sftp, Path sources, int port) throws IOException {
        sftp.run(port, "sender", "put " + sources + "/*.dat /out/");
    }

    private static void awaitDelivered(AdminClient admin, int number) throws IOException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (System.nanoTime() < deadline) {
            JsonNode last = admin.get(
                            "/api/v1/transfers",
                            Map.of(
                                    "kind",
                                    "delivery",
                                    "state",
                                    "completed",
                                    "limit",
                                    "1",
                                    "offset",
                                    Integer.toString(number - 1)))
                    .path("transfers");
            if (!last.isEmpty()) {
                return;
            }
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
        throw new IOException(
                "not all of " + number + " files were delivered within " + LIMIT.toMinutes() + " minutes");
    }
}
