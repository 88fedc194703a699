package io.serai.endpoint.sftp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.OpenSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class OpenSshClientTest {
    @TempDir
    Path folder;

    private SftpFixture server;
    private OpenSsh client;

    @BeforeEach
    void start() throws Exception {
        server = new SftpFixture(folder);
        client = new OpenSsh(server);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void uploadsListsRenamesDownloadsAndDeletes() throws Exception {
        byte[] content = random("local.bin", 3_000_000);
        OpenSsh.Outcome outcome = client.sftp(
                "mkdir inbox",
                "cd inbox",
                "put -p local.bin a.bin",
                "ls -l",
                "rename a.bin b.bin",
                "get b.bin back.bin",
                "put local.bin c.bin",
                "rm c.bin",
                "mkdir empty",
                "rmdir empty",
                "pwd");
        assertThat(outcome.status()).as(outcome.output()).isZero();
        assertThat(outcome.output()).contains("3000000").contains("a.bin").contains("/inbox");
        assertThat(Files.readAllBytes(folder.resolve("back.bin"))).isEqualTo(content);
        assertThat(server.account().file("/inbox/b.bin")).contains(content);
        assertThat(server.account().paths()).containsExactly("/inbox", "/inbox/b.bin");
        assertThat(server.account().arrivals()).containsExactly("/inbox/a.bin", "/inbox/c.bin");
        assertThat(server.account().downloads()).allMatch(download -> download.wasDelivered() && download.wasClosed());
    }

    @Test
    void keepsTheModificationTimeOfAnUpload() throws Exception {
        random("old.bin", 10);
        Files.setLastModifiedTime(
                folder.resolve("old.bin"),
                java.nio.file.attribute.FileTime.from(java.time.Instant.ofEpochSecond(1_000_000_000)));
        assertThat(client.sftp("put -p old.bin old.bin").status()).isZero();
        assertThat(server.account()
                        .attributes("/old.bin")
                        .orElseThrow()
                        .modified()
                        .getEpochSecond())
                .isEqualTo(1_000_000_000);
    }

    @Test
    void logsInByKeysOfEveryType() throws Exception {
        for (String type : List.of("ed25519", "ecdsa", "rsa")) {
            Path key = OpenSsh.keyPair(folder, type);
            server.partners.addAccount(
                    SftpFixture.USER, SftpFixture.PASSWORD, SftpFixture.publicKey(Path.of(key + ".pub")));
            OpenSsh.Outcome outcome = client.sftpWithKey(key, "pwd");
            assertThat(outcome.status()).as(type + outcome.output()).isZero();
        }
    }

    @Test
    void refusesAnUnknownKey() throws Exception {
        Path key = OpenSsh.keyPair(folder, "ed25519");
        OpenSsh.Outcome outcome = client.sftpWithKey(key, "pwd");
        assertThat(outcome.status()).isNotZero();
        assertThat(outcome.output()).contains("Permission denied");
    }

    @Test
    void aKilledUploadIsNotVisibleAndCanBeResumed() throws Exception {
        byte[] content = random("big.bin", 12_000_000);
        Process process = client.start(List.of("-l", "16000"), "put big.bin big.bin");
        await().atMost(Duration.ofSeconds(30)).until(() -> server.account().openUploads() == 1);
        await().pollDelay(Duration.ofMillis(300)).until(() -> true);
        killTree(process);
        await().atMost(Duration.ofSeconds(20)).until(() -> server.account().openUploads() == 0);
        assertThat(server.account().paths()).isEmpty();
        assertThat(server.account().arrivals()).isEmpty();
        byte[] part = server.account().part("/big.bin").orElseThrow();
        assertThat(part.length).isPositive().isLessThan(content.length);
        assertThat(part).isEqualTo(Arrays.copyOf(content, part.length));
        assertThat(client.sftp("ls").output()).doesNotContain("big.bin\n");

        OpenSsh.Outcome outcome = client.sftp("reput big.bin big.bin");
        assertThat(outcome.status()).as(outcome.output()).isZero();
        assertThat(server.account().file("/big.bin")).contains(content);
    }

    @Test
    void resumesADownload() throws Exception {
        byte[] content = random("big.bin", 2_000_000);
        server.account().putFile("/big.bin", content);
        Files.write(folder.resolve("half.bin"), Arrays.copyOf(content, 1_000_000));
        OpenSsh.Outcome outcome = client.sftp("reget big.bin half.bin");
        assertThat(outcome.status()).as(outcome.output()).isZero();
        assertThat(Files.readAllBytes(folder.resolve("half.bin"))).isEqualTo(content);
    }

    @Test
    void listsALargeFolder() throws Exception {
        for (int i = 0; i < 1050; i++) {
            server.account().putFile("/many/file-%04d.txt".formatted(i), new byte[0]);
        }
        OpenSsh.Outcome outcome = client.sftp("ls -1 many");
        assertThat(outcome.output().lines().filter(line -> line.contains("file-")))
                .hasSize(1050);
    }

    @Test
    void tellsTheAnsweringSideOfSessions() throws Exception {
        assertThat(client.sftp("pwd").status()).isZero();
        await().atMost(Duration.ofSeconds(10))
                .until(() -> server.partners.sessions().isEmpty());
        assertThat(server.partners.operations(OpenSession.class))
                .singleElement()
                .satisfies(open -> {
                    assertThat(open.origin().listener()).isEqualTo("test");
                    assertThat(open.origin().clientSoftware().orElseThrow()).startsWith("SSH-2.0-OpenSSH");
                });
        assertThat(server.partners.operations(CloseSession.class)).hasSize(1);
    }

    @Test
    void otherClientsUploadAndDownload() throws Exception {
        byte[] content = random("local.bin", 5_000_000);
        String url = "sftp://127.0.0.1:" + server.port();
        OpenSsh.Outcome curl = OpenSsh.run(
                List.of(
                        "curl",
                        "-sS",
                        "-k",
                        "-u",
                        SftpFixture.USER + ":" + SftpFixture.PASSWORD,
                        "-T",
                        "local.bin",
                        url + "/curl.bin"),
                folder);
        assertThat(curl.status()).as(curl.output()).isZero();
        assertThat(server.account().file("/curl.bin")).contains(content);
        OpenSsh.Outcome lftp = OpenSsh.run(
                List.of(
                        "lftp",
                        "-u",
                        SftpFixture.USER + "," + SftpFixture.PASSWORD,
                        "-e",
                        "set sftp:auto-confirm yes; set net:max-retries 1; put local.bin -o lftp.bin; get lftp.bin -o lftp.back; bye",
                        url),
                folder);
        assertThat(lftp.status()).as(lftp.output()).isZero();
        assertThat(server.account().file("/lftp.bin")).as(lftp.output()).contains(content);
        assertThat(Files.readAllBytes(folder.resolve("lftp.back"))).isEqualTo(content);
    }

    private byte[] random(String name, int bytes) throws Exception {
        byte[] content = new byte[bytes];
        new SplittableRandom(bytes).nextBytes(content);
        Files.write(folder.resolve(name), content);
        return content;
    }

    private static void killTree(Process process) throws Exception {
        List<ProcessHandle> tree = process.descendants().toList();
        tree.forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.waitFor(10, TimeUnit.SECONDS);
    }
}
