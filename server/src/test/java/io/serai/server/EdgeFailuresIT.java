package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Two real servers behind a real edge: killed, frozen and restarted while partners work. What is told to be there is there, what
 * can go on goes on, and nobody who comes anew is refused.
 */
@Tag("paired")
class EdgeFailuresIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int BIG = 40_000_000;
    private static final int SMALL_FILES = 60;
    private static final int LOADERS = 2;

    /** What is done to them; everything takes some minutes: killed,frozen,restarted,edge. */
    private static final List<String> PARTS =
            List.of(System.getProperty("serai.edge.failures", "killed").split(","));

    /** A longer lease for a machine that has little time for this. */
    private static final Map<String, String> SETTINGS =
            Map.of("node.drain-notice", "0s", "node.lease", System.getProperty("serai.edge.lease", "5s"));

    private TestFolder folder;
    private ClusterOfServers cluster;
    private Partner acme;
    private int sftp;

    @Test
    void partnersAtAnEdgeOutliveItsServers() throws Exception {
        int link = ClusterDatabase.freePort();
        sftp = ClusterDatabase.freePort();
        try (TestFolder made = new TestFolder("failures");
                ClusterOfServers servers = ClusterOfServers.start(made, 2, SETTINGS);
                EdgeProcess edge = new EdgeProcess(made.resolve("edge1"), "127.0.0.1:" + link)) {
            folder = made;
            cluster = servers;
            RunningServer a = cluster.server(0);
            RunningServer b = cluster.server(1);
            a.apply(Map.of("zone.yaml", zone(link, sftp)));
            JsonNode begun = a.admin().post("/api/v1/edges/edge1/enrolment", Map.of("valid", "10m"));
            edge.start(begun.path("code").asText());
            acme = Partner.of(a, folder, "acme");
            awaitLinked(a, edge);
            awaitLinked(b, edge);
            await("the listener; " + edge.log()).atMost(LIMIT).until(this::listens);
            try {
                if (PARTS.contains("killed")) {
                    killed(a, b);
                }
                if (PARTS.contains("frozen")) {
                    frozen(a, b, edge);
                }
                if (PARTS.contains("restarted")) {
                    restarted(List.of(a, b), edge);
                }
                if (PARTS.contains("edge")) {
                    edgeFrozen(a, edge);
                }
            } catch (AssertionError e) {
                System.out.println("The edge said:\n" + edge.printed());
                throw e;
            }
        }
    }

    /** A download, an idle session and many uploads, all at the server that dies. */
    private void killed(RunningServer a, RunningServer b) throws Exception {
        Path big = folder.file("big", BIG);
        acme.startSftpAt(sftp, "put " + big + " /outbox/big\n").await(LIMIT).expectSuccess();
        b.admin().post("/api/v1/drain", Map.of());
        await("sessions at this one only").atMost(LIMIT).until(() -> sessionIsAt("a"));
        Path back = folder.resolve("back");
        Tool.Running download = acme.startSftpAt(sftp, "get /outbox/big " + back + "\n", "-l", "64000");
        Tool.Running idle = acme.startSftpAt(sftp, "pwd\n" + waitFor("killed") + "ls /outbox\n");
        StringBuilder puts = new StringBuilder();
        for (int i = 0; i < SMALL_FILES; i++) {
            puts.append("-put ").append(folder.file("small-" + i, 100_000 + i)).append(" /inbox/\n");
        }
        Tool.Running uploads = acme.startSftpAt(sftp, puts.toString(), "-l", "24000");
        await("all under way")
                .atMost(LIMIT)
                .until(() -> back.toFile().length() > 2_000_000
                        && Files.exists(folder.resolve("killed.asked"))
                        && a.names("acme", "/inbox").size() > 3);
        assertThat(cluster.ask("select count(*) from partner_session where node = 'a'"))
                .isEqualTo("3");
        b.admin().post("/api/v1/undrain", Map.of());
        a.kill();
        Files.createFile(folder.resolve("killed"));
        idle.await(LIMIT).expectSuccess();
        download.await(LIMIT).expectSuccess();
        assertThat(TestFolder.sha256(back)).isEqualTo(TestFolder.sha256(big));
        String said = uploads.await(LIMIT).expectSuccess().output();
        long refused = said.lines()
                .filter(line -> line.contains("Failure") || line.contains("interrupted"))
                .count();
        // One that was committed, but had no name yet when its server died, gets it by the takeover.
        await("all that were not refused")
                .atMost(LIMIT)
                .until(() -> b.names("acme", "/inbox").size() + refused >= SMALL_FILES);
        List<String> there = b.names("acme", "/inbox");
        System.out.println("After the kill: " + there.size() + " of " + SMALL_FILES + " files, " + refused
                + " lines of refusal: " + said);
        assertThat(there.size()).as("one file was under way, no more").isGreaterThanOrEqualTo(SMALL_FILES - 1);
        for (String name : there) {
            assertThat(TestFolder.sha256(b.file("acme", "/inbox/" + name)))
                    .as(name)
                    .isEqualTo(TestFolder.sha256(folder.resolve(name)));
        }
        assertThat(cluster.ask("select count(*) from transfer where kind = 'upload' and state = 'completed'"
                        + " and path like '/inbox/small-%'"))
                .isEqualTo(Integer.toString(there.size()));
    }

    /** An upload at a server that stands still, which it is noticed to do; the session resumes it at the other one. */
    private void frozen(RunningServer a, RunningServer b, EdgeProcess edge) throws Exception {
        Path big = folder.file("slow", BIG);
        if (!a.runs()) {
            a.restart();
        }
        awaitLinked(a, edge);
        a.admin().post("/api/v1/drain", Map.of());
        await("sessions at the other one only").atMost(LIMIT).until(() -> sessionIsAt("b"));
        Tool.Running upload = acme.startSftpAt(
                sftp,
                "-put " + big + " /outbox/slow\n" + waitFor("frozen") + "reput " + big + " /outbox/slow\n",
                "-l",
                "16000");
        await("the upload").atMost(LIMIT).until(() -> node(latest()).equals("b"));
        a.admin().post("/api/v1/undrain", Map.of());
        await("the other server again").atMost(LIMIT).until(() -> sessionIsAt("a"));
        assertThat(Files.exists(folder.resolve("frozen.asked")))
                .as("still uploading")
                .isFalse();
        int before = losses(edge);
        long began = System.nanoTime();
        b.freeze();
        await("the loss of the link").atMost(LIMIT).until(() -> losses(edge) > before);
        Duration noticed = Duration.ofNanos(System.nanoTime() - began);
        await("the failure").atMost(LIMIT).until(() -> Files.exists(folder.resolve("frozen.asked")));
        Duration answered = Duration.ofNanos(System.nanoTime() - began);
        System.out.println("A frozen server was noticed after " + noticed.toMillis() + " ms, the partner knew after "
                + answered.toMillis() + " ms");
        assertThat(noticed).isLessThan(Duration.ofSeconds(20));
        assertThat(a.file("acme", "/outbox/slow")).doesNotExist();
        await("the session at the other server")
                .atMost(LIMIT)
                .until(() -> node(latest()).equals("a"));
        await("the takeover")
                .atMost(LIMIT)
                .until(() -> "0"
                                .equals(cluster.ask(
                                        "select count(*) from node where name = 'b' and state in ('active', 'draining')"
                                                + " and lease_until > clock_timestamp()"))
                        && !"0"
                                .equals(cluster.ask(
                                        "select count(*) from takeover where node = 'b' and finished_at is not null")));
        Files.createFile(folder.resolve("frozen"));
        upload.await(LIMIT).expectSuccess();
        assertThat(TestFolder.sha256(a.file("acme", "/outbox/slow"))).isEqualTo(TestFolder.sha256(big));
        b.thaw();
        awaitLinked(b, edge);
        assertThat(cluster.ask("select count(*) from transfer where kind = 'upload' and state = 'completed'"
                        + " and path = '/outbox/slow'"))
                .isEqualTo("1");
    }

    /** One server after the other, under load. */
    private void restarted(List<RunningServer> servers, EdgeProcess edge) throws Exception {
        Path small = folder.file("again", 50_000);
        Tool.Running idle = acme.startSftpAt(sftp, "pwd\n" + waitFor("restarted") + "ls /outbox\n");
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger done = new AtomicInteger();
        Queue<String> failed = new ConcurrentLinkedQueue<>();
        List<Thread> load = new java.util.ArrayList<>();
        for (int i = 0; i < LOADERS; i++) {
            String to = "/inbox/load-" + i;
            Thread loader = new Thread(() -> {
                while (!over.get()) {
                    Tool.Result result = sftp("put " + small + " " + to + "\nls /inbox\n");
                    done.incrementAndGet();
                    if (!result.ok()) {
                        failed.add(result.output());
                    }
                }
            });
            loader.start();
            load.add(loader);
        }
        try {
            for (RunningServer server : servers) {
                int before = done.get();
                await("load before").atMost(LIMIT).until(() -> done.get() > before + 2);
                server.end();
                server.awaitEnd();
                server.start();
                awaitLinked(server, edge);
            }
        } finally {
            over.set(true);
            for (Thread loader : load) {
                loader.join();
            }
        }
        System.out.println(done.get() + " sessions during two restarts, " + failed.size() + " of them failed");
        assertThat(failed).isEmpty();
        Files.createFile(folder.resolve("restarted"));
        idle.await(LIMIT).expectSuccess();
    }

    private void edgeFrozen(RunningServer server, EdgeProcess edge) {
        long began = System.nanoTime();
        Tool.run("kill", "-STOP", Long.toString(edge.pid())).expectSuccess();
        try {
            await("the server to notice")
                    .atMost(LIMIT)
                    .until(() -> !state(server).equals("up"));
        } finally {
            Tool.run("kill", "-CONT", Long.toString(edge.pid())).expectSuccess();
        }
        Duration noticed = Duration.ofNanos(System.nanoTime() - began);
        System.out.println("A frozen edge was noticed by the server after " + noticed.toMillis() + " ms");
        assertThat(noticed).isLessThan(Duration.ofSeconds(20));
        awaitLinked(server, edge);
    }

    // ---- how ----

    /** How often the edge has lost its link to the second server. */
    private static int losses(EdgeProcess edge) {
        return (int) edge.printed()
                .lines()
                .filter(line -> line.contains("with b is lost"))
                .count();
    }

    private Tool.Result sftp(String batch) {
        return acme.startSftpAt(sftp, batch).await(LIMIT);
    }

    /** Whether a session that comes now is at this server; asked while it is there. */
    private boolean sessionIsAt(String node) {
        String name = "where-" + System.nanoTime();
        Tool.Running session = acme.startSftpAt(sftp, "pwd\n" + waitFor(name));
        await("a session").atMost(LIMIT).until(() -> Files.exists(folder.resolve(name + ".asked")));
        String at = node(latest());
        try {
            Files.createFile(folder.resolve(name));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        session.await(LIMIT).expectSuccess();
        return at.equals(node);
    }

    /** A line of a batch that waits for a file of this name, and says so. */
    private String waitFor(String name) {
        return "!sh -c 'touch " + folder.resolve(name + ".asked") + "; while [ ! -e " + folder.resolve(name)
                + " ]; do sleep 0.05; done'\n";
    }

    /** The session that is there, if it is one. */
    private String latest() {
        return cluster.ask("select id::text from partner_session order by since desc limit 1");
    }

    private String node(String session) {
        String node = session == null
                ? null
                : cluster.ask("select node from partner_session where id = ?", java.util.UUID.fromString(session));
        return node == null ? "" : node;
    }

    private static String state(RunningServer server) {
        return server.admin()
                .get("/api/v1/edges")
                .path("edges")
                .path(0)
                .path("state")
                .asText();
    }

    private void awaitLinked(RunningServer server, EdgeProcess edge) {
        await("the edge at its server; " + edge.log()).atMost(LIMIT).until(() -> {
            JsonNode one = server.admin().get("/api/v1/edges").path("edges").path(0);
            return one.path("state").asText().equals("up")
                    && one.path("configuration").asText().length() == 64
                    && !one.path("drift").asBoolean();
        });
    }

    private boolean listens() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", sftp), 1_000);
            return new String(socket.getInputStream().readNBytes(3), StandardCharsets.US_ASCII).equals("SSH");
        } catch (IOException e) {
            return false;
        }
    }

    private static String zone(int link, int sftp) {
        return """
                kind: Zone
                name: dmz
                spec:
                  edges:
                    - name: edge1
                      addresses: ["127.0.0.1:%d"]
                  listeners:
                    - name: sftp-dmz
                      protocol: sftp
                      address: 127.0.0.1
                      port: %d
                """.formatted(link, sftp);
    }
}
