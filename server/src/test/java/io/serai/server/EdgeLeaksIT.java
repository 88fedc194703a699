package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** After partners have worked through an edge, neither its disk nor its memory tells of them. */
@Tag("paired")
class EdgeLeaksIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final String ACCOUNT = "zephyrine";
    private static final String NAME = "quarterly-figures";
    /** No needle has more bytes. */
    private static final int LONGEST = 128;

    /** Threads of the collector, event loops and arenas of buffers, as on a larger machine. */
    private static final String PROCESSORS = "-XX:ActiveProcessorCount=8";

    private static final String CONTENT = "what only the partner and we may read;";

    @Test
    void nothingOfPartnersIsLeft() throws Exception {
        int link = ClusterDatabase.freePort();
        Map<String, Integer> ports = new TreeMap<>();
        List.of("sftp", "ftps", "https").forEach(name -> ports.put(name, ClusterDatabase.freePort()));
        try (TestFolder folder = new TestFolder("edge-leaks");
                RunningServer server = RunningServer.start(folder, "server", Map.of());
                EdgeProcess edge = new EdgeProcess(folder.resolve("edge1"), "127.0.0.1:" + link)) {
            server.apply(Map.of("zone.yaml", zone(link, ports)));
            edge.options(PROCESSORS)
                    .start(server.admin()
                            .post("/api/v1/edges/edge1/enrolment", Map.of("valid", "10m"))
                            .path("code")
                            .asText());
            await("the edge; " + edge.log())
                    .atMost(LIMIT)
                    .until(() -> server.admin()
                                    .get("/api/v1/edges")
                                    .path("edges")
                                    .path(0)
                                    .path("configuration")
                                    .asText()
                                    .length()
                            == 64);
            Partner partner = Partner.of(server, folder, ACCOUNT).at(ports);
            Path file = Files.writeString(folder.resolve("content"), CONTENT.repeat(40_000));
            for (int round = 0; round < Integer.getInteger("serai.leak.rounds", 2); round++) {
                load(partner, file, round);
            }
            assertThat(foundInMemory(edge.pid()))
                    .as("while partners are there")
                    .containsKeys("account", "content", "file name", "password");
            await("the end of all sessions")
                    .atMost(LIMIT)
                    .until(() -> server.admin()
                                    .get("/api/v1/edges")
                                    .path("edges")
                                    .path(0)
                                    .path("sessions")
                                    .asInt()
                            == 0);

            assertThat(files(edge.home())).containsOnlyKeys("keys/link.pem", "keys/servers");
            assertThat(files(edge.temporary())).isEmpty();
            files(edge.home()).forEach((name, bytes) -> expectNothing(name, found(bytes)));
            expectNothing("its log", found(Files.readAllBytes(edge.log())));
            await("a memory without partners")
                    .atMost(LIMIT)
                    .pollInterval(Duration.ofSeconds(5))
                    .untilAsserted(() -> expectNothing("its memory", foundInMemory(edge.pid())));
        }
    }

    private static String zone(int link, Map<String, Integer> ports) {
        StringBuilder text = new StringBuilder("""
                kind: Zone
                name: dmz
                spec:
                  edges: [{name: edge1, addresses: ["127.0.0.1:%d"]}]
                  listeners:
                """.formatted(link));
        ports.forEach((name, port) -> text.append(
                "    - {name: %s, protocol: %s, address: 127.0.0.1, port: %d}\n".formatted(name, name, port)));
        return text.toString();
    }

    private static void load(Partner partner, Path file, int round) {
        String path = "/outbox/" + NAME + "-" + round;
        partner.sftp("put " + file + " " + path + "\nget " + path + " /dev/null\nls -l /outbox\n")
                .expectSuccess();
        partner.sftpByPassword("put " + file + " " + path + "-p\n").expectSuccess();
        partner.curlFtps(path + "-f", "-T", file.toString()).expectSuccess();
        partner.curlFtps(path + "-f", "-o", "/dev/null").expectSuccess();
        partner.curlHttps(path + "-h", "-T", file.toString()).expectSuccess();
        partner.curlHttps(path + "-h", "-o", "/dev/null").expectSuccess();
        partner.curlHttps(path + "-wrong", "-u", ACCOUNT + ":" + Partner.PASSWORD + "x")
                .expectFailure();
    }

    // ---- searching ----

    private static Map<String, byte[]> needles() {
        Map<String, byte[]> needles = new LinkedHashMap<>();
        String basic = Base64.getEncoder()
                .encodeToString((ACCOUNT + ":" + Partner.PASSWORD).getBytes(StandardCharsets.ISO_8859_1));
        Map.of(
                        "account", ACCOUNT,
                        "password", Partner.PASSWORD,
                        "credentials", basic,
                        "file name", NAME,
                        "content", "only the partner")
                .forEach((what, text) -> {
                    needles.put(what, text.getBytes(StandardCharsets.ISO_8859_1));
                    needles.put(what + " (UTF-16)", text.getBytes(StandardCharsets.UTF_16LE));
                    needles.put(what + " (char[])", text.getBytes(StandardCharsets.UTF_16BE));
                });
        return needles;
    }

    private static void expectNothing(String place, Map<String, Integer> found) {
        assertThat(found).as("of partners in %s", place).isEmpty();
    }

    private static Map<String, Integer> found(byte[] bytes) {
        Map<String, Integer> found = new TreeMap<>();
        count(bytes, bytes.length, found);
        return found;
    }

    private static void count(byte[] bytes, int length, Map<String, Integer> found) {
        needles().forEach((what, needle) -> {
            int at = indexOf(bytes, length, needle, 0);
            while (at >= 0) {
                found.merge(what, 1, Integer::sum);
                at = indexOf(bytes, length, needle, at + needle.length);
            }
        });
    }

    private static int indexOf(byte[] bytes, int length, byte[] needle, int from) {
        for (int i = from; i <= length - needle.length; i++) {
            int j = 0;
            while (j < needle.length && bytes[i + j] == needle[j]) {
                j++;
            }
            if (j == needle.length) {
                return i;
            }
        }
        return -1;
    }

    private static Map<String, byte[]> files(Path folder) {
        Map<String, byte[]> all = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                all.put(folder.relativize(file).toString(), Files.readAllBytes(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    /** All that the process can write to, whether anybody still uses it or not. */
    private static Map<String, Integer> foundInMemory(long pid) throws IOException {
        Map<String, Integer> found = new TreeMap<>();
        try (RandomAccessFile memory = new RandomAccessFile("/proc/" + pid + "/mem", "r")) {
            for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/maps"))) {
                if (line.matches("[0-9a-f]+-[0-9a-f]+ rw.*")) {
                    String[] ends = line.substring(0, line.indexOf(' ')).split("-");
                    countIn(memory, Long.parseUnsignedLong(ends[0], 16), Long.parseUnsignedLong(ends[1], 16), found);
                }
            }
        }
        return found;
    }

    private static void countIn(RandomAccessFile memory, long from, long to, Map<String, Integer> found)
            throws IOException {
        byte[] block = new byte[1 << 20];
        int kept = 0;
        for (long at = from; at < to; ) {
            memory.seek(at);
            int read;
            try {
                read = memory.read(block, kept, (int) Math.min(block.length - kept, to - at));
            } catch (IOException e) { // what has been given back to the system meanwhile
                return;
            }
            if (read <= 0) {
                return;
            }
            at += read;
            count(block, kept + read, found);
            // What may be the beginning of a needle, and no whole one.
            int length = kept + read;
            kept = Math.min(length, LONGEST - 1);
            System.arraycopy(block, length - kept, block, 0, kept);
        }
    }
}
