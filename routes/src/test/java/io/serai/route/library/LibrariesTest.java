package io.serai.route.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.library.LibraryContents;
import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.name.LibraryName;
import io.serai.config.object.Library;
import io.serai.config.object.ObjectKind;
import io.serai.route.MemoryObjects;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.sql.PreparedStatement;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import javax.tools.ToolProvider;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class LibrariesTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private final MemoryObjects objects = new MemoryObjects();
    private final DefaultCamelContext camel = new DefaultCamelContext();
    private KeyPair signer;
    private Path trusted;
    private LibraryContents contents;
    private Libraries libraries;

    @BeforeEach
    void start() throws Exception {
        DATABASE.truncate("library_content");
        signer = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        trusted = folder.resolve("trusted.pem");
        Files.writeString(
                trusted,
                "-----BEGIN PUBLIC KEY-----\n"
                        + Base64.getEncoder().encodeToString(signer.getPublic().getEncoded())
                        + "\n-----END PUBLIC KEY-----\n");
        Files.setPosixFilePermissions(trusted, PosixFilePermissions.fromString("rw-r--r--"));
        contents = new LibraryContents(DATABASE.database());
        camel.start();
        libraries = new Libraries(camel, objects, contents, new TrustedKeys(Optional.of(trusted)));
    }

    @AfterEach
    void stop() {
        camel.stop();
    }

    @Test
    void aRouteUsesClassesAndBeansOfASignedLibraryAndOfItsNextVersion() throws Exception {
        put(library(jar("one"), signer));
        route();
        assertThat(ask("direct:class")).isEqualTo("one");
        assertThat(ask("direct:bean")).isEqualTo("one");

        Set<String> words = put(library(jar("two"), signer));
        assertThat(words).contains("com.acme.Step", "acmeStep");
        route();
        assertThat(ask("direct:class")).isEqualTo("two");
        assertThat(ask("direct:bean")).isEqualTo("two");

        put(library(jar("one"), signer));
        route();
        assertThat(ask("direct:class")).isEqualTo("one");
    }

    @Test
    void aRemovedLibraryIsGone() throws Exception {
        put(library(jar("one"), signer));
        objects.change(List.of(), List.of(new Key(ObjectKind.LIBRARY, "acme")), "ada");
        assertThat(libraries.refresh()).contains("com.acme.Step");
        assertThat(camel.getClassResolver().resolveClass("com.acme.Step")).isNull();
        assertThat(camel.getRegistry().lookupByName("acmeStep")).isNull();
    }

    @Test
    void whatIsUnsignedOrSignedByOthersIsRefusedWithTheReason() throws Exception {
        byte[] jar = jar("one");
        contents.put(jar, "ada");
        Library unsigned = new Library(new LibraryName("acme"), LibraryContents.sha256(jar), jar.length, "");
        assertThat(libraries.objections(unsigned)).singleElement().asString().contains("not signed");

        KeyPair stranger = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        assertThat(libraries.objections(library(jar, stranger)))
                .singleElement()
                .asString()
                .contains("by none of the keys in " + trusted);

        Library ofAnother = library(jar("two"), signer);
        Library swapped =
                new Library(new LibraryName("acme"), LibraryContents.sha256(jar), jar.length, ofAnother.signature());
        assertThat(libraries.objections(swapped)).singleElement().asString().contains("by none of the keys");

        Libraries trusting = new Libraries(camel, objects, contents, new TrustedKeys(Optional.empty()));
        assertThat(trusting.objections(library(jar, signer)))
                .singleElement()
                .asString()
                .contains("library.trusted-keys");

        put(swapped);
        assertThat(libraries.problems(Set.of("acme"))).hasSize(1);
        assertThat(camel.getClassResolver().resolveClass("com.acme.Step")).isNull();
    }

    @Test
    void bytesThatWereChangedInTheDatabaseAreNeverLoaded() throws Exception {
        Library library = library(jar("one"), signer);
        byte[] other = jar("two");
        DATABASE.database().execute(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("update library_content set bytes = ? where sha256 = ?")) {
                statement.setBytes(1, other);
                statement.setString(2, library.sha256());
                statement.executeUpdate();
            }
        });
        assertThat(libraries.objections(library)).singleElement().asString().contains("changed in the database");
    }

    @Test
    void keysThatOthersCanWriteAreNotTrusted() throws Exception {
        Library library = library(jar("one"), signer);
        Files.setPosixFilePermissions(trusted, PosixFilePermissions.fromString("rw-rw-r--"));
        assertThat(libraries.objections(library)).singleElement().asString().contains("can be written by others");
    }

    @Test
    void keysThatAreNotBase64AreRefused() throws Exception {
        Library library = library(jar("one"), signer);
        Files.writeString(trusted, "-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----\n");
        put(library);
        assertThat(libraries.problems(Set.of("acme")))
                .singleElement()
                .asString()
                .contains("cannot be read as Ed25519 public keys");
    }

    @Test
    void aMalformedListOfBeansIsRefused() throws Exception {
        put(library(jar("one", "acme\\u12"), signer));
        assertThat(libraries.problems(Set.of("acme")))
                .singleElement()
                .asString()
                .contains("a bean that cannot be made");
    }

    @Test
    void aClassOfANameThatJavaKeepsForItselfIsRefused() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes)) {
            jar.putNextEntry(new JarEntry("java/acme/Step.class"));
            jar.putNextEntry(new JarEntry("META-INF/serai/beans"));
            jar.write("acmeStep=java.acme.Step\n".getBytes(StandardCharsets.UTF_8));
        }
        Library library = library(bytes.toByteArray(), signer);
        assertThat(libraries.objections(library)).singleElement().asString().contains("java.acme.Step");
        put(library);
        assertThat(libraries.problems(Set.of("acme"))).hasSize(1);
    }

    @Test
    void aLibraryCannotTakeTheNameOfAPlatformBean() throws Exception {
        put(library(jar("one", "seraiObjects"), signer));
        assertThat(libraries.problems(Set.of("acme")))
                .singleElement()
                .asString()
                .contains("name that is taken");
    }

    @Test
    void whatIsNoJarIsRefused() throws Exception {
        byte[] text = "no jar".getBytes(StandardCharsets.US_ASCII);
        assertThat(libraries.objections(library(text, signer)))
                .singleElement()
                .asString()
                .contains("holds no classes");
        assertThatThrownBy(() -> libraries.objections(new Library(new LibraryName("../x"), "", 0, "")))
                .hasMessageContaining("not a valid name");
    }

    private Set<String> put(Library library) {
        objects.change(List.of(library), List.of(), "ada");
        return libraries.refresh();
    }

    private void route() throws Exception {
        for (String id : List.of("class", "bean")) {
            if (camel.getRoute(id) != null) {
                camel.getRouteController().stopRoute(id);
                camel.removeRoute(id);
            }
        }
        PluginHelper.getRoutesLoader(camel).loadRoutes(ResourceHelper.fromString("mem:/r.yaml", """
                - route:
                    id: class
                    from:
                      uri: direct:class
                      steps:
                        - bean: {beanType: com.acme.Step, method: say}
                - route:
                    id: bean
                    from:
                      uri: direct:bean
                      steps:
                        - bean: {ref: acmeStep, method: say}
                """));
    }

    private Object ask(String uri) {
        return camel.createProducerTemplate().requestBody(uri, "x");
    }

    private Library library(byte[] jar, KeyPair by) throws GeneralSecurityException {
        Signature signature = Signature.getInstance("Ed25519");
        signature.initSign(by.getPrivate());
        signature.update(jar);
        return new Library(
                new LibraryName("acme"),
                contents.put(jar, "ada"),
                jar.length,
                Base64.getEncoder().encodeToString(signature.sign()));
    }

    private byte[] jar(String says) throws IOException {
        return jar(says, "acmeStep");
    }

    private byte[] jar(String says, String bean) throws IOException {
        Path source = folder.resolve("com/acme/Step.java");
        Files.createDirectories(source.getParent());
        Files.writeString(
                source,
                "package com.acme; public class Step { public String say(String body) { return \"" + says + "\"; } }");
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-d", folder.toString(), source.toString()))
                .isZero();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes)) {
            jar.putNextEntry(new JarEntry("com/acme/Step.class"));
            jar.write(Files.readAllBytes(folder.resolve("com/acme/Step.class")));
            jar.putNextEntry(new JarEntry("META-INF/serai/beans"));
            jar.write((bean + "=com.acme.Step\n").getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }
}
