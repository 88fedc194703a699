package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What partners do with the clients that they have: upload, list, rename, download, delete, and resume both ways. After
 * each the ledger and the home agree. The same for whatever stands between them and the servers.
 */
interface ClientsContract {
    int SIZE = 3_000_000;
    int SLOW_SIZE = 6_000_000;
    int PART = 1_000_000;

    TestFolder folder();

    /** One that knows of all transfers and sees the homes. */
    RunningServer server();

    Partner acme();

    @Test
    default void opensshSftp() {
        Path file = folder().file("openssh", SIZE);
        acme().sftp("put " + file + " /outbox/o-1.csv\n").expectSuccess();
        expectUpload("/outbox/o-1.csv", file, "sftp");
        assertThat(acme().sftp("ls -l /outbox\n").expectSuccess().output())
                .contains("o-1.csv")
                .contains(Integer.toString(SIZE));
        acme().sftp("rename /outbox/o-1.csv /outbox/o-2.csv\n").expectSuccess();
        expectRenamed("o-1.csv", "o-2.csv", file);
        acme().sftp("get /outbox/o-2.csv " + file + ".back\n").expectSuccess();
        expectDownload("/outbox/o-2.csv", file, "sftp");
        acme().sftp("rm /outbox/o-2.csv\n").expectSuccess();
        assertThat(server().names("acme", "/outbox")).doesNotContain("o-2.csv");
        acme().sftp("get /outbox/o-2.csv " + file + ".none\n").expectFailure();
        acme().sftp("mkdir /outbox/sub\nrmdir /outbox/sub\n").expectSuccess();
    }

    @Test
    default void opensshSftpResumes() {
        Path file = folder().file("openssh-resumed", SLOW_SIZE);
        breakUpload("/outbox/r-1.bin", acme().startSftp("put " + file + " /outbox/r-1.bin\n", "-l", "8000"));
        acme().sftp("reput " + file + " /outbox/r-1.bin\n").expectSuccess();
        expectUpload("/outbox/r-1.bin", file, "sftp");
        breakDownload(file, acme().startSftp("get /outbox/r-1.bin " + file + ".back\n", "-l", "8000"));
        acme().sftp("reget /outbox/r-1.bin " + file + ".back\n").expectSuccess();
        assertSameBytes(file);
    }

    @Test
    default void lftpSftp() {
        Path file = folder().file("lftp-sftp", SIZE);
        acme().lftpSftp("put -O /outbox " + file + " -o ls-1.csv").expectSuccess();
        expectUpload("/outbox/ls-1.csv", file, "sftp");
        assertThat(acme().lftpSftp("cls -l /outbox").expectSuccess().output()).contains("ls-1.csv");
        acme().lftpSftp("mv /outbox/ls-1.csv /outbox/ls-2.csv").expectSuccess();
        expectRenamed("ls-1.csv", "ls-2.csv", file);
        acme().lftpSftp("get /outbox/ls-2.csv -o " + file + ".back").expectSuccess();
        expectDownload("/outbox/ls-2.csv", file, "sftp");
        acme().lftpSftp("rm /outbox/ls-2.csv").expectSuccess();
        assertThat(server().names("acme", "/outbox")).doesNotContain("ls-2.csv");
    }

    @Test
    default void lftpSftpResumes() {
        Path file = folder().file("lftp-sftp-resumed", SLOW_SIZE);
        String slow = "set net:limit-rate 1000000; ";
        breakUpload("/outbox/lsr.bin", acme().startLftpSftp(slow + "put -O /outbox " + file + " -o lsr.bin"));
        acme().lftpSftp("put -c -O /outbox " + file + " -o lsr.bin").expectSuccess();
        expectUpload("/outbox/lsr.bin", file, "sftp");
        breakDownload(file, acme().startLftpSftp(slow + "get /outbox/lsr.bin -o " + file + ".back"));
        acme().lftpSftp("get -c /outbox/lsr.bin -o " + file + ".back").expectSuccess();
        assertSameBytes(file);
    }

