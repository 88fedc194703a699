package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Nodes of a real cluster come, go, freeze, are cut off, lose the shared folder, are drained and removed. */
@Tag("paired")
class ClusterNodesIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    /** A fifth of it is what a client has to notice in that its node ended its session before the lease. */
    private static final Duration LEASE = Duration.ofSeconds(8);

    private static TestFolder folder;
    private static ClusterOfServers cluster;
    private static Partner acme;

    @BeforeAll
    static void startCluster() {
        folder = new TestFolder("cluster-nodes");
        cluster = ClusterOfServers.start(
                folder,
                3,
                Map.of("node.lease", LEASE.toSeconds() + "s", "node.drain-notice", "1s", "node.drain-limit", "4s"));
        acme = Partner.of(cluster.server(0), folder, "acme");
        for (int i = 1; i < 3; i++) {
            int index = i;
            await("the account on every node").atMost(LIMIT).until(() -> loginAt(index));
        }
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
        folder.close();
    }

    @Test
    void everyNodeKnowsAllOfThem() {
        for (int i = 0; i < 3; i++) {
            JsonNode nodes = cluster.server(i).admin().get("/api/v1/nodes").path("nodes");
            assertThat(nodes).hasSize(3).allSatisfy(node -> {
                assertThat(node.path("live").asBoolean()).isTrue();
                assertThat(node.path("state").asText()).isEqualTo("active");
                assertThat(node.path("leaseLeftMillis").asLong()).isBetween(1L, LEASE.toMillis());
                assertThat(node.path("capacity").asInt()).isEqualTo(16);
                assertThat(node.path("version").asText()).isNotEmpty();
                assertThat(node.path("bootId").asText()).hasSize(36);
                assertThat(node.path("address").asText()).matches(".+:[1-9][0-9]*");
            });
            JsonNode status = cluster.server(i).admin().get("/api/v1/status").path("cluster");
            assertThat(status.path("live").asInt()).isEqualTo(3);
        }
    }

    @Test
    void aFrozenNodeIsTakenOverOnceAndComesBackWithANewEpoch() {
        RunningServer frozen = cluster.server(1);
        long epoch = node(0, "b").path("epoch").asLong();
        Tool.Running upload = acme.startSftpAt(
                frozen.port("sftp"), "put " + folder.file("slow.bin", 4_000_000) + " /outbox/slow.bin\n", "-l", "4000");
        await("a session")
                .atMost(LIMIT)
                .until(() -> node(0, "b").path("sessions").asInt() > 0);

        long began = System.nanoTime();
        frozen.freeze();
        JsonNode record = await("the takeover")
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> takeover(0, epoch), found -> found.hasNonNull("finished"));
        assertThat(Duration.ofNanos(System.nanoTime() - began))
                .isLessThan(LEASE.multipliedBy(3).dividedBy(2));
        assertThat(record.path("text").asText()).contains("node b stopped answering");
        frozen.thaw();

        await("a new epoch")
                .atMost(LIMIT)
                .until(() -> node(0, "b").path("epoch").asLong() > epoch);
        await("the cause")
                .atMost(LIMIT)
                .until(() -> takeover(0, epoch).path("text").asText().contains("node b froze"));
        upload.await(LIMIT).expectFailure();
        assertThat(cluster.file("acme", "/outbox/slow.bin")).doesNotExist();
        assertThat(cluster.ask("select count(*)::text from takeover where epoch = " + epoch))
                .isEqualTo("1");
        await("work again").atMost(LIMIT).until(() -> ready(1) && loginAt(1));
        assertThat(cluster.ask("select count(*)::text from transfer where state = 'running' and epoch = " + epoch))
                .isEqualTo("0");
    }

    @Test
    void aNodeWhoseLineToTheDatabaseIsSilentStopsBeforeItsLeaseEndsAndComesBack() {
        cutOff(node -> node.line().silence());
    }

    @Test
    void aNodeWhoseLineToTheDatabaseIsCutStopsBeforeItsLeaseEndsAndComesBack() {
        cutOff(node -> node.line().cut());
    }

    private static void cutOff(java.util.function.Consumer<ClusterOfServers.Node> trouble) {
        ClusterOfServers.Node node = cluster.node("c");
        long epoch = node(0, "c").path("epoch").asLong();
        Tool.Running upload = startUpload("cut.bin", node.server());

        trouble.accept(node);
        // The client is sent away by the node itself, at 0.8 of the lease at the latest.
        Tool.Result result = upload.await(LIMIT).expectFailure();
        Instant ended = Instant.now();
        assertThat(ended).as(result.output()).isBefore(leaseEnd("c", epoch));
        await("the takeover").atMost(LIMIT).until(() -> takeover(0, epoch).hasNonNull("finished"));
        assertThat(ready(2)).isFalse();
        node.line().mend();

        await("a new epoch")
                .atMost(LIMIT)
                .until(() -> node(0, "c").path("epoch").asLong() > epoch);
        assertThat(takeover(0, epoch).path("text").asText()).contains("node c lost the database");
        await("work again").atMost(LIMIT).until(() -> ready(2) && loginAt(2));
    }

    /** An upload that would take more than a minute; some bytes of it have arrived. */
    private static Tool.Running startUpload(String name, RunningServer server) {
        long epoch = node(0, "c").path("epoch").asLong();
        Tool.Running upload = acme.startSftpAt(
                server.port("sftp"), "put " + folder.file(name, 40_000_000) + " /outbox/" + name + "\n", "-l", "4000");
        await("its first bytes").atMost(LIMIT).until(() -> stagedBytes(epoch) > 100_000);
        return upload;
    }

    /** By the database's clock, which is this machine's. */
    private static Instant leaseEnd(String name, long epoch) {
        return Instant.ofEpochMilli(Long.parseLong(cluster.ask(
                "select floor(extract(epoch from lease_until) * 1000)::bigint::text from node where name = ? and epoch = ?",
                name,
                epoch)));
    }

    @Test
    void aNodeThatLostTheSharedFolderGivesItsLeaseUpAndComesBack() {
        ClusterOfServers.Node node = cluster.node("c");
        long epoch = node(0, "c").path("epoch").asLong();
        Tool.Running upload = startUpload("lost.bin", node.server());

        cluster.loseShare(node);

        upload.await(LIMIT).expectFailure();
        await("the takeover").atMost(LIMIT).until(() -> takeover(0, epoch).hasNonNull("finished"));
        assertThat(ready(2)).isFalse();
        assertThat(loginAt(2)).isFalse();
        assertThat(loginAt(0)).isTrue();
        assertThat(node.place())
                .as("what the share left, which is a folder of the local disk")
                .isEmptyDirectory();
        cluster.mendShare(node);

        await("a new epoch")
                .atMost(LIMIT)
                .until(() -> node(0, "c").path("epoch").asLong() > epoch);
        assertThat(takeover(0, epoch).path("text").asText()).contains("node c lost the storage root");
        assertThat(cluster.file("acme", "/outbox/lost.bin")).doesNotExist();
        await("work again").atMost(LIMIT).until(() -> ready(2) && loginAt(2));
    }

    @Test
    void aPartOfAKilledNodeIsResumedThroughAnother() {
        Path file = folder.file("resumed.bin", 3_000_000);
        RunningServer killed = cluster.server(1);
        long epoch = node(0, "b").path("epoch").asLong();
        Tool.Running upload =
                acme.startSftpAt(killed.port("sftp"), "put " + file + " /outbox/resumed.bin\n", "-l", "4000");
        await("its first bytes").atMost(LIMIT).until(() -> stagedBytes(epoch) > 500_000);
        killed.kill();
        upload.await(LIMIT).expectFailure();
        await("the takeover").atMost(LIMIT).until(() -> takeover(0, epoch).hasNonNull("finished"));
        assertThat(takeover(0, epoch).path("text").asText()).contains("1 upload returned");

        acme.startSftpAt(cluster.server(0).port("sftp"), "reput " + file + " /outbox/resumed.bin\n")
                .await(LIMIT)
                .expectSuccess();

        assertThat(TestFolder.sha256(cluster.file("acme", "/outbox/resumed.bin")))
                .isEqualTo(TestFolder.sha256(file));
        killed.restart();
        await("b again").atMost(LIMIT).until(() -> loginAt(1));
    }

    @Test
    void aDrainedNodeIsNotReadyAtOnceTakesNothingAndWorksAgainWhenTold() throws InterruptedException {
        cluster.server(0).admin().post("/api/v1/nodes/b/drain", null);

        await("not ready")
                .atMost(Duration.ofMillis(1500))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> !ready(1));
        await("no new sessions").atMost(LIMIT).until(() -> !loginAt(1));
        assertThat(node(2, "b").path("state").asText()).isEqualTo("draining");
        assertThat(node(2, "b").path("live").asBoolean()).isTrue();
        // It keeps to it after a restart.
        cluster.server(1).restart();
        await("not ready").atMost(LIMIT).until(() -> !ready(1));

        cluster.server(2).admin().post("/api/v1/nodes/b/undrain", null);

        await("ready").atMost(Duration.ofSeconds(3)).until(() -> ready(1));
        await("sessions").atMost(LIMIT).until(() -> loginAt(1));
        assertThat(node(0, "b").path("state").asText()).isEqualTo("active");
    }

    @Test
    void aNewServerIsInvitedJoinsAndIsRefusedAfterItsRemoval() throws Exception {
        ClusterOfServers.Node uninvited = withoutKeys(cluster.add(Map.of()));
        uninvited.server().launch();
        assertThat(uninvited.server().process().waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(uninvited.server().log()).contains("serai nodes invite");

        String token = serai(cluster.server(0), "nodes", "invite", "--valid", "10m", "--with-password");
        // All that it knows of the cluster is what the joining wrote.
        ClusterOfServers.Node d = withoutKeys(cluster.add(Map.of(
                "node.name", RunningServer.NOT_GIVEN,
                "storage.root", RunningServer.NOT_GIVEN,
                "database.url", RunningServer.NOT_GIVEN,
                "database.user", RunningServer.NOT_GIVEN,
                "database.password", RunningServer.NOT_GIVEN)));
        String name = d.name();
        Path home = d.server().home();
        Tool.Result joined = seraiAt(
                home, "join", token, "--name", name, "--storage-root", d.place().toString());
        assertThat(joined.expectSuccess().output()).contains("has the keys of the cluster");
        assertThat(Files.readString(home.resolve("serai.yaml")))
                .contains("node.name: '" + name + "'")
                .contains("database.url");
        assertThat(seraiAt(folder.resolve("second"), "join", token, "--name", "other")
                        .expectFailure()
                        .output())
                .contains("was used by node " + name);
        d.server().start();

        assertThat(node(0, name).path("live").asBoolean()).isTrue();
        assertThat(serai(cluster.server(2), "nodes")).contains(name + "  ").contains("active");
        Tool.Result busy =
                seraiAt(cluster.server(0).home(), "nodes", "remove", name).expectFailure();
        assertThat(busy.output()).contains("stop it first");
        d.server().end();
        d.server().awaitEnd();
        await("the removal")
                .atMost(LIMIT)
                .until(() -> seraiAt(cluster.server(0).home(), "nodes", "remove", name)
                        .ok());
        d.server().launch();
        assertThat(d.server().process().waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(d.server().process().exitValue()).isNotZero();
        assertThat(d.server().log()).contains("was removed from the cluster");
    }

    @Test
    void aSecondLiveNodeOfAnotherOnesNameIsRefused() throws Exception {
        ClusterOfServers.Node twin = cluster.add(Map.of("node.name", "a"));
        long epoch = node(1, "a").path("epoch").asLong();

        twin.server().launch();

        assertThat(twin.server().process().waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(twin.server().process().exitValue()).isNotZero();
        assertThat(twin.server().log()).contains("is alive under the node name").contains("node.name");
        assertThat(node(1, "a").path("epoch").asLong()).isEqualTo(epoch);
    }

    @Test
    void aServerOfAnotherClusterMayNotUseTheSharedFolder() throws Exception {
        RunningServer stranger = RunningServer.prepared(
                List.of(),
                folder.resolve("stranger"),
                cluster.shared().folder(),
                Map.of(
                        "node.name",
                        "x",
                        "storage.root",
                        cluster.shared().folder().toString()));
        stranger.launch();
        assertThat(stranger.process().waitFor(90, TimeUnit.SECONDS)).isTrue();
        assertThat(stranger.log())
                .contains("belongs to the cluster")
                .contains(cluster.ask("select id::text from cluster"));
    }

    private static ClusterOfServers.Node withoutKeys(ClusterOfServers.Node node) {
        Tool.run("rm", "-r", node.server().home().resolve("keys").toString()).expectSuccess();
        return node;
    }

    private static String serai(RunningServer server, String... arguments) {
        return seraiAt(server.home(), arguments).expectSuccess().output().strip();
    }

    private static Tool.Result seraiAt(Path home, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "io.serai.server.cli.Serai"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--home", home.toString()));
        return Tool.run(command.toArray(String[]::new));
    }

    private static long stagedBytes(long epoch) {
        Path active = cluster.shared().folder().resolve("staging/active").resolve(Long.toString(epoch));
        try (var files = Files.list(active)) {
            return files.mapToLong(file -> file.toFile().length()).max().orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    private static JsonNode node(int asked, String name) {
        for (JsonNode node : cluster.server(asked).admin().get("/api/v1/nodes").path("nodes")) {
            if (node.path("name").asText().equals(name)) {
                return node;
            }
        }
        throw new AssertionError("no node " + name);
    }

    private static JsonNode takeover(int asked, long epoch) {
        JsonNode all = cluster.server(asked)
                .admin()
                .get("/api/v1/takeovers", AdminClient.query("limit", "1000"))
                .path("takeovers");
        for (JsonNode takeover : all) {
            if (takeover.path("epoch").asLong() == epoch) {
                return takeover;
            }
        }
        return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
    }

    private static boolean loginAt(int index) {
        return acme.startSftpAt(cluster.server(index).port("sftp"), "pwd\n")
                .await(LIMIT)
                .ok();
    }

    private static boolean ready(int index) {
        try {
            HttpURLConnection call =
                    (HttpURLConnection) URI.create(cluster.server(index).adminUrl() + "/observe/health/ready")
                            .toURL()
                            .openConnection();
            call.setReadTimeout(20_000);
            return call.getResponseCode() == 200;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
