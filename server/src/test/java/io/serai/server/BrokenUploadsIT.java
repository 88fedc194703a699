package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.server.BrokenClient.Break;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Uploads that break at random bytes in every way a network and two machines can break them: nothing was visible or
 * routed, and sending again, resumed where the protocol can, completes with the right checksum.
 */
@Tag("paired")
class BrokenUploadsIT {
    private static final int UPLOADS = Integer.getInteger("serai.broken.uploads", 50);
    private static final int MOST_BYTES = 1_500_000;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    /** An orderly end is a whole file where no length is announced. */
    private static final List<Break> CUTS = List.of(Break.RESET, Break.CUT, Break.HALF_CLOSE);

    private static TestFolder folder;
    private static RunningServer server;
    private static Partner acme;

    @BeforeAll
    static void startServer() {
        folder = new TestFolder("broken");
        server = RunningServer.start(folder, "server", Map.of(), RunningServer.BRIEF);
        acme = Partner.of(server, folder, "acme");
        server.applyRoute("count", """
                - route:
                    id: count
                    from:
                      uri: arrival:acme/outbox
                      steps:
                        - log: arrived
                """);
    }

    @AfterAll
    static void stopServer() {
        server.close();
        folder.close();
    }

    /** Sends the beginning of a file and breaks. */
    private interface Upload {
        void sendAndBreak(Path file, String path, int bytes, BrokenClient.Breaker how) throws IOException;
    }

    private interface Again {
        Tool.Result send(Path file, String path);
    }

    @Test
    void sftp() throws Exception {
        breakUploads(
                "s",
                CUTS,
                (file, path, bytes, how) -> {
                    try (BreakingRelay relay = new BreakingRelay(server.port("sftp"), bytes, how)) {
                        Tool.Running client = acme.startSftpAt(relay.port(), "put " + file + " " + path + "\n");
                        relay.awaitBreak(LIMIT);
                        client.kill();
                    }
                },
                (file, path) -> acme.sftp("reput " + file + " " + path + "\n"));
    }

    @Test
    void ftps() throws Exception {
        breakUploads(
                "f",
                CUTS,
                (file, path, bytes, how) ->
                        BrokenClient.ftps(server.port("ftps"), acme.account(), file, path, bytes, how),
                (file, path) -> acme.curlFtps(path, "-C", "-", "-T", file.toString()));
    }

    @Test
    void https() throws Exception {
        breakUploads(
                "h",
                List.of(Break.RESET, Break.CUT, Break.HALF_CLOSE, Break.SHORT),
                (file, path, bytes, how) ->
                        BrokenClient.https(server.port("https"), acme.account(), file, path, bytes, how),
                (file, path) -> acme.curlHttps(path, "-T", file.toString()));
    }

    private static void breakUploads(String prefix, List<Break> ways, Upload upload, Again again) throws Exception {
        for (int i = 0; i < UPLOADS; i++) {
            String name = prefix + "-" + i + ".bin";
            String path = "/outbox/" + name;
            int size = 50_000 + folder.random(MOST_BYTES);
            Path file = folder.file(name, size);
            // The first bytes are those of an SSH handshake; the last may be all that a receiver needs.
            int bytes = 6_000 + folder.random(size - 10_000);
            boolean isNodeKilled = i % 10 == 9;
            Break way = ways.get(i % ways.size());
            upload.sendAndBreak(file, path, bytes, isNodeKilled ? (tcp, secured) -> server.kill() : way);
            if (isNodeKilled) {
                server.start();
            }
            String what = path + ", " + bytes + " of " + size + " bytes, " + (isNodeKilled ? "node killed" : way);
            await(what + ": the server sees the end")
                    .atMost(LIMIT)
                    .until(() ->
                            server.transfers("state", "running", "name", name).isEmpty());
            assertThat(Files.exists(server.file("acme", path))).as(what).isFalse();
            assertThat(server.transfers("kind", "upload", "state", "completed", "name", name))
                    .as(what)
                    .isEmpty();
            assertThat(arrivals(path)).as(what).isZero();
            Tool.Result result = again.send(file, path);
            assertThat(result.status())
                    .as("%s, sent again: %s", what, result.output())
                    .isZero();
            assertThat(TestFolder.sha256(server.file("acme", path))).as(what).isEqualTo(TestFolder.sha256(file));
            assertThat(server.transfers("kind", "upload", "state", "completed", "name", name))
                    .as(what)
                    .singleElement()
                    .satisfies(row -> assertThat(row.path("sha256").asText()).isEqualTo(TestFolder.sha256(file)));
            await(what + ": routed").atMost(LIMIT).until(() -> arrivals(path) == 1);
            Files.delete(file);
        }
    }

    /** How many events a path ever had. */
    private static int arrivals(String path) throws SQLException {
        String sql = "select (select count(*) from event where path = ?)"
                + " + (select count(*) from event_history where path = ?)";
        try (var connection = server.database();
                var statement = connection.prepareStatement(sql)) {
            statement.setString(1, path);
            statement.setString(2, path);
            try (var rows = statement.executeQuery()) {
                rows.next();
                return rows.getInt(1);
            }
        }
    }
}
