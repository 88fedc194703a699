package io.serai.edge.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.object.Protocol;
import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.PartnerOperation.AskUpload;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.ResumeSession;
import io.serai.endpoint.ftp.RawFtpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real clients at an edge whose servers die, drain and come: what they notice of it, and what they do not. */
@Timeout(90)
class MovingSessionsTest extends DyingServers {
    private static final int BYTES = 12_000_000;

    // ---- clients ----

    /** A client under way, whose batch waits where it says {@link #waitFor}. */
    private record Client(Process process, Path said) implements AutoCloseable {
        String ended(int status) throws Exception {
            assertThat(process.waitFor(40, TimeUnit.SECONDS)).as("it ends").isTrue();
            String output = Files.readString(said);
            assertThat(process.exitValue()).as(output).isEqualTo(status);
            return output;
        }

        @Override
        public void close() throws Exception {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            process.waitFor(10, TimeUnit.SECONDS);
        }
    }

    private String waitFor(String file) {
        return "!sh -c 'touch " + folder.resolve(file + ".asked") + "; while [ ! -e " + folder.resolve(file)
                + " ]; do sleep 0.05; done'";
    }

    private void awaitAsked(String file) {
        await().atMost(SOON).until(() -> Files.exists(folder.resolve(file + ".asked")));
    }

    private void go(String file) throws Exception {
        Files.createFile(folder.resolve(file));
    }

    private Client sftp(List<String> more, String... commands) throws Exception {
        Path batch = Files.write(Files.createTempFile(folder, "batch", ".txt"), List.of(commands));
        List<String> command = new ArrayList<>(List.of("sshpass", "-p", "open-sesame", "sftp"));
        command.addAll(more);
        command.addAll(ClientProgram.sshOptions(edge.port(Protocol.SFTP)));
        command.addAll(List.of("-o", "PubkeyAuthentication=no", "-o", "BatchMode=no"));
        command.addAll(List.of("-b", batch.toString(), "acme@127.0.0.1"));
        return client(command);
    }

    private Client client(List<String> command) throws Exception {
        Path said = Files.createTempFile(folder, "said", ".txt");
        return new Client(ClientProgram.start(folder, command, said), said);
    }

