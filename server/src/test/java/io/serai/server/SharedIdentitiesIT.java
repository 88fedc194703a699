package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Host keys and certificate of two real servers: others are put in force, and the former ones again. */
@Tag("paired")
class SharedIdentitiesIT {
    @Test
    void partnersSeeTheNewIdentityOnEveryNodeAfterItsNextStartAndTheFormerOneAfterARollback() {
        try (TestFolder folder = new TestFolder("identities");
                ClusterOfServers cluster = ClusterOfServers.start(folder, 2, Map.of())) {
            RunningServer a = cluster.server(0);
            RunningServer b = cluster.server(1);
            Map<String, String> former = shown(a);
            assertThat(shown(b)).isEqualTo(former).hasSizeGreaterThan(1);

            refusesWhatIsNoIdentity(a, folder);
            assertThat(version(a, "host-keys")).isEqualTo(1);

            Path key = folder.resolve("ssh_host_ed25519_key");
            Tool.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString())
                    .expectSuccess();
            replace(a, "host-keys", Map.of("ssh_host_ed25519_key", text(key)));
            replace(b, "certificate", certificate(folder, "new"));
            assertThat(shown(a)).as("not before its next start").isEqualTo(former);

            b.restart();
            Map<String, String> fresh = shown(b);
            fresh.forEach((listener, fingerprints) ->
                    assertThat(fingerprints).as(listener).isNotEqualTo(former.get(listener)));
            assertThat(shown(a)).isEqualTo(former);
            a.restart();
            assertThat(shown(a)).isEqualTo(fresh);
            String expected =
                    text(key.resolveSibling("ssh_host_ed25519_key.pub")).split(" ")[1];
            for (RunningServer server : java.util.List.of(a, b)) {
                assertThat(hostKey(server)).contains(expected);
                assertThat(certificateOf(server)).contains("CN = new");
                assertThat(server.home().resolve("keys/ssh_host_ed25519_key.former"))
                        .exists();
            }

            rollback(b, "host-keys", 1);
            rollback(b, "certificate", 1);
            assertThatThrownBy(() -> rollback(b, "host-keys", 77)).hasMessageContaining("77");
            a.restart();
            b.restart();
            assertThat(shown(a)).isEqualTo(former);
            assertThat(shown(b)).isEqualTo(former);
            assertThat(version(b, "host-keys")).isEqualTo(3);
        }
    }

    private static void refusesWhatIsNoIdentity(RunningServer server, TestFolder folder) {
        assertThatThrownBy(() -> replace(server, "host-keys", Map.of("ssh_host_ed25519_key", "no key")))
                .hasMessageContaining("ssh_host_ed25519_key");
        assertThatThrownBy(() -> replace(server, "host-keys", Map.of("../x", "no key")))
                .hasMessageContaining("expected names such as ssh_host_ed25519_key");
        assertThatThrownBy(() -> replace(server, "hostkeys", Map.of("ssh_host_ed25519_key", "x")))
                .hasMessageContaining("there are host-keys and certificate");
        Map<String, String> one = certificate(folder, "one");
        Map<String, String> two = certificate(folder, "two");
        assertThatThrownBy(() -> replace(
                        server,
                        "certificate",
                        Map.of(
                                "tls-certificate.pem", one.get("tls-certificate.pem"),
                                "tls-key.pem", two.get("tls-key.pem"))))
                .hasMessageContaining("key");
        assertThatThrownBy(() ->
                        replace(server, "certificate", Map.of("tls-certificate.pem", one.get("tls-certificate.pem"))))
                .hasMessageContaining("tls-key.pem");
    }

    private static void replace(RunningServer server, String kind, Map<String, String> files) {
        server.admin().post("/api/v1/identities/" + kind, Map.of("files", files));
    }

    private static void rollback(RunningServer server, String kind, long version) {
        server.admin().post("/api/v1/identities/" + kind + "/rollback", Map.of("version", version));
    }

    private static long version(RunningServer server, String kind) {
        for (JsonNode row : server.admin().get("/api/v1/identities").path("versions")) {
            if (row.path("name").asText().equals(kind)) {
                return row.path("version").asLong();
            }
        }
        throw new AssertionError("no version of " + kind);
    }

    private static Map<String, String> certificate(TestFolder folder, String name) {
        Path certificate = folder.resolve(name + ".pem");
        Path key = folder.resolve(name + "-key.pem");
        Tool.run(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:prime256v1",
                        "-nodes",
                        "-days",
                        "30",
                        "-subj",
                        "/CN=" + name,
                        "-keyout",
                        key.toString(),
                        "-out",
                        certificate.toString())
                .expectSuccess();
        return Map.of("tls-certificate.pem", text(certificate), "tls-key.pem", text(key));
    }

    /** What each listener says of itself. */
    private static Map<String, String> shown(RunningServer server) {
        Map<String, String> all = new TreeMap<>();
        server.admin()
                .get("/api/v1/status")
                .path("listeners")
                .forEach(listener -> all.put(
                        listener.path("name").asText(),
                        listener.path("fingerprints").toString()));
        return all;
    }

    private static String hostKey(RunningServer server) {
        return Tool.run("ssh-keyscan", "-p", Integer.toString(server.port("sftp")), "127.0.0.1")
                .expectSuccess()
                .output();
    }

    private static String certificateOf(RunningServer server) {
        String address = "127.0.0.1:" + server.port("https");
        return Tool.run("sh", "-c", "openssl s_client -connect " + address + " < /dev/null 2>&1")
                .output();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
