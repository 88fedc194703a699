package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A file far larger than the heap comes in by SFTP, is compressed and goes out by FTPS. */
@Tag("paired")
class LargeFileIT {
    private static final long SIZE = Long.getLong("serai.large.bytes", 2L << 30);
    private static final int BLOCK = 1 << 20;

    @Test
    void passesThroughASmallHeap() throws IOException {
        try (TestFolder folder = new TestFolder("large");
                RunningServer ours = RunningServer.start(folder, "ours", Map.of());
                RunningServer theirs = RunningServer.start(folder, "theirs", Map.of())) {
            Partner acme = Partner.of(ours, folder, "acme");
            Partner.of(theirs, folder, "hanse", "/in");
            ours.apply(Map.of(
                    "site.yaml", """
                    kind: Site
                    name: bank
                    spec:
                      protocol: ftps
                      host: 127.0.0.1
                      port: %d
                      user: hanse
                      password: "%s"
                      trust: ["%s"]
                    """.formatted(theirs.port("ftps"), Partner.PASSWORD, theirs.trustLine("ftps"))));
            ours.applyRoute("large", """
                    - route:
                        id: large
                        from:
                          uri: arrival:acme/outbox
                          steps:
                            - marshal:
                                gzipDeflater: {}
                            - to:
                                uri: site:bank
                                parameters: { path: /in, fileName: "${header.CamelSeraiFileName}.gz" }
                    """);
            Path file = partlyRandom(folder.resolve("large.bin"));
            acme.startSftp("put " + file + " /outbox/large.bin\n")
                    .await(Duration.ofMinutes(5))
                    .expectSuccess();
            Path arrived = theirs.file("hanse", "/in/large.bin.gz");
            await("the delivery")
                    .atMost(Duration.ofMinutes(6))
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> Files.exists(arrived));
            ours.awaitNoEvents(Duration.ofMinutes(1));
            try (InputStream in = new GZIPInputStream(Files.newInputStream(arrived), 65_536)) {
                assertThat(TestFolder.sha256(in)).isEqualTo(TestFolder.sha256(file));
            }
            assertThat(ours.log()).doesNotContain("OutOfMemoryError");
        }
    }

    /** Every eighth block is random, the others are zeros: large on both ways, and compressed in bearable time. */
    private static Path partlyRandom(Path file) throws IOException {
        Random random = new Random(SIZE);
        byte[] noise = new byte[BLOCK];
        byte[] zeros = new byte[BLOCK];
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long block = 0; block < SIZE / BLOCK; block++) {
                if (block % 8 == 0) {
                    random.nextBytes(noise);
                }
                out.write(block % 8 == 0 ? noise : zeros);
            }
        }
        return file;
    }
}
