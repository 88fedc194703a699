package io.serai.endpoint.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.InMemoryAccount;
import io.serai.endpoint.InMemoryPartners;
import io.serai.endpoint.ListenerUnderTest;
import io.serai.endpoint.PartnerOperation;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Drives the listener with curl. */
class HttpServerTest {
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
        server = new ListenerUnderTest(
                "http-server",
                Map.of(
                        "bindAddress",
                        "127.0.0.1",
                        "port",
                        0,
                        "certificate",
                        folder.resolve("tls/chain.pem"),
                        "privateKey",
                        folder.resolve("tls/key.pem"),
                        "sessionIdleTimeout",
                        "2s"),
                partners);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String url(String path) {
        return "https://localhost:" + server.port() + path;
    }

    /** Runs curl, which verifies the certificate that the listener made, and prints the answer's head with its body. */
    private ClientProgram.Ended curl(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "curl",
                "-sS",
                "-i",
                "--path-as-is",
                "--max-time",
                "60",
                "--cacert",
                folder.resolve("tls/chain.pem").toString(),
                "-u",
                "acme:pass:word"));
        command.addAll(Arrays.asList(arguments));
        return ClientProgram.run(folder, command);
    }

    private Path file(String name, byte[] content) throws Exception {
        return Files.write(folder.resolve(name), content);
    }

    private static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        new java.util.SplittableRandom(size).nextBytes(bytes);
        return bytes;
    }

    @Test
    void storesAnUploadAndNamesItsDigest() throws Exception {
        byte[] content = bytes(3_000_000);
        Path local = file("a.bin", content);

        ClientProgram.Ended first = curl("-T", local.toString(), url("/a.bin"));
        ClientProgram.Ended second = curl("--http1.1", "-T", local.toString(), url("/a.bin"));

        assertThat(first.output()).contains("HTTP/2 201").containsIgnoringCase("etag: \"");
        String digest = Base64.getEncoder()
                .encodeToString(MessageDigest.getInstance("SHA-256").digest(content));
        assertThat(first.output()).containsIgnoringCase("repr-digest: sha-256=:" + digest + ":");
        assertThat(second.output()).contains("HTTP/1.1 100 Continue").contains("HTTP/1.1 204");
        assertThat(acme.file("/a.bin")).contains(content);
        assertThat(acme.arrivals()).hasSize(2);
    }

    @Test
    void storesAChunkedUploadAndAnEmptyOne() throws Exception {
        byte[] content = bytes(700_001);
        Path local = file("a.bin", content);

        ClientProgram.Ended chunked = ClientProgram.run(
                folder,
                "bash",
                "-c",
                "cat " + local + " | curl -sS -i --http1.1 -k -u acme:pass:word -T - " + url("/chunked.bin"));
        ClientProgram.Ended empty = curl("-T", "/dev/null", url("/empty.bin"));

        assertThat(chunked.output()).contains("HTTP/1.1 201");
        assertThat(acme.file("/chunked.bin")).contains(content);
        assertThat(empty.output()).contains(" 201");
        assertThat(acme.file("/empty.bin")).contains(new byte[0]);
    }

    @Test
    void refusesToReplaceWhenTheFileMustBeNew() throws Exception {
        Path local = file("a.bin", bytes(10));
        acme.putFile("/a.bin", new byte[] {1});

        ClientProgram.Ended refused = curl("-H", "If-None-Match: *", "-T", local.toString(), url("/a.bin"));

        assertThat(refused.output()).contains(" 412").contains("\"error\":\"EXISTS\"");
        assertThat(acme.file("/a.bin")).contains(new byte[] {1});
    }

    @Test
    void downloadsWholeFilesAndRanges() throws Exception {
        byte[] content = bytes(1_000_000);
        acme.putFile("/out/größe.bin", content);
        Path target = folder.resolve("got.bin");
        String url = url("/out/gr%C3%B6%C3%9Fe.bin");

        curl("--no-include", "-o", target.toString(), url);
        assertThat(target).hasBinaryContent(content);
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(
                        () -> assertThat(acme.downloads().get(0).wasDelivered()).isTrue());

        Files.write(target, Arrays.copyOf(content, 400_000));
        ClientProgram.Ended resumed = curl("--no-include", "-C", "-", "-o", target.toString(), url);
        assertThat(resumed.status()).isZero();
        assertThat(target).hasBinaryContent(content);

        assertThat(curl("-o", "/dev/stdout", "-r", "2000000-", url).output())
                .contains(" 416")
                .containsIgnoringCase("content-range: bytes */1000000");
        ClientProgram.Ended head = curl("-I", url);
        assertThat(head.output())
                .contains(" 200")
                .containsIgnoringCase("content-length: 1000000")
                .containsIgnoringCase("content-disposition: attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.bin")
                .containsIgnoringCase("x-content-type-options: nosniff")
                .containsIgnoringCase("content-security-policy: sandbox");
    }

    @Test
    void honoursEntityTags() throws Exception {
        acme.putFile("/a.txt", "0123456789".getBytes(StandardCharsets.UTF_8));
        String etag = PartnerFiles.etag(acme.attributes("/a.txt").orElseThrow().version());

        assertThat(curl("-H", "If-None-Match: " + etag, url("/a.txt")).output()).contains(" 304");
        assertThat(curl("-H", "If-Range: " + etag, "-r", "2-4", url("/a.txt")).output())
                .contains(" 206")
                .endsWith("234");
        assertThat(curl("-H", "If-Range: \"other\"", "-r", "2-4", url("/a.txt")).output())
                .contains(" 200")
                .endsWith("0123456789");
        assertThat(curl("-r", "-3", url("/a.txt")).output()).contains(" 206").endsWith("789");
    }

    @Test
    void listsAsJsonAndAsHtmlWithEverythingEscaped() throws Exception {
        acme.putFile("/<script>alert(1)</script>", new byte[] {1, 2});
        acme.putFolder("/<script>alert(1)</script>x");
        acme.putFolder("/inbox");

        assertThat(curl(url("/")).output()).contains(" 200").contains("\"name\":\"inbox\"");
        ClientProgram.Ended html = curl("-H", "Accept: text/html", url("/"));
        assertThat(html.output()).contains("&lt;script&gt;").doesNotContain("<script>");
        assertThat(curl(url("/inbox")).output()).contains(" 308").containsIgnoringCase("location: /inbox/");
        assertThat(curl(url("/nowhere/")).output()).contains(" 404");
    }

    @Test
    void pagesThroughAFolderOfFiveThousandFiles() throws Exception {
        for (int i = 0; i < 5_000; i++) {
            acme.putFile(String.format("/many/f%05d", i), new byte[0]);
        }
        String after = "";
        int seen = 0;
        do {
            String body = curl("--no-include", url("/many/" + after)).output();
            JsonObject page = new JsonObject(body);
            seen += page.getJsonArray("entries").size();
            after = page.containsKey("next")
                    ? "?after=" + page.getString("next").replaceAll("^.*after=", "")
                    : "";
        } while (!after.isEmpty());
        assertThat(seen).isEqualTo(5_000);
        assertThat(partners.operations(PartnerOperation.LoginByPassword.class)).hasSize(1);
    }

    @Test
    void makesMovesAndDeletes() throws Exception {
        acme.putFile("/a.txt", new byte[] {1});

        assertThat(curl("-X", "MKCOL", url("/b")).output()).contains(" 201");
        assertThat(curl("-X", "MKCOL", url("/b")).output()).contains(" 405");
        assertThat(curl("-X", "MOVE", "-H", "Destination: " + url("/b/c.txt"), url("/a.txt"))
                        .output())
                .contains(" 201");
        assertThat(curl("-X", "MOVE", "-H", "Destination: https://elsewhere/x", url("/b/c.txt"))
                        .output())
                .contains(" 400");
        assertThat(curl("-X", "DELETE", url("/b")).output()).contains(" 409");
        assertThat(acme.paths()).containsExactly("/b", "/b/c.txt");
        assertThat(curl("-X", "DELETE", url("/b/c.txt")).output()).contains(" 204");
        assertThat(curl("-X", "DELETE", url("/b")).output()).contains(" 204");
        assertThat(acme.paths()).isEmpty();
        assertThat(curl("-X", "OPTIONS", url("/")).output()).contains(" 204").containsIgnoringCase("allow: ");
        assertThat(curl("-X", "PATCH", url("/a")).output()).contains(" 405");
    }

    @Test
    void refusesWrongCredentialsAndControlCharactersInNames() throws Exception {
        for (String user : List.of("acme:wrong", "nobody:x", "ac\nme:pass:word", "ac\u0000me:pass:word", ":x", "")) {
            String token = Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8));
            ClientProgram.Ended refused = ClientProgram.run(
                    folder, "curl", "-sS", "-i", "-k", "-H", "Authorization: Basic " + token, url("/"));
            assertThat(refused.output()).contains(" 401").containsIgnoringCase("www-authenticate: Basic");
        }
        assertThat(ClientProgram.run(folder, "curl", "-sS", "-i", "-k", "-T", "/dev/null", url("/x"))
                        .output())
                .contains(" 401");
        assertThat(acme.paths()).isEmpty();
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(partners.sessions()).isEmpty());
    }

    @Test
    void sharesASessionAndEndsItWhenIdle() throws Exception {
        for (int i = 0; i < 5; i++) {
            curl(url("/"));
        }
        assertThat(partners.operations(PartnerOperation.LoginByPassword.class)).hasSize(1);
        await().atMost(Duration.ofSeconds(15))
                .untilAsserted(() -> assertThat(partners.sessions()).isEmpty());
    }

    @Test
    void logsInAgainWhenTheSessionWasEndedElsewhere() throws Exception {
        curl(url("/"));
        var session = partners.sessions().iterator().next();
        assertThat(server.listeners().end(session, "test")).isTrue();
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(partners.sessions()).isEmpty());
        assertThat(curl(url("/")).output()).contains(" 200");
    }

    @Test
    void neverLeavesTheHome() throws Exception {
        List<String> hostile = List.of(
                "/../../../etc/passwd",
                "/..%2f..%2fetc/passwd",
                "/%2e%2e/%2e%2e/etc/passwd",
                "/..%5c..%5cetc%5cpasswd",
                "/..\\..\\etc\\passwd",
                "//etc/passwd",
                "/%00etc/passwd",
                "/a%0d%0aSet-Cookie:x",
                "/%c0%ae%c0%ae/etc/passwd",
                "/%e2%80%ae/x",
                "/%zz",
                "/%",
                "/....//etc/passwd");
        for (String path : hostile) {
            assertThat(curl(url(path)).output())
                    .as(path)
                    .containsPattern("HTTP/2 40[04]")
                    .doesNotContain("root:");
        }
        assertThat(curl("--request-target", "http://other/../../etc/passwd", url("/"))
                        .output())
                .doesNotContain("root:");
        assertThat(curl("-H", "Host: evil\" onload=x", "-H", "X-Forwarded-For: 6.6.6.6", "--http1.1", url("/"))
                        .output())
                .doesNotContain("evil");
        assertThat(partners.operations(PartnerOperation.OpenSession.class))
                .allSatisfy(
                        open -> assertThat(open.origin().client().getAddress().getHostAddress())
                                .isEqualTo("127.0.0.1"));
    }

    @Test
    void goesOnWithAKeptPartOnlyAtItsEnd() throws Exception {
        byte[] content = bytes(1_000_000);
        Path local = file("a.bin", content);
        String head = "Content-Range: bytes 0-399999/1000000";
        Path first = file("first.bin", Arrays.copyOf(content, 400_000));

        assertThat(curl("-H", head, "-T", first.toString(), url("/a.bin")).output())
                .contains(" 202")
                .containsIgnoringCase("upload-offset: 400000");
        assertThat(acme.paths()).isEmpty();
        assertThat(curl("-I", url("/a.bin")).output()).contains(" 404").containsIgnoringCase("upload-offset: 400000");
        assertThat(curl("-C", "300000", "-T", local.toString(), url("/a.bin")).output())
                .contains(" 409")
                .contains("BAD_OFFSET")
                .containsIgnoringCase("upload-offset: 400000");
        assertThat(curl("-C", "400000", "-T", local.toString(), url("/a.bin")).output())
                .contains(" 201");
        assertThat(acme.file("/a.bin")).contains(content);
    }
}
