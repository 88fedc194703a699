package io.serai.endpoint.ftp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.InMemoryAccount;
import io.serai.endpoint.InMemoryPartners;
import io.serai.endpoint.ListenerUnderTest;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.SessionGreeting;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Drives the listener with curl, lftp and a client of our own that misbehaves. */
class FtpServerTest {
    @TempDir
    Path folder;

    @TempDir
    Path storage;

    private InMemoryPartners partners;
    private InMemoryAccount acme;
    private ListenerUnderTest server;

    @BeforeEach
    void start() throws Exception {
        partners = new InMemoryPartners(storage).addAccount("acme", "pass:word");
        acme = partners.account("acme");
        server = listener(FtpTls.EXPLICIT);
    }

    private ListenerUnderTest listener(FtpTls tls) throws Exception {
        return new ListenerUnderTest(
                "ftp-server",
                Map.of(
                        "bindAddress",
                        "127.0.0.1",
                        "port",
                        0,
                        "tls",
                        tls,
                        "dataTimeout",
                        "5s",
                        "certificate",
                        folder.resolve("tls/chain.pem"),
                        "privateKey",
                        folder.resolve("tls/key.pem")),
                partners);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /** Runs curl, which verifies the certificate that the listener made. */
    private ClientProgram.Ended curl(FtpTls tls, String path, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "curl",
                "-sS",
                "--path-as-is",
                "--max-time",
                "60",
                "--cacert",
                folder.resolve("tls/chain.pem").toString(),
                "-u",
                "acme:pass:word"));
        if (tls == FtpTls.EXPLICIT) {
            command.add("--ssl-reqd");
        }
        command.addAll(Arrays.asList(arguments));
        command.add((tls == FtpTls.IMPLICIT ? "ftps" : "ftp") + "://localhost:" + server.port() + path);
        return ClientProgram.run(folder, command);
    }

    private ClientProgram.Ended curl(String path, String... arguments) throws Exception {
        return curl(FtpTls.EXPLICIT, path, arguments);
    }

    private ClientProgram.Ended lftp(String commands) throws Exception {
        String settings = "set ftp:ssl-force true; set ftp:ssl-protect-data true; set net:max-retries 1;"
                + " set net:timeout 20; set ssl:ca-file " + folder.resolve("tls/chain.pem")
                + "; set cmd:fail-exit true;";
        return ClientProgram.run(
                folder,
                "lftp",
                "--norc",
                "-c",
                settings + " open -u acme,pass:word ftp://localhost:" + server.port() + "; " + commands);
    }

    private static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        new java.util.SplittableRandom(size).nextBytes(bytes);
        return bytes;
    }

    private Path file(String name, byte[] content) throws Exception {
        return Files.write(folder.resolve(name), content);
    }

    @ParameterizedTest
    @EnumSource(names = {"EXPLICIT", "IMPLICIT"})
    void movesFilesBothWays(FtpTls tls) throws Exception {
        if (tls == FtpTls.IMPLICIT) {
            server.close();
            server = listener(tls);
        }
        byte[] content = bytes(3_000_001);
        Path local = file("a.bin", content);

        assertThat(curl(tls, "/a.bin", "-T", local.toString()).output()).isEmpty();
        assertThat(acme.file("/a.bin")).contains(content);
        assertThat(acme.arrivals()).containsExactly("/a.bin");
        curl(tls, "/a.bin", "-o", folder.resolve("b.bin").toString());
        assertThat(folder.resolve("b.bin")).hasBinaryContent(content);
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(
                        () -> assertThat(acme.downloads().get(0).wasDelivered()).isTrue());
        assertThat(curl(tls, "/").output()).contains("a.bin").contains("3000001");
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(partners.sessions()).isEmpty());
    }

    @Test
    void renamesRemovesAndMakesFolders() throws Exception {
        acme.putFile("/a.txt", new byte[] {1});

        ClientProgram.Ended done = curl(
                "/",
                "-v",
                "-Q",
                "MKD new",
                "-Q",
                "RNFR a.txt",
                "-Q",
                "RNTO new/b \"quoted\".txt",
                "-Q",
                "MFMT 20200102030405 new/b \"quoted\".txt",
                "-Q",
                "MDTM new/b \"quoted\".txt");
        assertThat(done.status()).as(done.output() + acme.aborts()).isZero();
        assertThat(acme.paths()).containsExactly("/new", "/new/b \"quoted\".txt");
        assertThat(acme.attributes("/new/b \"quoted\".txt").orElseThrow().modified())
                .isEqualTo(Instant.parse("2020-01-02T03:04:05Z"));

        assertThat(curl("/", "-Q", "RMD new").status()).isNotZero();
        assertThat(curl("/", "-Q", "DELE new/b \"quoted\".txt", "-Q", "RMD new").status())
                .isZero();
        assertThat(acme.paths()).isEmpty();
    }

    @Test
    void resumesBothWaysWithCurl() throws Exception {
        byte[] content = bytes(2_000_000);
        Path local = file("a.bin", content);
        keepPart("/a.bin", Arrays.copyOf(content, 1_200_000));
        assertThat(acme.paths()).isEmpty();

        assertThat(curl("/a.bin", "-C", "-", "-T", local.toString()).status()).isZero();
        assertThat(acme.file("/a.bin")).contains(content);

        Path target = file("b.bin", Arrays.copyOf(content, 500_000));
        ClientProgram.Ended resumed = curl("/a.bin", "-v", "-C", "-", "-o", target.toString());
        assertThat(resumed.status()).as(resumed.output()).isZero();
        assertThat(target).hasBinaryContent(content);
    }

    @Test
    void speaksLftp() throws Exception {
        byte[] content = bytes(2_000_000);
        file("a.bin", content);
        keepPart("/part.bin", Arrays.copyOf(content, 700_000));
        acme.putFolder("/in");

        ClientProgram.Ended done = lftp("put a.bin; put -c a.bin -o part.bin; get a.bin -o got.bin; mv a.bin in/b.bin;"
                + " cls -l in; rm part.bin; mkdir x; rmdir x; ls; cd in; pwd; mirror -R . /mirrored");
        assertThat(done.status()).as(done.output() + acme.aborts()).isZero();
        assertThat(done.output()).contains("b.bin").contains("2000000");
        assertThat(folder.resolve("got.bin")).hasBinaryContent(content);
        assertThat(acme.file("/in/b.bin")).contains(content);
        assertThat(acme.arrivals()).startsWith("/a.bin", "/part.bin");
        assertThat(acme.paths()).doesNotContain("/part.bin").contains("/mirrored/a.bin");
    }

    private void keepPart(String path, byte[] content) throws Exception {
        try (RawFtpClient client = new RawFtpClient(server.port())) {
            client.logIn("acme", "pass:word");
            client.startUpload("STOR " + path, content);
            client.cutData();
            assertThat(client.readReply()).startsWith("426");
        }
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(acme.part(path)).contains(content));
    }

    @Test
    void listsFiveThousandFiles() throws Exception {
        for (int i = 0; i < 5_000; i++) {
            acme.putFile(String.format("/many/f%05d", i), new byte[0]);
        }
        assertThat(curl("/many/").output().lines()).hasSize(5_000);
        assertThat(curl("/many/", "-l").output().lines()).hasSize(5_000).contains("f04999");
        assertThat(curl("/many/", "-X", "MLSD").output().lines()).hasSize(5_000);
    }

    @Test
    void refusesLoginsInClear() throws Exception {
        ClientProgram.Ended plain = ClientProgram.run(
                folder, "curl", "-sS", "-u", "acme:pass:word", "ftp://localhost:" + server.port() + "/");
        assertThat(plain.status()).isEqualTo(67);
        assertThat(partners.operations(PartnerOperation.LoginByPassword.class)).isEmpty();
    }

    @Test
    void refusesDataInClear() throws Exception {
        acme.putFile("/a", new byte[10]);
        try (RawFtpClient client = new RawFtpClient(server.port())) {
            client.secure();
            assertThat(client.command("USER acme")).startsWith("331");
            assertThat(client.command("PASS pass:word")).startsWith("230");
            client.command("EPSV");
            assertThat(client.command("RETR /a")).startsWith("521");
            assertThat(client.command("PROT C")).startsWith("534");
            assertThat(client.command("PORT 127,0,0,1,10,10")).startsWith("502");
            assertThat(client.command("EPRT |1|127.0.0.1|2000|")).startsWith("502");
        }
    }

    @Test
    void dropsCommandsThatWereSmuggledBehindAuth() throws Exception {
        try (RawFtpClient client = new RawFtpClient(server.port())) {
            client.sendInClear("AUTH TLS\r\nUSER mallory\r\n");
            assertThat(client.repliesUntilTheEnd()).allMatch(reply -> reply.startsWith("234"));
        }
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(partners.sessions()).isEmpty());
    }

    @Test
    void hangsUpAfterTooManyFailedLogins() throws Exception {
        partners.greetWith(new SessionGreeting(Optional.empty(), 2, Duration.ofSeconds(30)));
        try (RawFtpClient client = new RawFtpClient(server.port())) {
            client.secure();
            for (int i = 0; i < 2; i++) {
                client.command("USER acme");
                assertThat(client.command("PASS wrong")).startsWith("530");
            }
            assertThat(client.endsWithoutReply()).isTrue();
        }
    }

    @Test
    void hangsUpWhenNobodyLogsInInTime() throws Exception {
        partners.greetWith(new SessionGreeting(Optional.empty(), 2, Duration.ofSeconds(1)));
        try (RawFtpClient client = new RawFtpClient(server.port())) {
            assertThat(client.endsWithoutReply()).isTrue();
        }
    }

    @Test
    void refusesControlCharactersInNames() throws Exception {
        try (RawFtpClient client = new RawFtpClient(server.port())) {
            client.secure();
            assertThat(client.command("USER ac\u0000me")).startsWith("530");
            assertThat(client.command("USER ac\u0001me")).startsWith("530");
            client.logInSecured("acme", "pass:word");
            for (String hostile : List.of("a\u0000b", "a\u0007b", "a\\b", "..\\..\\x", "a\u202eb")) {
                assertThat(client.command("MKD " + hostile)).startsWith("553");
            }
            assertThat(client.command("CWD ../../..")).startsWith("250 \"/\"");
            assertThat(client.command("SIZE ../../../etc/passwd")).startsWith("550");
            assertThat(client.command("SIZE /etc/passwd")).startsWith("550");
        }
        assertThat(acme.paths()).isEmpty();
    }

    @Test
    void neverTakesAnUploadThatWasCutOff() throws Exception {
        byte[] content = bytes(600_000);
        try (RawFtpClient client = new RawFtpClient(server.port())) {
            client.logIn("acme", "pass:word");
            client.startUpload("STOR /cut", content);
            client.cutData();
            assertThat(client.readReply()).as("no close_notify").startsWith("426");
            client.startUpload("STOR /reset", content);
            client.resetData();
            assertThat(client.readReply()).as("reset").startsWith("426");
            client.startUpload("STOR /half", content);
            client.halfCloseTcp();
            assertThat(client.readReply()).as("half-close below TLS").startsWith("426");
            client.startUpload("STOR /abor", content);
            assertThat(client.command("ABOR")).startsWith("426");
            assertThat(client.readReply()).startsWith("226");
            client.startUpload("STOR /whole", content);
            client.endData();
            assertThat(client.readReply()).startsWith("226");
            assertThat(client.command("NOOP")).startsWith("200");
        }
        assertThat(acme.paths()).containsExactly("/whole");
        assertThat(acme.arrivals()).containsExactly("/whole");
        assertThat(acme.file("/whole")).contains(content);
        assertThat(acme.part("/half")).contains(content);
        assertThat(acme.openUploads()).isZero();
    }

    @Test
    void neverTakesAnUploadWhoseControlConnectionIsGone() throws Exception {
        RawFtpClient client = new RawFtpClient(server.port());
        client.logIn("acme", "pass:word");
        client.startUpload("STOR /a", bytes(100_000));
        client.close();
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            assertThat(acme.openUploads()).isZero();
            assertThat(partners.sessions()).isEmpty();
        });
        assertThat(acme.paths()).isEmpty();
        client.cutData();
    }

    @Test
    void breaksOffWhatStillRunsWhenItStops() throws Exception {
        try (RawFtpClient client = new RawFtpClient(server.port())) {
            client.logIn("acme", "pass:word");
            client.startUpload("STOR /a", bytes(100_000));
            server.close();
            assertThat(client.readReply()).startsWith("426");
            client.cutData();
        }
        assertThat(acme.openUploads()).isZero();
        assertThat(acme.paths()).isEmpty();
        assertThat(partners.sessions()).isEmpty();
    }

    @Test
    void neverTakesAnUploadOfAKilledClient() throws Exception {
        Process client = ClientProgram.start(
                folder,
                List.of(
                        "bash",
                        "-c",
                        "exec curl -sS -k --ssl-reqd -u acme:pass:word -T - ftp://localhost:" + server.port()
                                + "/killed < <(head -c 500000 /dev/urandom; sleep 60)"),
                folder.resolve("killed.out"));
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(acme.openUploads()).isEqualTo(1));
        client.destroyForcibly().waitFor();
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(acme.openUploads()).isZero());
        assertThat(acme.paths()).isEmpty();
    }

    @Test
    void tellsTheOffsetToGoOnAt() throws Exception {
        keepPart("/a", bytes(300_000));
        try (RawFtpClient client = new RawFtpClient(server.port())) {
            client.logIn("acme", "pass:word");
            assertThat(client.command("SIZE /a")).startsWith("213 300000");
            client.command("REST 200000");
            client.command("EPSV");
            assertThat(client.command("STOR /a")).startsWith("554").contains("REST 300000");
            assertThat(client.command("STOR /a")).startsWith("425");
        }
        assertThat(acme.part("/a")).isPresent();
    }

    @Test
    void runsCommandsThatWereSentTogetherInTheirOrder() throws Exception {
        acme.putFile("/a", "hello".getBytes(StandardCharsets.UTF_8));
        try (RawFtpClient client = new RawFtpClient(server.port())) {
            client.logIn("acme", "pass:word");
            client.openPassive();
            client.send("RETR /a\r\nPWD\r\nSIZE /a\r\n");
            assertThat(client.readReply()).startsWith("150");
            assertThat(client.readData()).isEqualTo("hello");
            assertThat(client.readReply()).startsWith("226");
            assertThat(client.readReply()).startsWith("257");
            assertThat(client.readReply()).startsWith("213");
        }
    }
}
