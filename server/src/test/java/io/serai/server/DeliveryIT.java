package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A partner's file goes through a route to another company's server, which is a second real server here. */
@Tag("paired")
class DeliveryIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int SIZE = 2_000_000;
    /** Takes long enough to be broken in the middle. */
    private static final int LARGE = 150_000_000;

    private static TestFolder folder;
    private static RunningServer ours;
    private static RunningServer theirs;
    private static Partner acme;

    @BeforeAll
    static void startServers() {
        folder = new TestFolder("delivery");
        ours = RunningServer.start(folder, "ours", Map.of());
        theirs = RunningServer.start(folder, "theirs", Map.of());
        Partner.of(theirs, folder, "hanse", "/in", "/out");
        acme = Partner.of(ours, folder, "acme", "/sftp", "/ftps", "/https");
    }

    @AfterAll
    static void stopServers() {
        ours.close();
        theirs.close();
        folder.close();
    }

    @Test
    void deliversBySftp() {
        trustedSite("s-sftp", "sftp");
        ours.applyRoute("r-sftp", route("r-sftp", "acme/sftp", "*.plain", "site:s-sftp?path=/in"));
        Path file = folder.file("d1.plain", SIZE);
        acme.curlHttps("/sftp/d1.plain", "-T", file.toString()).expectSuccess();
        expectArrival("d1.plain", file);
    }

    @Test
    void deliversByFtps() {
        trustedSite("s-ftps", "ftps");
        ours.applyRoute("r-ftps", route("r-ftps", "acme/ftps", "*.plain", "site:s-ftps?path=/in"));
        Path file = folder.file("d2.plain", SIZE);
        acme.sftp("put " + file + " /ftps/d2.plain\n").expectSuccess();
        expectArrival("d2.plain", file);
    }

    @Test
    void deliversByHttps() {
        trustedSite("s-https", "https");
        ours.applyRoute("r-https", route("r-https", "acme/https", "*.plain", "site:s-https?path=/in"));
        Path file = folder.file("d3.plain", SIZE);
        acme.curlFtps("/https/d3.plain", "-T", file.toString()).expectSuccess();
        expectArrival("d3.plain", file);
    }

    @Test
    void compressesOnTheWay() throws IOException {
        trustedSite("s-gzip", "sftp");
        ours.applyRoute("r-gzip", """
                - route:
                    id: r-gzip
                    from:
                      uri: arrival:acme/sftp
                      parameters: { include: "*.txt" }
                      steps:
                        - marshal:
                            gzipDeflater: {}
                        - to:
                            uri: site:s-gzip
                            parameters: { path: /in, fileName: "${header.CamelSeraiFileName}.gz" }
                """);
        Path file = folder.file("d4.txt", SIZE);
        acme.sftp("put " + file + " /sftp/d4.txt\n").expectSuccess();
        awaitArrivals("d4.txt.gz", 1);
        try (InputStream in = new GZIPInputStream(Files.newInputStream(theirs.file("hanse", "/in/d4.txt.gz")))) {
            assertThat(TestFolder.sha256(in)).isEqualTo(TestFolder.sha256(file));
        }
    }

    @Test
    void parksAtOnceWhenThePasswordIsWrong() {
        trustedSite("s-wrong", "sftp", "not-the-password");
        ours.applyRoute("r-wrong", route("r-wrong", "acme/sftp", "*.wrong", "site:s-wrong?path=/in"));
        Path file = folder.file("d5.wrong", 1000);
        acme.sftp("put " + file + " /sftp/d5.wrong\n").expectSuccess();
        JsonNode parked = ours.awaitParked("r-wrong");
        assertThat(attempt(parked).path("code").asText()).isEqualTo("SITE_LOGIN_REFUSED");
        assertThat(parked.path("error").asText()).contains("s-wrong");
        assertThat(parked.path("attempts").asInt()).isOne();
        trustedSite("s-wrong", "sftp");
        ours.admin().post("/api/v1/events/" + parked.path("id").asText() + "/retry", null);
        expectArrival("d5.wrong", file);
    }

    @Test
    void refusesAnUnknownHostKeyUntilItIsTrusted() {
        ours.apply(Map.of("site.yaml", site("s-new", "sftp", Partner.PASSWORD, "")));
        ours.applyRoute("r-new", route("r-new", "acme/sftp", "*.new", "site:s-new?path=/in"));
        Path file = folder.file("d6.new", 1000);
        acme.sftp("put " + file + " /sftp/d6.new\n").expectSuccess();
        JsonNode parked = ours.awaitParked("r-new");
        assertThat(attempt(parked).path("code").asText()).isEqualTo("SITE_UNTRUSTED");
        assertThat(parked.path("error").asText())
                .contains("s-new")
                .containsAnyOf(theirs.fingerprints("sftp").toArray(String[]::new));
        trust("s-new", "sftp");
        ours.admin().post("/api/v1/events/" + parked.path("id").asText() + "/retry", null);
        expectArrival("d6.new", file);
    }

    @Test
    void aFrozenRemoteGetsTheFileOnce() {
        trustedSite("s-frozen", "sftp");
        ours.applyRoute("r-frozen", route("r-frozen", "acme/sftp", "*.frozen", "site:s-frozen?path=/in"));
        Path file = folder.file("d7.frozen", 1000);
        theirs.freeze();
        try {
            acme.sftp("put " + file + " /sftp/d7.frozen\n").expectSuccess();
            await("a failed attempt")
                    .atMost(LIMIT)
                    .until(() -> ours.events("route", "r-frozen").stream()
                            .anyMatch(event -> event.path("attempts").asInt() > 0));
        } finally {
            theirs.thaw();
        }
        expectArrival("d7.frozen", file);
        ours.awaitNoEvents("r-frozen", LIMIT);
        assertThat(theirs.transfers("kind", "upload", "state", "completed", "name", "*d7.frozen*"))
                .hasSize(1);
        assertThat(theirs.names("hanse", "/in"))
                .filteredOn(name -> name.contains("d7.frozen"))
                .containsExactly("d7.frozen");
    }

    @Test
    void aRemoteThatFreezesInTheMiddleGetsTheFileOnce() {
        trustedSite("s-half", "sftp");
        ours.applyRoute("r-half", route("r-half", "acme/sftp", "*.half", "site:s-half?path=/in"));
        Path file = folder.file("d10.half", LARGE);
        freezeInTheMiddle("d10.half", file);
        try {
            await("a failed attempt")
                    .atMost(LIMIT)
                    .until(() -> ours.events("route", "r-half").stream()
                            .anyMatch(event -> event.path("attempts").asInt() > 0));
        } finally {
            theirs.thaw();
        }
        expectArrival("d10.half", file);
        ours.awaitNoEvents("r-half", LIMIT);
        assertThat(theirs.names("hanse", "/in"))
                .filteredOn(name -> name.contains("d10.half"))
                .containsExactly("d10.half");
    }

    @Test
    void cancelsADeliveryThatRuns() {
        trustedSite("s-cancel", "sftp");
        ours.applyRoute("r-cancel", route("r-cancel", "acme/sftp", "*.cancel", "site:s-cancel?path=/in"));
        Path file = folder.file("d11.cancel", LARGE);
        String transfer = freezeInTheMiddle("d11.cancel", file);
        try {
            ours.admin().post("/api/v1/transfers/" + transfer + "/cancel", null);
            await("the cancelled delivery")
                    .atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(ours.transfers("kind", "delivery", "name", "d11.cancel"))
                            .singleElement()
                            .satisfies(row -> {
                                assertThat(row.path("state").asText()).isEqualTo("cancelled");
                                assertThat(row.path("errorText").asText()).contains("cancel");
                            }));
        } finally {
            theirs.thaw();
        }
        ours.awaitNoEvents("r-cancel", LIMIT);
        assertThat(theirs.names("hanse", "/in")).noneMatch(name -> name.equals("d11.cancel"));
    }

    /** Uploads the file and freezes the other company's server while it is being delivered; the delivery's id. */
    private static String freezeInTheMiddle(String name, Path file) {
        acme.sftp("put " + file + " /sftp/" + name + "\n").expectSuccess();
        List<JsonNode> running = await("the running delivery")
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(
                        () -> ours.transfers("kind", "delivery", "state", "running", "name", name),
                        found -> !found.isEmpty());
        theirs.freeze();
        assertThat(ours.transfers("kind", "delivery", "state", "completed", "name", name))
                .as("the freeze came in time")
                .isEmpty();
        return running.get(0).path("id").asText();
    }

    @Test
    void resubmitsTheOriginalBytes() {
        trustedSite("s-again", "sftp");
        ours.applyRoute("r-again", route("r-again", "acme/sftp", "*.again", "site:s-again?path=/in"));
        Path file = folder.file("d8.again", SIZE);
        acme.sftp("put " + file + " /sftp/d8.again\n").expectSuccess();
        expectArrival("d8.again", file);
        String transfer = ours.transfers("kind", "upload", "name", "d8.again")
                .get(0)
                .path("id")
                .asText();
        Path other = folder.file("d8-other", SIZE / 2);
        acme.sftp("put " + other + " /sftp/d8.again\n").expectSuccess();
        awaitArrivals("d8.again", 2);
        assertThat(TestFolder.sha256(theirs.file("hanse", "/in/d8.again"))).isEqualTo(TestFolder.sha256(other));
        ours.admin().post("/api/v1/transfers/" + transfer + "/resubmit", null);
        awaitArrivals("d8.again", 3);
        assertThat(TestFolder.sha256(theirs.file("hanse", "/in/d8.again"))).isEqualTo(TestFolder.sha256(file));
    }

    @Test
    void cancelsWhatWaits() {
        // Nothing listens there: a port that was free a moment ago.
        ours.apply(Map.of("site.yaml", """
                kind: Site
                name: s-away
                spec: { protocol: sftp, host: 127.0.0.1, port: 1, user: hanse, password: x }
                """));
        ours.applyRoute("r-away", route("r-away", "acme/sftp", "*.away", "site:s-away?path=/in"));
        Path file = folder.file("d9.away", 1000);
        acme.sftp("put " + file + " /sftp/d9.away\n").expectSuccess();
        JsonNode event = await("a failed attempt")
                .atMost(LIMIT)
                .until(
                        () -> ours.events("route", "r-away"),
                        found -> found.size() == 1
                                && found.get(0).path("attempts").asInt() > 1)
                .get(0);
        assertThat(event.path("error").asText()).contains("s-away");
        ours.admin().post("/api/v1/events/" + event.path("id").asText() + "/cancel", null);
        ours.awaitNoEvents("r-away", LIMIT);
    }

    @Test
    void refusesAWrongPasswordOfAPartner() {
        assertThat(Tool.run(
                                "curl",
                                "-q",
                                "-sS",
                                "-k",
                                "-o",
                                "/dev/null",
                                "-w",
                                "%{http_code}",
                                "-u",
                                "acme:wrong",
                                "https://127.0.0.1:" + ours.port("https") + "/sftp/")
                        .output())
                .contains("401");
        assertThat(Tool.run(
                                "curl",
                                "-q",
                                "-sS",
                                "-k",
                                "--ssl-reqd",
                                "-u",
                                "acme:wrong",
                                "ftp://127.0.0.1:" + ours.port("ftps") + "/sftp/")
                        .expectFailure()
                        .output())
                .contains("530");
        assertThat(Tool.run(
                                "sshpass",
                                "-p",
                                "wrong",
                                "sftp",
                                "-F",
                                "/dev/null",
                                "-P",
                                Integer.toString(ours.port("sftp")),
                                "-oPubkeyAuthentication=no",
                                "-oStrictHostKeyChecking=no",
                                "-oUserKnownHostsFile=/dev/null",
                                "acme@127.0.0.1:/sftp/")
                        .expectFailure()
                        .output())
                .containsIgnoringCase("permission denied");
    }

    /** The last failed attempt of an event. */
    private static JsonNode attempt(JsonNode event) {
        JsonNode history =
                ours.admin().get("/api/v1/events/" + event.path("id").asText()).path("history");
        return history.get(history.size() - 1);
    }

    private static String route(String id, String folder, String include, String to) {
        return """
                - route:
                    id: %s
                    from:
                      uri: arrival:%s
                      parameters: { include: "%s" }
                      steps:
                        - to: %s
                """.formatted(id, folder, include, to);
    }

    private static void trustedSite(String name, String protocol) {
        trustedSite(name, protocol, Partner.PASSWORD);
    }

    private static void trustedSite(String name, String protocol, String password) {
        ours.apply(Map.of("site.yaml", site(name, protocol, password, trustLine(protocol))));
    }

    private static String site(String name, String protocol, String password, String trust) {
        return """
                kind: Site
                name: %s
                spec:
                  protocol: %s
                  host: 127.0.0.1
                  port: %d
                  user: hanse
                  password: "%s"
                  trust: [%s]
                  connectTimeout: 2s
                  timeout: 4s
                """.formatted(name, protocol, theirs.port(protocol), password, trust);
    }

    /** What they told us of their server, the way it is written into a Site. */
    private static String trustLine(String protocol) {
        return '"' + theirs.trustLine(protocol) + '"';
    }

    /** As an operator does who compared the fingerprint with what they told us. */
    private static void trust(String site, String protocol) {
        JsonNode presented =
                ours.admin().post("/api/v1/sites/" + site + "/probe", null).path("identities");
        String fingerprint = presented.get(0).path("fingerprint").asText();
        assertThat(theirs.fingerprints(protocol)).contains(fingerprint);
        ours.admin().post("/api/v1/sites/" + site + "/trust", Map.of("fingerprint", fingerprint));
    }

    private static void expectArrival(String name, Path file) {
        awaitArrivals(name, 1);
        assertThat(TestFolder.sha256(theirs.file("hanse", "/in/" + name))).isEqualTo(TestFolder.sha256(file));
        List<JsonNode> deliveries = await("the delivery of " + name)
                .atMost(LIMIT)
                .until(() -> ours.transfers("kind", "delivery", "state", "completed", "name", name), f -> !f.isEmpty());
        assertThat(deliveries).hasSize(1);
        assertThat(deliveries.get(0).path("sha256").asText()).isEqualTo(TestFolder.sha256(file));
    }

    private static void awaitArrivals(String name, int count) {
        await(name + " at the partner company")
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(theirs.names("hanse", "/in")).contains(name));
        await(count + " uploads")
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(ours.transfers("kind", "delivery", "state", "completed", "name", name))
                        .hasSize(count));
    }
}