    private Client curl(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "-v", "-4", "--max-time", "60", "--cacert"));
        command.addAll(List.of(edge.certificate().toString(), "-u", "acme:open-sesame"));
        command.addAll(Arrays.asList(arguments));
        return client(command);
    }

    private byte[] random(String name) throws Exception {
        byte[] content = new byte[BYTES];
        new SplittableRandom(7).nextBytes(content);
        Files.write(folder.resolve(name), content);
        return content;
    }

    private long storedBytes() throws Exception {
        try (var files = Files.list(storage)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    private void awaitUploading() {
        await().atMost(SOON).until(() -> acme.openUploads() == 1 && storedBytes() > 1_000_000);
    }

    private void assertOneLoginWentOn() {
        assertThat(atFirst.operations(OpenSession.class)).hasSize(1);
        assertThat(atSecond.operations(OpenSession.class)).isEmpty();
        assertThat(atSecond.operations(ResumeSession.class)).hasSize(1);
    }

    private void awaitNoSessions() {
        await().atMost(SOON)
                .until(() ->
                        edge.partners.sessionCount() == 0 && atSecond.sessions().isEmpty());
    }

    // ---- sessions ----

    @Test
    void anIdleSessionGoesOnWhereItsServerDies() throws Exception {
        random("small.bin");
        try (Client client = sftp(List.of(), "mkdir in", waitFor("go"), "put small.bin in/a", "ls in")) {
            awaitAsked("go");
            second();
            first.die();
            await().atMost(SOON).until(() -> atSecond.sessions().size() == 1);
            go("go");
            assertThat(client.ended(0)).contains("in/a");
        }
        assertOneLoginWentOn();
        assertThat(acme.arrivals()).containsExactly("/in/a");
        awaitNoSessions();
    }

    @Test
    void whatIsAskedWhileNoServerIsThereWaitsForOne() throws Exception {
        try (Client client = sftp(List.of(), "mkdir in", waitFor("go"), "ls in", "mkdir in/more")) {
            awaitAsked("go");
            first.die();
            go("go");
            second();
            client.ended(0);
        }
        assertOneLoginWentOn();
        assertThat(acme.paths()).containsExactly("/in", "/in/more");
    }

    @Test
    void aSessionEndsWhenNoServerComes() throws Exception {
        try (Client client = sftp(List.of(), "mkdir in", waitFor("go"), "ls in")) {
            awaitAsked("go");
            long began = System.nanoTime();
            first.die();
            await().atMost(SOON).until(() -> edge.partners.sessionCount() == 0);
            assertThat(Duration.ofNanos(System.nanoTime() - began))
                    .isBetween(EdgeUnderTest.WITHOUT_A_SERVER, EdgeUnderTest.WITHOUT_A_SERVER.plusSeconds(3));
            go("go");
            assertThat(client.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(client.process().exitValue()).isNotZero();
        }
    }

    @Test
    void aDrainedServerIsLeftAndAsksNobodyAnyMore() throws Exception {
        random("small.bin");
        try (Client client = sftp(List.of(), "mkdir in", waitFor("go"), "put small.bin in/a")) {
            awaitAsked("go");
            second();
            first.service.drain();
            await().atMost(SOON).until(() -> first.service.sessionCount() == 0);
            assertThat(atFirst.operations(CloseSession.class)).hasSize(1);
            go("go");
            client.ended(0);
        }
        assertOneLoginWentOn();
        assertThat(acme.file("/in/a")).isPresent();
    }

    @Test
    void aServerThatLetsGoHandsADownloadOn() throws Exception {
        ServerUnderTest second = inReserve();
        byte[] content = random("big.bin");
        acme.putFile("/big.bin", content);
        try (Client client = sftp(List.of("-l", "48000"), "get big.bin back.bin")) {
            await().atMost(SOON).until(() -> size("back.bin") > 500_000);
            second.service.undrain();
            first.service.drain();
            first.service.letGo(sessions -> assertThat(sessions).hasSize(1));
            client.ended(0);
        }
        assertThat(folder.resolve("back.bin")).hasBinaryContent(content);
        assertOneLoginWentOn();
    }

    @Test
    void aSessionWhoseLinkComesAgainGoesOnAtTheSameServer() throws Exception {
        try (Client client = sftp(List.of(), "mkdir in", waitFor("go"), "ls in", "mkdir in/more")) {
            awaitAsked("go");
            edge.breakLinks();
            go("go");
            client.ended(0);
        }
        assertThat(atFirst.operations(OpenSession.class)).hasSize(1);
        assertThat(atFirst.operations(ResumeSession.class))
                .as("the server has it still, and asks for its place")
                .hasSize(1);
        assertThat(acme.paths()).containsExactly("/in", "/in/more");
    }

    // ---- files ----

    private long size(String name) {
        return folder.resolve(name).toFile().length();
    }

    @Test
    void aDownloadGoesOnWhereItsServerDies() throws Exception {
        ServerUnderTest second = inReserve();
        byte[] content = random("big.bin");
        acme.putFile("/big.bin", content);
        try (Client client = sftp(List.of("-l", "48000"), "get big.bin back.bin")) {
            await().atMost(SOON).until(() -> size("back.bin") > 500_000);
            second.service.undrain();
            first.die();
            client.ended(0);
        }
        assertThat(folder.resolve("back.bin")).hasBinaryContent(content);
        assertOneLoginWentOn();
        assertThat(atSecond.operations(OpenDownload.class)).hasSize(1);
    }

    @Test
    void downloadsByFtpsAndHttpsGoOn() throws Exception {
        ServerUnderTest second = inReserve();
        byte[] content = random("big.bin");
        acme.putFile("/big.bin", content);
        try (Client ftps = curl(
                        "--limit-rate",
                        "6M",
                        "--ssl-reqd",
                        "-o",
                        "ftps.bin",
                        "ftp://localhost:" + edge.port(Protocol.FTPS) + "/big.bin");
                Client https = curl(
                        "--limit-rate",
                        "6M",
                        "-o",
                        "https.bin",
                        "https://localhost:" + edge.port(Protocol.HTTPS) + "/big.bin")) {
            await().atMost(SOON).until(() -> size("ftps.bin") > 500_000 && size("https.bin") > 500_000);
            second.service.undrain();
            first.die();
            ftps.ended(0);
            https.ended(0);
        }
        assertThat(folder.resolve("ftps.bin")).hasBinaryContent(content);
        assertThat(folder.resolve("https.bin")).hasBinaryContent(content);
    }

    @Test
    void aDownloadOfAFileThatWasReplacedFails() throws Exception {
        ServerUnderTest second = inReserve();
        acme.putFile("/big.bin", random("big.bin"));
        try (Client client = sftp(List.of("-l", "48000"), "get big.bin back.bin")) {
            await().atMost(SOON).until(() -> size("back.bin") > 500_000);
            second.service.undrain();
            acme.putFile("/big.bin", new byte[BYTES]);
            first.die();
            assertThat(client.ended(1)).contains("back.bin");
        }
        assertThat(size("back.bin")).isLessThan(BYTES);
    }

    @Test
    void anUploadFailsAndItsSessionGoesOnAndResumesIt() throws Exception {
        ServerUnderTest second = inReserve();
        byte[] content = random("big.bin");
        try (Client client =
                sftp(List.of("-l", "48000"), "-put big.bin big.bin", waitFor("go"), "reput big.bin big.bin")) {
            awaitUploading();
            second.service.undrain();
            first.die();
            awaitAsked("go");
            assertThat(acme.paths()).isEmpty();
            await().atMost(SOON).until(() -> acme.part("/big.bin").isPresent());
            go("go");
            assertThat(client.ended(0)).contains("Failure");
        }
        assertThat(acme.file("/big.bin")).contains(content);
        assertThat(acme.arrivals()).containsExactly("/big.bin");
        assertOneLoginWentOn();
    }

    /** Other clients look no more at the answer once the data connection is gone. */
    @Test
    void anUploadByFtpsIsAnswered426AndItsSessionGoesOn() throws Exception {
        ServerUnderTest second = inReserve();
        try (RawFtpClient client = new RawFtpClient(edge.port(Protocol.FTPS))) {
            client.logIn("acme", "open-sesame");
            client.startUpload("STOR /big.bin", new byte[700_000]);
            await().atMost(SOON).until(() -> acme.openUploads() == 1);
            second.service.undrain();
            first.die();
            await().atMost(SOON).until(() -> atSecond.sessions().size() == 1);
            client.endData();
            assertThat(client.readReply()).startsWith("426 The transfer was interrupted");
            await().atMost(SOON).until(() -> acme.part("/big.bin").isPresent());
            assertThat(client.command("SIZE /big.bin")).startsWith("213 ");
        }
        assertThat(acme.paths()).isEmpty();
        assertOneLoginWentOn();
    }

    @Test
    void anUploadByHttpsIsAnswered503AndTheConnectionCloses() throws Exception {
        ServerUnderTest second = inReserve();
        random("big.bin");
        try (Client client = curl(
                "--http1.1",
                "--limit-rate",
                "6M",
                "-T",
                "big.bin",
                "https://localhost:" + edge.port(Protocol.HTTPS) + "/big.bin")) {
            awaitUploading();
            second.service.undrain();
            first.die();
            assertThat(client.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
            String said = Files.readString(client.said()).toLowerCase(java.util.Locale.ROOT);
            assertThat(said)
                    .contains("< http/1.1 503")
                    .contains("< connection: close")
                    .contains("interrupted");
        }
        assertThat(acme.paths()).isEmpty();
    }

    // ---- the verdict ----

    private Client committing(CountDownLatch asked, CountDownLatch may) throws Exception {
        Files.writeString(folder.resolve("small.txt"), "something");
        acme.beforeCommit(() -> {
            asked.countDown();
            awaitLatch(may);
        });
        Client client = sftp(List.of(), "put small.txt a", "ls");
        assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
        return client;
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aVerdictIsHeardFromAnotherServer() throws Exception {
        ServerUnderTest second = inReserve();
        CountDownLatch may = new CountDownLatch(1);
        try (Client client = committing(new CountDownLatch(1), may)) {
            second.service.undrain();
            first.die();
            await().atMost(SOON)
                    .until(() -> !atSecond.operations(AskUpload.class).isEmpty());
            may.countDown();
            client.ended(0);
        }
        assertThat(acme.arrivals()).containsExactly("/a");
        assertOneLoginWentOn();
    }

    @Test
    void aCommitThatIsNotHeardOfInTimeNeverHappens() throws Exception {
        ServerUnderTest second = inReserve();
        CountDownLatch may = new CountDownLatch(1);
        try (Client client = committing(new CountDownLatch(1), may)) {
            second.service.undrain();
            first.die();
            assertThat(client.ended(1)).contains("Failure");
            may.countDown();
            await().atMost(SOON).until(() -> acme.openUploads() == 0);
        }
        assertThat(acme.arrivals()).isEmpty();
        assertThat(acme.paths()).isEmpty();
    }

    // ---- rolling restarts ----

    @Test
    void serversComeAndGoWithoutAFailedNewSession() throws Exception {
        random("small.bin");
        for (int round = 0; round < 2; round++) {
            boolean even = round % 2 == 0;
            ServerUnderTest leaving = servers.get(servers.size() - 1);
            try (Client before = sftp(List.of(), "ls", waitFor("go" + round), "mkdir round" + round)) {
                awaitAsked("go" + round);
                if (even) {
                    second();
                } else {
                    server("node-1", NODE_1, atFirst);
                }
                Thread stopping = new Thread(leaving::close);
                stopping.start();
                try (Client one = sftp(List.of(), "ls");
                        Client other = curl("https://localhost:" + edge.port(Protocol.HTTPS) + "/")) {
                    one.ended(0);
                    other.ended(0);
                }
                stopping.join(30_000);
                assertThat(stopping.isAlive()).isFalse();
                go("go" + round);
                before.ended(0);
            }
            servers.remove(leaving);
        }
        assertThat(edge.acceptor.pick(Set.of())).isPresent();
        assertThat(acme.paths()).hasSize(2);
    }
}