    @Test
    default void lftpFtps() {
        Path file = folder().file("lftp-ftps", SIZE);
        acme().lftpFtps("put -O /outbox " + file + " -o lf-1.csv").expectSuccess();
        expectUpload("/outbox/lf-1.csv", file, "ftps");
        assertThat(acme().lftpFtps("cls -l /outbox").expectSuccess().output()).contains("lf-1.csv");
        acme().lftpFtps("mv /outbox/lf-1.csv /outbox/lf-2.csv").expectSuccess();
        expectRenamed("lf-1.csv", "lf-2.csv", file);
        acme().lftpFtps("get /outbox/lf-2.csv -o " + file + ".back").expectSuccess();
        expectDownload("/outbox/lf-2.csv", file, "ftps");
        acme().lftpFtps("rm /outbox/lf-2.csv").expectSuccess();
        assertThat(server().names("acme", "/outbox")).doesNotContain("lf-2.csv");
    }

    @Test
    default void lftpFtpsResumes() {
        Path file = folder().file("lftp-ftps-resumed", SLOW_SIZE);
        String slow = "set net:limit-rate 1000000; ";
        breakUpload("/outbox/lfr.bin", acme().startLftpFtps(slow + "put -O /outbox " + file + " -o lfr.bin"));
        acme().lftpFtps("put -c -O /outbox " + file + " -o lfr.bin").expectSuccess();
        expectUpload("/outbox/lfr.bin", file, "ftps");
        breakDownload(file, acme().startLftpFtps(slow + "get /outbox/lfr.bin -o " + file + ".back"));
        acme().lftpFtps("get -c /outbox/lfr.bin -o " + file + ".back").expectSuccess();
        assertSameBytes(file);
    }

    @Test
    default void curlFtps() {
        Path file = folder().file("curl-ftps", SIZE);
        acme().curlFtps("/outbox/cf-1.csv", "-T", file.toString()).expectSuccess();
        expectUpload("/outbox/cf-1.csv", file, "ftps");
        assertThat(acme().curlFtps("/outbox/").expectSuccess().output()).contains("cf-1.csv");
        acme().curlFtps("/", "-Q", "RNFR /outbox/cf-1.csv", "-Q", "RNTO /outbox/cf-2.csv")
                .expectSuccess();
        expectRenamed("cf-1.csv", "cf-2.csv", file);
        acme().curlFtps("/outbox/cf-2.csv", "-o", file + ".back").expectSuccess();
        expectDownload("/outbox/cf-2.csv", file, "ftps");
        acme().curlFtps("/", "-Q", "DELE /outbox/cf-2.csv").expectSuccess();
        assertThat(server().names("acme", "/outbox")).doesNotContain("cf-2.csv");
        acme().curlFtpsImplicit("/outbox/cf-3.csv", "-T", file.toString()).expectSuccess();
        expectUpload("/outbox/cf-3.csv", file, "ftps");
    }

    @Test
    default void curlFtpsResumes() {
        Path file = folder().file("curl-ftps-resumed", SLOW_SIZE);
        breakUpload(
                "/outbox/cfr.bin",
                acme().startCurlFtps("/outbox/cfr.bin", "--limit-rate", "1M", "-T", file.toString()));
        acme().curlFtps("/outbox/cfr.bin", "-C", "-", "-T", file.toString()).expectSuccess();
        expectUpload("/outbox/cfr.bin", file, "ftps");
        breakDownload(file, acme().startCurlFtps("/outbox/cfr.bin", "--limit-rate", "1M", "-o", file + ".back"));
        acme().curlFtps("/outbox/cfr.bin", "-C", "-", "-o", file + ".back").expectSuccess();
        assertSameBytes(file);
    }

    @Test
    default void curlHttps() {
        Path file = folder().file("curl-https", SIZE);
        acme().curlHttps("/outbox/ch-1.csv", "-T", file.toString()).expectSuccess();
        expectUpload("/outbox/ch-1.csv", file, "https");
        assertThat(acme().curlHttps("/outbox/", "-H", "Accept: application/json")
                        .expectSuccess()
                        .output())
                .contains("ch-1.csv");
        assertThat(acme().curlHttps("/outbox/", "-H", "Accept: text/html")
                        .expectSuccess()
                        .output())
                .contains("<html")
                .contains("ch-1.csv");
        acme().curlHttps("/outbox/ch-1.csv", "-o", file + ".back").expectSuccess();
        expectDownload("/outbox/ch-1.csv", file, "https");
        acme().curlHttps("/outbox/ch-1.csv", "-X", "DELETE").expectSuccess();
        assertThat(server().names("acme", "/outbox")).doesNotContain("ch-1.csv");
        acme().curlHttps("/outbox/ch-1.csv", "-o", file + ".none").expectFailure();
    }

