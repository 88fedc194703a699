package io.serai.endpoint.sftp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class SftpVolumeTest {
    private static final int MEGABYTES = 96;
    private static final long HEAP_GROWTH = 40L << 20;

    @TempDir
    Path folder;

    @Test
    void aLargeFileGoesThroughASmallHeap() throws Exception {
        try (SftpFixture server = new SftpFixture(folder)) {
            Path file = folder.resolve("large.bin");
            SplittableRandom random = new SplittableRandom(1);
            try (OutputStream out = Files.newOutputStream(file)) {
                byte[] block = new byte[1 << 20];
                for (int i = 0; i < MEGABYTES; i++) {
                    random.nextBytes(block);
                    out.write(block);
                }
            }
            MemoryPoolMXBean old = ManagementFactory.getMemoryPoolMXBeans().stream()
                    .filter(pool -> pool.isUsageThresholdSupported())
                    .max(Comparator.comparing(pool -> pool.getUsage().getMax()))
                    .orElseThrow();
            System.gc();
            old.resetPeakUsage();
            long before = old.getUsage().getUsed();

            OpenSsh client = new OpenSsh(server);
            OpenSsh.Outcome outcome = client.sftp("put large.bin large.bin", "get large.bin back.bin");
            assertThat(outcome.status()).as(outcome.output()).isZero();
            assertThat(Files.mismatch(file, folder.resolve("back.bin"))).isEqualTo(-1);
            assertThat(old.getPeakUsage().getUsed() - before).isLessThan(HEAP_GROWTH);
        }
    }

    @Test
    void makesClientsThatKnowAesGcmUseIt() throws Exception {
        try (SftpFixture server = new SftpFixture(folder)) {
            OpenSsh client = new OpenSsh(server);
            assertThat(cipher(client, List.of())).contains("cipher: aes128-gcm@openssh.com");
            assertThat(cipher(client, List.of("-c", "aes256-ctr"))).contains("cipher: aes256-ctr");
            assertThat(cipher(client, List.of("-c", "chacha20-poly1305@openssh.com,aes128-cbc")))
                    .contains("no matching cipher found");
        }
    }

    private String cipher(OpenSsh client, List<String> options) throws Exception {
        Process process = client.start(
                java.util.stream.Stream.concat(List.of("-v", "-o", "LogLevel=DEBUG1").stream(), options.stream())
                        .toList(),
                "pwd");
        return new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }
}
