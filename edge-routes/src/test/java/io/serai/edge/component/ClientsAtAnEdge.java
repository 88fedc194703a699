package io.serai.edge.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.object.Protocol;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.InMemoryAccount;
import io.serai.endpoint.InMemoryPartners;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An edge and its servers for tests of real clients: they share nothing but links over loopback. */
@Timeout(150)
abstract class ClientsAtAnEdge {
    static final Duration SOON = Duration.ofSeconds(20);
    static final LinkIdentity NODE_1 = LinkIdentity.make(LinkRole.SERVER, "node-1", InstantSource.system());
    static final LinkIdentity NODE_2 = LinkIdentity.make(LinkRole.SERVER, "node-2", InstantSource.system());

    @TempDir
    Path folder;

    @TempDir
    Path storage;

    InMemoryPartners partners;
    InMemoryAccount acme;
    EdgeUnderTest edge;
    final List<ServerUnderTest> servers = new ArrayList<>();

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

    ServerUnderTest server(String name, LinkIdentity identity) throws Exception {
        ServerUnderTest server = new ServerUnderTest(name, identity, edge, partners);
        servers.add(server);
        await().atMost(SOON).until(() -> server.isLinked() && edge.isTakenBy(name));
        return server;
    }

    ServerUnderTest server() throws Exception {
        return server("node-1", NODE_1);
    }

    List<String> sftpCommand(List<String> more, String... commands) throws Exception {
        Path batch = Files.write(Files.createTempFile(folder, "batch", ".txt"), List.of(commands));
        List<String> command = new ArrayList<>(List.of("sshpass", "-p", "open-sesame", "sftp"));
        command.addAll(more);
        command.addAll(sshOptions());
        command.addAll(List.of("-o", "PubkeyAuthentication=no", "-o", "BatchMode=no", "-b", batch.toString()));
        command.add("acme@127.0.0.1");
        return command;
    }

    List<String> sshOptions() {
        return ClientProgram.sshOptions(edge.port(Protocol.SFTP));
    }

    ClientProgram.Ended sftp(String... commands) throws Exception {
        return ClientProgram.run(folder, sftpCommand(List.of(), commands));
    }

    ClientProgram.Ended lftp(String commands) throws Exception {
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

    List<String> curlCommand(String... arguments) {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "-4", "--max-time", "60", "--cacert"));
        command.add(edge.certificate().toString());
        command.addAll(List.of("-u", "acme:open-sesame"));
        command.addAll(Arrays.asList(arguments));
        return command;
    }

    ClientProgram.Ended curl(String... arguments) throws Exception {
        return ClientProgram.run(folder, curlCommand(arguments));
    }

    String https(String path) {
        return "https://localhost:" + edge.port(Protocol.HTTPS) + path;
    }

    String ftp(String path) {
        return "ftp://localhost:" + edge.port(Protocol.FTPS) + path;
    }

    byte[] random(String name, int bytes) throws Exception {
        byte[] content = new byte[bytes];
        new SplittableRandom(bytes).nextBytes(content);
        Files.write(folder.resolve(name), content);
        return content;
    }

    void awaitNoSessions() {
        await().atMost(SOON).untilAsserted(() -> assertThat(partners.sessions()).isEmpty());
        await().atMost(SOON)
                .until(() -> edge.partners.sessionCount() == 0
                        && servers.stream().allMatch(server -> server.service.sessionCount() == 0));
    }

    static void end(Process process) throws Exception {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.waitFor(10, TimeUnit.SECONDS);
    }

    long storedBytes() throws Exception {
        try (var files = Files.list(storage)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }
}
