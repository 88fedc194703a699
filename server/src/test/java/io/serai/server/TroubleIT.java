package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the server stands on fails: it says so, loses nothing and recovers by itself. */
@Tag("paired")
class TroubleIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int DISK_MEGABYTES = 24;

    private static TestFolder folder;
    private static RunningServer server;
    private static Sshd receiver;
    private static Partner acme;
    private static Path storage;

    @BeforeAll
    static void startServer() throws IOException {
        folder = new TestFolder("trouble");
        storage = Files.createDirectory(folder.resolve("small-disk"));
        // Only root can mount; for others a tmpfs of the system would have to be filled, which is not ours.
        if (root()) {
            Tool.run("mount", "-t", "tmpfs", "-o", "size=" + DISK_MEGABYTES + "m", "serai-test", storage.toString())
                    .expectSuccess();
        }
        server = RunningServer.start(folder, "server", Map.of("storage.root", storage.toString()));
        receiver = new Sshd(folder);
        acme = Partner.of(server, folder, "acme");
        server.apply(Map.of("site.yaml", receiver.site("receiver")));
        server.applyRoute("deliver", """
                - route:
                    id: deliver
                    from:
                      uri: arrival:acme/outbox
                      steps:
                        - to: site:receiver
                """);
    }

    @AfterAll
    static void stopServer() {
        server.close();
        receiver.close();
        if (root()) {
            Tool.run("umount", storage.toString()).expectSuccess();
        }
        folder.close();
    }

    private static boolean root() {
        return System.getProperty("user.name").equals("root");
    }

    @Test
    void aFullDiskRefusesUploadsUntilThereIsSpace() throws IOException {
        String path = "/outbox/large.bin";
        Path file = folder.file("large.bin", (DISK_MEGABYTES - 12L) << 20);
        Path filler = storage.resolve("filler");
        if (root()) {
            Files.copy(folder.file("noise", 16L << 20), filler);
        } else {
            System.out.println("trouble: not root, so a quota stands in for the full disk");
            quota("1MB");
        }
        for (Tool.Result refused : new Tool.Result[] {
            acme.sftp("put " + file + " " + path + "\n"),
            acme.curlFtps(path, "-T", file.toString()),
            acme.curlHttps(path, "-T", file.toString())
        }) {
            refused.expectFailure();
            assertThat(Files.exists(server.file("acme", path))).isFalse();
        }
        assertThat(server.transfers("kind", "upload", "name", "large.bin"))
                .isNotEmpty()
                .allSatisfy(row -> assertThat(row.path("errorCode").asText()).isEqualTo(root() ? "NO_SPACE" : "QUOTA"));
        if (root()) {
            Files.delete(filler);
        } else {
            quota("100MB");
        }
        acme.sftp("put " + file + " " + path + "\n").expectSuccess();
        expectArrival("large.bin", file);
        acme.sftp("rm " + path + "\n").expectSuccess();
    }

    private static void quota(String size) {
        JsonNode account = server.admin().get("/api/v1/objects/account/acme");
        server.apply(Map.of(
                "account.yaml",
                account.path("yaml")
                                .asText()
                                .replaceAll("(?m)^  quota:.*\\R", "")
                                .stripTrailing() + "\n  quota: " + size + "\n"));
    }

    @Test
    void aKilledDatabaseComesBack() throws IOException {
        Path pidFile = server.home().resolve("database").resolve("data").resolve("postmaster.pid");
        String pid = Files.readAllLines(pidFile).get(0).strip();
        Set<String> promised = uploads("k", () -> Tool.run("kill", "-KILL", pid).expectSuccess());
        expectArrivals(promised);
        assertThat(Files.readAllLines(pidFile).get(0).strip()).isNotEqualTo(pid);
    }

    /** lftp tries again by itself, and takes a name that has the full size for a finished upload. */
    @Test
    void whatCouldNotBeRecordedIsNoFinishedUpload() throws Exception {
        Path file = folder.file("unrecorded.bin", 100_000);
        try (Connection database = server.database();
                Statement statement = database.createStatement()) {
            database.setAutoCommit(false);
            statement.execute("lock table event in share mode");
            Tool.Running upload =
                    acme.startLftpFtps("set net:max-retries 60; put " + file + " -o /outbox/unrecorded.bin");
            await("the arrival waits for the lock").atMost(LIMIT).until(TroubleIT::endsWhatWaits);
            database.rollback();
            upload.await(LIMIT).expectSuccess();
        }
        expectArrival("unrecorded.bin", file);
        assertThat(server.transfers("kind", "upload", "name", "unrecorded.bin"))
                .extracting(row -> row.path("state").asText())
                .as("latest first")
                .containsExactly("completed", "failed");
    }

    private static boolean endsWhatWaits() throws SQLException {
        try (Connection database = server.database();
                Statement statement = database.createStatement();
                ResultSet ended = statement.executeQuery("select pg_terminate_backend(pid) from pg_stat_activity"
                        + " where wait_event_type = 'Lock' and query ilike '%insert into event%'")) {
            return ended.next();
        }
    }

    @Test
    void lostConnectionsAreOpenedAgain() {
        Set<String> promised = uploads("c", () -> {
            String sql = "select pg_terminate_backend(pid) from pg_stat_activity"
                    + " where usename = current_user and pid <> pg_backend_pid()";
            try (var connection = server.database();
                    var statement = connection.createStatement()) {
                statement.execute(sql);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        expectArrivals(promised);
    }

    /** Uploads one after the other around the trouble, until some have succeeded after it; the names that were told OK. */
    private static Set<String> uploads(String prefix, Runnable trouble) {
        Set<String> promised = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            upload(prefix + i, promised);
        }
        trouble.run();
        int[] next = {3};
        await("uploads succeed again").atMost(LIMIT).pollDelay(Duration.ZERO).until(() -> {
            upload(prefix + next[0]++, promised);
            return promised.size() >= 6;
        });
        return promised;
    }

    private static void upload(String name, Set<String> promised) {
        Path file = folder.file(name, 20_000);
        if (acme.curlHttps("/outbox/" + name, "-T", file.toString(), "-m", "60").ok()) {
            promised.add(name);
        }
    }

    private static void expectArrivals(Set<String> promised) {
        promised.forEach(name -> expectArrival(name, folder.resolve(name)));
        server.awaitNoEvents(LIMIT);
        assertThat(receiver.renamedTo()).doesNotHaveDuplicates().containsAll(promised);
        assertThat(server.transfers("state", "running")).isEmpty();
    }

    private static void expectArrival(String name, Path file) {
        Path arrived = receiver.inbox().resolve(name);
        await(name).atMost(LIMIT).until(() -> Files.exists(arrived));
        assertThat(TestFolder.sha256(arrived)).isEqualTo(TestFolder.sha256(file));
    }
}
