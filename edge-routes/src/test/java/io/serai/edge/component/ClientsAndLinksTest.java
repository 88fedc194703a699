package io.serai.edge.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.name.SessionId;
import io.serai.config.object.Protocol;
import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.PartnerOperation.CloseSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Endpoint;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real clients at an edge whose links and servers come, break and go. */
@Timeout(150)
class ClientsAndLinksTest extends ClientsAtAnEdge {
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
            await().atMost(SOON).until(() -> !edge.isTakenBy("node-1"));
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
