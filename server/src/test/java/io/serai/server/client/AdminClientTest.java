package io.serai.server.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.tls.TlsIdentity;
import io.serai.server.admin.AdminServer;
import io.serai.server.admin.ApiOperation;
import io.serai.server.admin.Caller;
import io.serai.server.admin.Role;
import io.serai.server.node.NodeFile;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a server whose admin API speaks TLS, by a certificate for the name that partners use. */
class AdminClientTest {
    @TempDir
    Path home;

    private final Vertx vertx = Vertx.vertx();
    private AdminServer server;

    @BeforeEach
    void start() throws IOException {
        server = new AdminServer(
                vertx,
                // On all addresses, for on loopback alone it speaks plain HTTP; it is called on loopback.
                new AdminServer.Listen("0.0.0.0", 0, Optional.of(identity("own"))),
                token -> token.equals("secret") ? Optional.of(new Caller("ada", Role.ADMIN)) : Optional.empty(),
                List.of(ApiOperation.get("/api/v1/things", "Things", request -> Map.of("things", 3))),
                new AdminServer.Observation(
                        () -> new AdminServer.Health(true, Map.of()),
                        () -> new AdminServer.Health(true, Map.of()),
                        () -> ""),
                "1.2.3");
        server.start();
        Files.createDirectories(home.resolve("keys"));
        Files.writeString(NodeFile.adminToken(home), "secret\n");
    }

    @AfterEach
    void stop() throws Exception {
        server.stop();
        vertx.close().toCompletionStage().toCompletableFuture().get();
    }

    @Test
    void trustsTheCertificateOfTheHomesOwnServer() throws IOException {
        tell(server.fingerprints());

        AdminClient client = AdminClient.of(home, Map.of());

        eventually(() ->
                assertThat(client.get("/api/v1/things").path("things").asInt()).isEqualTo(3));
    }

    @Test
    void trustsNoOtherCertificateThanTheOneThatTheHomesServerTells() throws IOException {
        tell(List.of(identity("other").fingerprint()));

        AdminClient client = AdminClient.of(home, Map.of());

        eventually(() -> assertThatThrownBy(() -> client.get("/api/v1/things"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("another certificate than the trusted one"));
    }

    @Test
    void aServerThatTheEnvironmentNamesMustHaveACertificateOfAnAuthority() throws IOException {
        tell(server.fingerprints());

        AdminClient client = AdminClient.of(home, Map.of("SERAI_SERVER", server.url(), "SERAI_TOKEN", "secret"));

        eventually(() -> assertThatThrownBy(() -> client.get("/api/v1/things"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("certification path"));
    }

    /** On a busy machine the first handshake may take longer than the client waits for a connection. */
    private static void eventually(ThrowingRunnable outcome) {
        await().atMost(Duration.ofMinutes(1))
                .ignoreExceptionsInstanceOf(SeraiException.class)
                .untilAsserted(outcome);
    }

    private void tell(List<String> fingerprints) throws IOException {
        assertThat(URI.create(server.url()).getScheme()).isEqualTo("https");
        Path file = NodeFile.location(home);
        Files.createDirectories(file.getParent());
        new ObjectMapper()
                .writeValue(
                        file.toFile(),
                        new NodeFile(
                                "a",
                                "1.2.3",
                                ProcessHandle.current().pid(),
                                "boot",
                                1,
                                "2026-11-22T10:59:13Z",
                                server.url(),
                                fingerprints,
                                List.of()));
    }

    private TlsIdentity identity(String folder) throws IOException {
        Path files = Files.createDirectories(home.resolve(folder));
        return TlsIdentity.loadOrCreate(
                files.resolve("certificate.pem"), files.resolve("key.pem"), List.of("files.example.com"));
    }
}
