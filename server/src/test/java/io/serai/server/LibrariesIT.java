package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A signed JAR with a step, used by a route that runs on both nodes: added, replaced, refused, removed. */
@Tag("paired")
class LibrariesIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    void aLibraryIsInForceOnAllNodesAndItsRoutesFollowItsNextVersion() throws Exception {
        KeyPair signer = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        KeyPair stranger = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        try (TestFolder folder = new TestFolder("libraries")) {
            Path trusted = folder.resolve("trusted.pem");
            Files.writeString(
                    trusted,
                    "-----BEGIN PUBLIC KEY-----\n"
                            + Base64.getEncoder()
                                    .encodeToString(signer.getPublic().getEncoded())
                            + "\n-----END PUBLIC KEY-----\n");
            try (ClusterOfServers cluster =
                    ClusterOfServers.start(folder, 2, Map.of("library.trusted-keys", trusted.toString()))) {
                RunningServer a = cluster.server(0);
                RunningServer b = cluster.server(1);

                add(a, jar(folder, "one"), signer);
                b.applyRoute("uses-acme", route("uses-acme", "com.acme.Step"));
                b.applyRoute("uses-nothing", route("uses-nothing", "java.lang.Object"));
                awaitSaid(folder, cluster, "one");

                add(b, jar(folder, "two"), signer);
                awaitSaid(folder, cluster, "two");

                assertThatThrownBy(() -> add(a, jar(folder, "three"), stranger))
                        .hasMessageContaining("acme")
                        .hasMessageContaining("by none of the keys");
                byte[] unsigned = jar(folder, "three");
                assertThatThrownBy(() -> a.admin()
                                .post("/api/v1/libraries/acme", Map.of("jar", base64(unsigned), "signature", "")))
                        .hasMessageContaining("is not signed");
                assertThatThrownBy(() -> remove(a))
                        .hasMessageContaining("acme")
                        .hasMessageContaining("uses-acme")
                        .satisfies(refused -> assertThat(refused.getMessage()).doesNotContain("uses-nothing"));
                awaitSaid(folder, cluster, "two");

                a.admin().post("/api/v1/objects/library/acme/rollback", Map.of("version", 1));
                awaitSaid(folder, cluster, "one");

                a.admin()
                        .post(
                                "/api/v1/delete",
                                Map.of("objects", List.of(Map.of("kind", "route", "name", "uses-acme"))));
                remove(b);
                assertThatThrownBy(() -> a.applyRoute("uses-acme", route("uses-acme", "com.acme.Step")))
                        .hasMessageContaining("com.acme.Step");
            }
        }
    }

    /** Both nodes' steps say so, from now on. */
    private static void awaitSaid(TestFolder folder, ClusterOfServers cluster, String text) throws IOException {
        for (ClusterOfServers.Node node : cluster.nodes()) {
            Path said = folder.resolve("said-" + node.server().process().pid());
            Files.deleteIfExists(said);
            await("what node " + node.name() + " says")
                    .atMost(LIMIT)
                    .ignoreExceptions()
                    .untilAsserted(() -> assertThat(Files.readString(said)).isEqualTo(text));
        }
    }

    private static void add(RunningServer server, byte[] jar, KeyPair signer) throws Exception {
        Signature signature = Signature.getInstance("Ed25519");
        signature.initSign(signer.getPrivate());
        signature.update(jar);
        server.admin()
                .post("/api/v1/libraries/acme", Map.of("jar", base64(jar), "signature", base64(signature.sign())));
    }

    private static void remove(RunningServer server) {
        server.admin().post("/api/v1/delete", Map.of("objects", List.of(Map.of("kind", "library", "name", "acme"))));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static String route(String id, String type) {
        return """
                - route:
                    id: %s
                    from:
                      uri: timer:%s
                      parameters: {period: 200}
                      steps:
                        - bean: {beanType: %s, method: toString}
                """.formatted(id, id, type);
    }

    private static byte[] jar(TestFolder folder, String says) throws IOException {
        Path source = folder.resolve("com/acme/Step.java");
        Files.createDirectories(source.getParent());
        Files.writeString(source, """
                package com.acme;

                import java.nio.file.*;

                public class Step {
                    @Override
                    public String toString() {
                        try {
                            Path folder = Path.of("%s");
                            Path draft = Files.writeString(folder.resolve("draft-" + ProcessHandle.current().pid()), "%s");
                            Files.move(draft, folder.resolve("said-" + ProcessHandle.current().pid()),
                                    StandardCopyOption.REPLACE_EXISTING);
                            return "";
                        } catch (java.io.IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    }
                }
                """.formatted(folder.path(), says));
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-d", folder.path().toString(), source.toString()))
                .isZero();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes)) {
            jar.putNextEntry(new JarEntry("com/acme/Step.class"));
            jar.write(Files.readAllBytes(folder.resolve("com/acme/Step.class")));
        }
        return bytes.toByteArray();
    }
}
