package io.serai.edge.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.InMemoryAccount;
import io.serai.endpoint.InMemoryPartners;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.SshPublicKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Endpoint;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real clients at an edge: what works directly at a server works through {@code relay:} and {@code edge-link:}. Edge and
 * servers have a Camel context each and share nothing but links over loopback.
 */
@Timeout(150)
class RelayedClientsTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final LinkIdentity NODE_1 = LinkIdentity.make(LinkRole.SERVER, "node-1", InstantSource.system());
    private static final LinkIdentity NODE_2 = LinkIdentity.make(LinkRole.SERVER, "node-2", InstantSource.system());

    @TempDir
    Path folder;

    @TempDir
    Path storage;

    private InMemoryPartners partners;
    private InMemoryAccount acme;
    private EdgeUnderTest edge;
    private final List<ServerUnderTest> servers = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        partners = new InMemoryPartners(storage).addAccount("acme", "open-sesame");
        acme = partners.account("acme");
        edge = new EdgeUnderTest(folder, Map.of("node-1", NODE_1, "node-2", NODE_2));
    }

    @AfterEach
    void stop() {
        servers.forEach(ServerUnderTest::close);
        edge.close();
    }

    private ServerUnderTest server(String name, LinkIdentity identity) throws Exception {
        ServerUnderTest server = new ServerUnderTest(name, identity, edge, partners);
        servers.add(server);
        await().atMost(SOON)
                .until(() -> server.isLinked()
                        && edge.acceptor.links().stream()
                                .anyMatch(link -> link.peer().node().equals(name) && link.takesSessions()));
        return server;
    }

    private ServerUnderTest server() throws Exception {
        return server("node-1", NODE_1);
    }

    // ---- clients ----

    private List<String> sftpCommand(List<String> more, String... commands) throws Exception {
        Path batch = Files.write(Files.createTempFile(folder, "batch", ".txt"), List.of(commands));
        List<String> command = new ArrayList<>(List.of("sshpass", "-p", "open-sesame", "sftp"));
        command.addAll(more);
        command.addAll(sshOptions());
        command.addAll(List.of("-o", "PubkeyAuthentication=no", "-o", "BatchMode=no", "-b", batch.toString()));
        command.add("acme@127.0.0.1");
        return command;
    }

    private List<String> sshOptions() {
        return List.of(
                "-P",
                Integer.toString(edge.port(Protocol.SFTP)),
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
                "-o",
                "LogLevel=ERROR",
                "-F",
                "/dev/null");
    }

    private ClientProgram.Ended sftp(String... commands) throws Exception {
        return ClientProgram.run(folder, sftpCommand(List.of(), commands));
    }

    private ClientProgram.Ended lftp(String commands) throws Exception {
        String settings = "set ftp:ssl-force true; set ftp:ssl-protect-data true; set net:max-retries 1;"
                + " set net:timeout 20; set net:reconnect-interval-base 1; set ssl:ca-file " + edge.certificate()
                + "; set cmd:fail-exit true; set net:socket-bind-ipv4 127.0.0.4;";
        return ClientProgram.run(
                folder,
                "lftp",
                "--norc",
                "-c",
                settings + " open -u acme,open-sesame ftp://localhost:" + edge.port(Protocol.FTPS) + "; " + commands);
    }

    private List<String> curlCommand(String... arguments) {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "-4", "--max-time", "60", "--cacert"));
        command.add(edge.certificate().toString());
        command.addAll(List.of("-u", "acme:open-sesame"));
        command.addAll(Arrays.asList(arguments));
        return command;
    }

    private ClientProgram.Ended curl(String... arguments) throws Exception {
        return ClientProgram.run(folder, curlCommand(arguments));
    }

    private String https(String path) {
        return "https://localhost:" + edge.port(Protocol.HTTPS) + path;
    }

    private String ftp(String path) {
        return "ftp://localhost:" + edge.port(Protocol.FTPS) + path;
    }

    private byte[] random(String name, int bytes) throws Exception {
        byte[] content = new byte[bytes];
        new SplittableRandom(bytes).nextBytes(content);
        Files.write(folder.resolve(name), content);
        return content;
    }

    private void awaitNoSessions() {
        await().atMost(SOON).untilAsserted(() -> assertThat(partners.sessions()).isEmpty());
        await().atMost(SOON)
                .until(() -> edge.partners.sessionCount() == 0
                        && servers.stream().allMatch(server -> server.service.sessionCount() == 0));
    }

    private static void end(Process process) throws Exception {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.waitFor(10, TimeUnit.SECONDS);
    }

    // ---- everything that works directly ----

    @Test
    void sftpUploadsListsRenamesDownloadsAndDeletes() throws Exception {
        server();
        byte[] content = random("local.bin", 9_000_000);
        ClientProgram.Ended outcome = sftp(
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
        assertThat(outcome.output()).contains("9000000").contains("a.bin").contains("/inbox");
        assertThat(folder.resolve("back.bin")).hasBinaryContent(content);
        assertThat(acme.file("/inbox/b.bin")).contains(content);
        assertThat(acme.paths()).containsExactly("/inbox", "/inbox/b.bin");
        assertThat(acme.arrivals()).containsExactly("/inbox/a.bin", "/inbox/c.bin");
        assertThat(acme.attributes("/inbox/b.bin").orElseThrow().modified().getEpochSecond())
                .isEqualTo(Files.getLastModifiedTime(folder.resolve("local.bin"))
                        .toInstant()
                        .getEpochSecond());
        awaitNoSessions();
        assertThat(acme.downloads()).allMatch(download -> download.wasDelivered() && download.wasClosed());
        assertThat(partners.operations(CloseSession.class)).hasSize(1);
    }

    @Test
    void refusalsReachThePartnerAsTheyAre() throws Exception {
        server();
        random("local.bin", 10);
        acme.putFolder("/full");
        acme.putFile("/full/x", new byte[1]);
        assertThat(sftp("get nothing").output()).contains("not found");
        assertThat(sftp("rmdir full").status()).isNotZero();
        assertThat(sftp("mkdir full").status()).isNotZero();
        assertThat(curl("-o", "/dev/null", "-w", "%{http_code}", https("/nothing"))
                        .output())
                .isEqualTo("404");
        assertThat(curl("-o", "/dev/null", "-w", "%{http_code}", "-X", "DELETE", https("/full"))
                        .output())
                .isEqualTo("409");
        assertThat(curl("--ssl-reqd", ftp("/"), "-Q", "RMD full").output()).contains("550");
        assertThat(acme.paths()).containsExactly("/full", "/full/x");
    }

    @Test
    void loginsAreDecidedByTheServer() throws Exception {
        server();
        Path key = folder.resolve("id_ed25519");
        ClientProgram.run(folder, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
        List<String> byKey = new ArrayList<>(List.of("sftp", "-i", key.toString(), "-o", "IdentitiesOnly=yes"));
        byKey.addAll(sshOptions());
        byKey.addAll(List.of(
                "-b", Files.writeString(folder.resolve("pwd.txt"), "pwd\n").toString(), "acme@127.0.0.1"));
        assertThat(ClientProgram.run(folder, byKey).output()).contains("Permission denied");

        String[] fields = Files.readString(Path.of(key + ".pub")).split(" ");
        partners.addAccount(
                "acme",
                "open-sesame",
                new SshPublicKey(fields[0], Base64.getDecoder().decode(fields[1].trim())));
        ClientProgram.Ended accepted = ClientProgram.run(folder, byKey);
        assertThat(accepted.status()).as(accepted.output()).isZero();
        assertThat(curl("-u", "acme:wrong", "-o", "/dev/null", "-w", "%{http_code}", https("/"))
                        .output())
                .isEqualTo("401");
        assertThat(curl("-u", "acme:wrong", "--ssl-reqd", ftp("/")).status()).isEqualTo(67);
    }

    @Test
    void theServerSeesThePartnersOwnAddresses() throws Exception {
        server();
        random("local.bin", 10);
        assertThat(ClientProgram.run(folder, sftpCommand(List.of("-o", "BindAddress=127.0.0.3"), "pwd"))
                        .status())
                .isZero();
        assertThat(lftp("cls").status()).isZero();
        assertThat(curl("--interface", "127.0.0.5", https("/")).status()).isZero();
        List<Origin> origins = partners.operations(OpenSession.class).stream()
                .map(OpenSession::origin)
                .toList();
        assertThat(origins)
                .extracting(origin -> origin.protocol() + " " + origin.listener() + " "
                        + origin.client().getAddress().getHostAddress() + " "
                        + origin.local().getPort())
                .containsExactly(
                        "SFTP sftp 127.0.0.3 " + edge.port(Protocol.SFTP),
                        "FTPS ftps 127.0.0.4 " + edge.port(Protocol.FTPS),
                        "HTTPS https 127.0.0.5 " + edge.port(Protocol.HTTPS));
        assertThat(origins.get(0).clientSoftware().orElseThrow()).startsWith("SSH-2.0-OpenSSH");
    }

    @Test
    void largeFoldersAreListedWhole() throws Exception {
        server();
        for (int i = 0; i < 3_000; i++) {
            acme.putFile("/many/file-%04d.txt".formatted(i), new byte[0]);
        }
        assertThat(sftp("ls -1 many").output().lines().filter(line -> line.contains("file-")))
                .hasSize(3_000);
        assertThat(curl("--ssl-reqd", "-l", ftp("/many/")).output().lines()).hasSize(3_000);
    }

    @Test
    void ftpsMovesFilesBothWaysAndResumes() throws Exception {
        server();
        byte[] content = random("a.bin", 3_000_001);
        acme.putFolder("/in");
        ClientProgram.Ended done = lftp("put a.bin; get a.bin -o got.bin; mv a.bin in/b.bin; cls -l in; mkdir x;"
                + " rmdir x; put a.bin -o c.bin; rm c.bin; cd in; pwd");
        assertThat(done.status()).as(done.output() + acme.aborts()).isZero();
        assertThat(done.output()).contains("b.bin").contains("3000001");
        assertThat(folder.resolve("got.bin")).hasBinaryContent(content);
        assertThat(acme.file("/in/b.bin")).contains(content);
        assertThat(acme.paths()).containsExactly("/in", "/in/b.bin");

        Files.write(folder.resolve("half.bin"), Arrays.copyOf(content, 1_000_000));
        ClientProgram.Ended resumed =
                curl("--ssl-reqd", "-C", "-", "-o", folder.resolve("half.bin").toString(), ftp("/in/b.bin"));
        assertThat(resumed.status()).as(resumed.output()).isZero();
        assertThat(folder.resolve("half.bin")).hasBinaryContent(content);
        awaitNoSessions();
    }

    @Test
    void httpsMovesFilesBothWaysAndResumes() throws Exception {
        server();
        byte[] content = random("a.bin", 3_000_001);
        assertThat(curl("-i", "-T", "a.bin", https("/a.bin")).output()).contains("HTTP/2 201");
        assertThat(acme.file("/a.bin")).contains(content);
        Files.write(folder.resolve("half.bin"), Arrays.copyOf(content, 1_000_000));
        assertThat(curl("-C", "-", "-o", "half.bin", https("/a.bin")).status()).isZero();
        assertThat(folder.resolve("half.bin")).hasBinaryContent(content);
        assertThat(curl("-i", "-X", "MOVE", "-H", "Destination: " + https("/b.bin"), https("/a.bin"))
                        .output())
                .contains(" 201");
        assertThat(curl(https("/")).output()).contains("\"name\":\"b.bin\"");
        assertThat(curl("-i", "-X", "DELETE", https("/b.bin")).output()).contains(" 204");
        assertThat(acme.paths()).isEmpty();

        Files.write(folder.resolve("first.bin"), Arrays.copyOf(content, 400_000));
        String range = "Content-Range: bytes 0-399999/" + content.length;
        assertThat(curl("-i", "-H", range, "-T", "first.bin", https("/c.bin")).output())
                .contains(" 202");
        assertThat(curl("-i", "-C", "300000", "-T", "a.bin", https("/c.bin")).output())
                .contains("BAD_OFFSET");
        assertThat(curl("-i", "-C", "400000", "-T", "a.bin", https("/c.bin")).output())
                .contains(" 201");
        assertThat(acme.file("/c.bin")).contains(content);
    }

    // ---- when links or servers go ----

    @Test
    void withoutAServerLoginsAreRefusedAtOnce() throws Exception {
        long began = System.nanoTime();
        assertThat(sftp("pwd").status()).isNotZero();
        assertThat(curl("--ssl-reqd", ftp("/")).status()).isNotZero();
        assertThat(curl("-o", "/dev/null", "-w", "%{http_code}", https("/")).output())
                .isEqualTo("503");
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
        assertThat(edge.partners.sessionCount()).isZero();

        server();
        assertThat(sftp("pwd").status()).isZero();
    }

    @Test
    void listenersAreClosedWhileNoServerIsThere() throws Exception {
        try (ListenerGate gate = new ListenerGate(
                edge.camel,
                () -> edge.acceptor.pick(Set.of()).isPresent(),
                () -> edge.partners.sessionCount() == 0,
                Duration.ofSeconds(1))) {
            gate.start();
            assertThat(edge.listeners.bound()).hasSize(3);
            int port = edge.port(Protocol.HTTPS);
            await().atMost(SOON).until(() -> edge.listeners.bound().isEmpty());
            assertThat(curl("https://localhost:" + port + "/").status())
                    .as("could not connect")
                    .isEqualTo(7);
            server();
            await().atMost(SOON).until(() -> edge.listeners.bound().size() == 3);
            assertThat(sftp("pwd").status()).isZero();
        }
    }

    @Test
    void listenersWithSessionsStayOpen() throws Exception {
        ServerUnderTest server = server();
        byte[] content = random("big.bin", 8_000_000);
        Process put = ClientProgram.start(
                folder, sftpCommand(List.of("-l", "16000"), "put big.bin big.bin"), folder.resolve("said.txt"));
        await().atMost(SOON).until(() -> acme.openUploads() == 1);
        Thread stopping = new Thread(() -> server.camel.stop());
        stopping.start();
        try (ListenerGate gate = new ListenerGate(
                edge.camel,
                () -> edge.acceptor.pick(Set.of()).isPresent(),
                () -> edge.partners.sessionCount() == 0,
                Duration.ofMillis(100))) {
            gate.start();
            await().atMost(SOON).until(() -> acme.file("/big.bin").isPresent());
            assertThat(acme.file("/big.bin")).contains(content);
            stopping.join(30_000);
            await().atMost(SOON).until(() -> edge.listeners.bound().isEmpty());
        } finally {
            end(put);
        }
    }

    @Test
    void aLinkThatBreaksInMidUploadFailsItClearlyAndItCanBeResumed() throws Exception {
        server();
        byte[] content = random("big.bin", 12_000_000);
        Path said = folder.resolve("said.txt");
        Process put = ClientProgram.start(folder, sftpCommand(List.of("-l", "16000"), "put big.bin big.bin"), said);
        try {
            await().atMost(SOON).until(() -> acme.openUploads() == 1);
            await().atMost(SOON).until(() -> storedBytes() > 1_000_000);
            edge.breakLinks();
            assertThat(put.waitFor(20, TimeUnit.SECONDS)).isTrue();
        } finally {
            end(put);
        }
        assertThat(put.exitValue()).as(Files.readString(said)).isNotZero();
        await().atMost(SOON).until(() -> acme.openUploads() == 0);
        assertThat(acme.paths()).isEmpty();
        assertThat(acme.arrivals()).isEmpty();
        byte[] part = acme.part("/big.bin").orElseThrow();
        assertThat(part.length).isPositive().isLessThan(content.length);
        assertThat(part).isEqualTo(Arrays.copyOf(content, part.length));
        awaitNoSessions();

        await().atMost(SOON).until(() -> edge.acceptor.pick(Set.of()).isPresent());
        ClientProgram.Ended resumed = sftp("reput big.bin big.bin");
        assertThat(resumed.status()).as(resumed.output()).isZero();
        assertThat(acme.file("/big.bin")).contains(content);
        assertThat(acme.arrivals()).containsExactly("/big.bin");
    }

    private long storedBytes() throws Exception {
        try (var files = Files.list(storage)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    @Test
    void anHttpsUploadFailsWithItsLinkAndNothingIsVisible() throws Exception {
        server();
        random("big.bin", 12_000_000);
        Path said = folder.resolve("said.txt");
        Process put = ClientProgram.start(
                folder,
                curlCommand(
                        "--limit-rate",
                        "2M",
                        "-o",
                        "/dev/null",
                        "-w",
                        "%{http_code}",
                        "-T",
                        "big.bin",
                        https("/big.bin")),
                said);
        try {
            await().atMost(SOON).until(() -> acme.openUploads() == 1 && storedBytes() > 500_000);
            edge.breakLinks();
            assertThat(put.waitFor(20, TimeUnit.SECONDS)).isTrue();
        } finally {
            end(put);
        }
        assertThat(Files.readString(said)).doesNotContain("201");
        await().atMost(SOON).until(() -> acme.openUploads() == 0);
        assertThat(acme.paths()).isEmpty();
        assertThat(acme.part("/big.bin")).isPresent();
    }

    @Test
    void aKilledClientLeavesAPartAndNoSession() throws Exception {
        server();
        random("big.bin", 12_000_000);
        Process put = ClientProgram.start(
                folder, sftpCommand(List.of("-l", "16000"), "put big.bin big.bin"), folder.resolve("said.txt"));
        await().atMost(SOON).until(() -> acme.openUploads() == 1 && storedBytes() > 500_000);
        end(put);
        awaitNoSessions();
        assertThat(acme.paths()).isEmpty();
        assertThat(acme.part("/big.bin")).isPresent();
    }

    @Test
    void theServerEndsASession() throws Exception {
        ServerUnderTest server = server();
        Process idle = new ProcessBuilder(sftpCommand(List.of(), "ls", "!sleep 60"))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("said.txt").toFile())
                .start();
        try {
            await().atMost(SOON).until(() -> partners.operations().size() >= 3);
            SessionId session = partners.sessions().iterator().next();
            assertThat(server.listeners.end(session, "banned")).isTrue();
            assertThat(server.listeners.end(SessionId.random(), "banned")).isFalse();
            awaitNoSessions();
            assertThat(partners.operations(CloseSession.class))
                    .singleElement()
                    .satisfies(close -> assertThat(close.reason()).contains("banned"));
        } finally {
            end(idle);
        }
    }

    @Test
    void aServerThatStopsFinishesItsUploadsWhileNewSessionsGoElsewhere() throws Exception {
        ServerUnderTest first = server("node-1", NODE_1);
        byte[] content = random("big.bin", 16_000_000);
        Path said = folder.resolve("said.txt");
        Process put = ClientProgram.start(
                folder, sftpCommand(List.of("-l", "16000"), "put big.bin big.bin", "!sleep 60"), said);
        try {
            await().atMost(SOON).until(() -> acme.openUploads() == 1);
            ServerUnderTest second = server("node-2", NODE_2);
            Thread stopping = new Thread(() -> first.camel.stop());
            stopping.start();
            await().atMost(SOON)
                    .until(() -> edge.acceptor.links().stream()
                            .noneMatch(link -> link.peer().node().equals("node-1") && link.takesSessions()));
            for (int i = 0; i < 3; i++) {
                assertThat(sftp("pwd").status()).isZero();
            }
            stopping.join(30_000);
            assertThat(stopping.isAlive()).isFalse();
            assertThat(acme.file("/big.bin")).contains(content);
            assertThat(first.service.sessionCount()).isZero();
            await().atMost(SOON).until(() -> second.service.sessionCount() == 0);
        } finally {
            end(put);
        }
        awaitNoSessions();
    }

    @Test
    void aRouteThatIsStartedAgainTakesSessionsAgain() throws Exception {
        ServerUnderTest server = server();
        server.camel.getRouteController().stopRoute(ServerUnderTest.ROUTE);
        assertThat(sftp("pwd").status()).isNotZero();
        assertThat(edge.acceptor.links()).isNotEmpty();
        server.camel.getRouteController().startRoute(ServerUnderTest.ROUTE);
        await().atMost(SOON).until(() -> edge.acceptor.pick(Set.of()).isPresent());
        assertThat(sftp("pwd").status()).isZero();
    }

    @Test
    void namesThatNobodyKnowsStopTheStart() throws Exception {
        try (DefaultCamelContext camel = new DefaultCamelContext()) {
            camel.start();
            Endpoint relay = camel.getEndpoint("relay:nowhere");
            assertThatThrownBy(() -> relay.createProducer().start())
                    .hasStackTraceContaining("relay:nowhere is unknown");
            Endpoint links = camel.getEndpoint("edge-link:nowhere");
            assertThatThrownBy(() -> links.createConsumer(exchange -> {}).start())
                    .hasStackTraceContaining("edge-link:nowhere is unknown");
            assertThatThrownBy(() -> relay.createConsumer(exchange -> {})).hasMessageContaining("cannot begin a route");
            assertThatThrownBy(links::createProducer).hasMessageContaining("only takes sessions");
        }
    }
}
