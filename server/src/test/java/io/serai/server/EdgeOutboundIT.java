package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A server that is let out by an edge, and partners that are passed through it: real processes, real clients, and a name that
 * the edge alone can resolve. Nothing but the edge is ever restarted.
 */
@Tag("paired")
class EdgeOutboundIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String NAME = "sftp.hanse.example";
    private static final int SIZE = 500_000;

    private final int link = ClusterDatabase.freePort();
    private final int sftp = ClusterDatabase.freePort();
    private final int https = ClusterDatabase.freePort();

    @Test
    void sitesAreReachedByTheEdgeAndPartnersArePassedThroughIt() throws Exception {
        try (TestFolder folder = new TestFolder("outbound");
                RunningServer ours = RunningServer.start(folder, "ours", Map.of(), RunningServer.BRIEF);
                RunningServer theirs = RunningServer.start(folder, "theirs", Map.of(), RunningServer.BRIEF);
                EdgeProcess edge = new EdgeProcess(
                        folder.resolve("edge1"),
                        "127.0.0.1:" + link,
                        List.of("env", "JAVA_TOOL_OPTIONS=-Djdk.net.hosts.file=" + names(folder)))) {
            ours.apply(Map.of("zone.yaml", zone("refuse", NAME + ":*")));
            JsonNode begun = ours.admin().post("/api/v1/edges/edge1/enrolment", Map.of("valid", "10m"));
            edge.start(begun.path("code").asText());
            await("the edge").atMost(LIMIT).until(() -> isUp(ours));
            Partner.of(theirs, folder, "hanse", "/in");
            Partner acme = Partner.of(ours, folder, "acme", "/sftp", "/ftps", "/https", "/later");
            for (String protocol : List.of("sftp", "ftps", "https")) {
                ours.apply(Map.of("site.yaml", site("s-" + protocol, protocol, NAME, theirs)));
                ours.applyRoute("r-" + protocol, route(protocol, protocol));
            }

            // The name leads to loopback, which no rule with a name allows.
            Path first = folder.file("first.bin", SIZE);
            acme.sftp("put " + first + " /sftp/first.bin\n").expectSuccess();
            JsonNode parked = ours.awaitParked("r-sftp");
            assertThat(parked.path("error").asText()).contains("the zone dmz", "destinations", "edge1");

            ours.apply(Map.of("zone.yaml", zone("refuse", "127.0.0.1/32:*")));
            await("the edge's new terms").atMost(LIMIT).until(() -> isUp(ours));
            ours.admin().post("/api/v1/events/" + parked.path("id").asText() + "/retry", null);
            expectArrival(theirs, "first.bin", first);
            for (String protocol : List.of("ftps", "https")) {
                Path file = folder.file(protocol + ".bin", SIZE);
                acme.sftp("put " + file + " /" + protocol + "/" + protocol + ".bin\n")
                        .expectSuccess();
                expectArrival(theirs, protocol + ".bin", file);
            }
            passesThrough(ours, acme, folder);
            edge.close();
            withoutTheEdge(ours, theirs, acme, folder);
        }
    }

    /** Two ports of the edge lead to the server's own listeners; the server knows whose connections they are. */
    private void passesThrough(RunningServer ours, Partner acme, TestFolder folder) throws Exception {
        Path file = folder.file("through.bin", SIZE);
        acme.startSftpAt(sftp, "put " + file + " /later/through.bin\n")
                .await(Tool.LIMIT)
                .expectSuccess();
        assertThat(ours.file("acme", "/later/through.bin")).hasSameBinaryContentAs(file);
        assertThat(ours.transfers("kind", "upload", "name", "through.bin")
                        .get(0)
                        .toString())
                .contains("sftp-through");
        String login = "acme:" + Partner.PASSWORD;
        String url = "https://127.0.0.1:" + https + "/later/through.bin";
        Tool.run(
                        "curl",
                        "-q",
                        "-sSf",
                        "-k",
                        "-u",
                        login,
                        "-o",
                        folder.resolve("back.bin").toString(),
                        url)
                .expectSuccess();
        assertThat(folder.resolve("back.bin")).hasSameBinaryContentAs(file);
        assertThat(ours.log()).as("what is passed through needs no link").doesNotContain("No raw connection");
        // It shows the server's own keys, and the edge has none.
        String key = Tool.run("ssh-keyscan", "-t", "ed25519", "-p", Integer.toString(sftp), "127.0.0.1")
                .output();
        assertThat(key).contains(ours.trustLine("sftp").split(" ")[1]);
    }

    /** What the zone says counts from one delivery to the next. */
    private void withoutTheEdge(RunningServer ours, RunningServer theirs, Partner acme, TestFolder folder) {
        ours.apply(Map.of("site.yaml", site("s-later", "sftp", "127.0.0.1", theirs)));
        ours.applyRoute("r-later", route("later", "later"));
        Path file = folder.file("late.bin", SIZE);
        acme.sftp("put " + file + " /later/late.bin\n").expectSuccess();
        JsonNode event = await("a failed attempt")
                .atMost(LIMIT)
                .until(
                        () -> ours.events("route", "r-later"),
                        found -> found.stream()
                                .anyMatch(each -> each.path("attempts").asInt() > 0))
                .get(0);
        assertThat(event.path("error").asText()).contains("the way through the edges of the zone dmz is down", "edge1");
        JsonNode history =
                ours.admin().get("/api/v1/events/" + event.path("id").asText()).path("history");
        assertThat(history.get(history.size() - 1).path("code").asText()).isEqualTo("SITE_PROXY_DOWN");
        assertThat(ours.admin()
                        .get("/api/v1/status")
                        .path("health")
                        .path("outbound")
                        .asText())
                .startsWith("WARNING")
                .contains("the zone dmz");

        ours.apply(Map.of("zone.yaml", zone("direct", "127.0.0.1/32:*")));
        expectArrival(theirs, "late.bin", file);
    }

    private static Path names(TestFolder folder) throws Exception {
        return Files.writeString(folder.resolve("names"), "127.0.0.1 " + NAME + "\n");
    }

    private String zone(String whenDown, String destination) {
        return """
                kind: Zone
                name: dmz
                spec:
                  edges:
                    - name: edge1
                      addresses: ["127.0.0.1:%d"]
                  listeners:
                    - name: sftp-through
                      protocol: sftp
                      mode: tcp
                      address: 127.0.0.1
                      port: %d
                    - name: https-through
                      protocol: https
                      mode: tcp
                      address: 127.0.0.1
                      port: %d
                      allowFrom: [127.0.0.0/8]
                  outbound: true
                  default: true
                  whenDown: %s
                  destinations: ["%s"]
                """.formatted(link, sftp, https, whenDown, destination);
    }

    private static String site(String name, String protocol, String host, RunningServer there) {
        return """
                kind: Site
                name: %s
                spec:
                  protocol: %s
                  host: %s
                  port: %d
                  user: hanse
                  password: "%s"
                  trust: ["%s"]
                """.formatted(name, protocol, host, there.port(protocol), Partner.PASSWORD, there.trustLine(protocol));
    }

    private static String route(String name, String folder) {
        return """
                - route:
                    id: r-%s
                    from:
                      uri: arrival:acme/%s
                      parameters: { include: "*.bin" }
                      steps:
                        - to: site:s-%s?path=/in
                """.formatted(name, folder, name);
    }

    private static boolean isUp(RunningServer server) {
        JsonNode edge = server.admin().get("/api/v1/edges").path("edges").path(0);
        return edge.path("state").asText().equals("up")
                && edge.path("configuration").asText().length() == 64
                && !edge.path("drift").asBoolean();
    }

    private static void expectArrival(RunningServer there, String name, Path file) {
        await(name + " at the other company").atMost(LIMIT).untilAsserted(() -> {
            assertThat(there.names("hanse", "/in")).contains(name);
            assertThat(TestFolder.sha256(there.file("hanse", "/in/" + name))).isEqualTo(TestFolder.sha256(file));
        });
    }
}