    @Test
    default void curlHttpsSendsAgainWhatBrokeAndResumesDownloads() {
        Path file = folder().file("curl-https-resumed", SLOW_SIZE);
        breakUpload(
                "/outbox/chr.bin",
                acme().startCurlHttps("/outbox/chr.bin", "--limit-rate", "1M", "-T", file.toString()));
        acme().curlHttps("/outbox/chr.bin", "-T", file.toString()).expectSuccess();
        expectUpload("/outbox/chr.bin", file, "https");
        breakDownload(file, acme().startCurlHttps("/outbox/chr.bin", "--limit-rate", "1M", "-o", file + ".back"));
        acme().curlHttps("/outbox/chr.bin", "-C", "-", "-o", file + ".back").expectSuccess();
        assertSameBytes(file);
    }

    private void expectUpload(String path, Path file, String protocol) {
        String sha256 = TestFolder.sha256(file);
        assertThat(server().file("acme", path)).hasSize(file.toFile().length());
        assertThat(TestFolder.sha256(server().file("acme", path))).isEqualTo(sha256);
        List<JsonNode> rows = rows("upload", path, "completed");
        assertThat(rows).as("completed uploads of %s", path).hasSize(1);
        JsonNode row = rows.get(0);
        assertThat(row.path("protocol").asText()).isEqualTo(protocol);
        assertThat(row.path("sizeBytes").asLong()).isEqualTo(file.toFile().length());
        assertThat(row.path("sha256").asText()).isEqualTo(sha256);
    }

    private void expectRenamed(String from, String to, Path file) {
        assertThat(server().names("acme", "/outbox")).contains(to).doesNotContain(from);
        assertThat(TestFolder.sha256(server().file("acme", "/outbox/" + to))).isEqualTo(TestFolder.sha256(file));
    }

    private void expectDownload(String path, Path file, String protocol) {
        assertSameBytes(file);
        await("the download's ledger row").atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            List<JsonNode> rows = rows("download", path, "completed");
            assertThat(rows).hasSize(1);
            assertThat(rows.get(0).path("protocol").asText()).isEqualTo(protocol);
            assertThat(rows.get(0).path("sizeBytes").asLong())
                    .isEqualTo(file.toFile().length());
        });
    }

    private void assertSameBytes(Path file) {
        assertThat(TestFolder.sha256(Path.of(file + ".back"))).isEqualTo(TestFolder.sha256(file));
    }

    /** Kills the client in the middle of an upload; nothing of it is visible. */
    private void breakUpload(String path, Tool.Running client) {
        await("bytes of " + path).atMost(Duration.ofSeconds(20)).until(() -> staged() >= PART);
        client.kill();
        await("the end of " + path)
                .atMost(Duration.ofSeconds(20))
                .until(() -> !rows("upload", path, "aborted").isEmpty());
        assertThat(rows("upload", path, "completed")).isEmpty();
        assertThat(Files.exists(server().file("acme", path))).isFalse();
    }

    private void breakDownload(Path file, Tool.Running client) {
        Path back = Path.of(file + ".back");
        await("bytes of " + back)
                .atMost(Duration.ofSeconds(20))
                .until(() -> Files.exists(back) && Files.size(back) >= PART);
        client.kill();
        assertThat(back.toFile().length()).isLessThan(file.toFile().length());
        // A client may have asked for more than it wrote; what it has is a beginning of the file.
        try (var out = Files.newByteChannel(back, StandardOpenOption.WRITE)) {
            out.truncate(PART);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private long staged() throws IOException {
        Path active = server().storage().resolve("staging").resolve("active");
        try (var files = Files.walk(active)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .max()
                    .orElse(0);
        }
    }

    private List<JsonNode> rows(String kind, String path, String state) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        return server().transfers("kind", kind, "state", state, "party", "acme", "name", name);
    }
}
