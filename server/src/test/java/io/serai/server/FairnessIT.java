package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** One account's thousands of files do not hold up another's single one, in the same route. */
class FairnessIT {
    private static final int FILES = Integer.getInteger("serai.fairness.files", 20_000);
    private static final int SESSIONS = 4;
    private static final Duration PASSES_WITHIN = Duration.ofSeconds(2);

    @Test
    void aSingleFileOvertakesABacklog() throws IOException, SQLException {
        try (TestFolder folder = new TestFolder("fairness");
                RunningServer server = RunningServer.start(folder, "server", Map.of())) {
            Partner many = Partner.of(server, folder, "many");
            Partner single = Partner.of(server, folder, "single");
            server.applyRoute("slow", route(30));
            List<Tool.Running> sessions = new ArrayList<>();
            for (int session = 0; session < SESSIONS; session++) {
                Path files = Files.createDirectory(folder.resolve("files-" + session));
                for (int i = 0; i < FILES / SESSIONS; i++) {
                    Files.writeString(files.resolve("f-" + session + "-" + i), "file " + i);
                }
                sessions.add(many.startSftp("put " + files + "/* /outbox/\n"));
            }
            sessions.forEach(session -> session.await(Duration.ofMinutes(4)).expectSuccess());
            assertThat(count(server, "select count(*) from event where account = 'many'"))
                    .as("the backlog when the single file comes")
                    .isGreaterThan(FILES / 10);
            Path file = folder.file("single.bin", 1000);
            // Its passage begins with its upload's OK.
            single.curlHttps("/outbox/single.bin", "-T", file.toString()).expectSuccess();
            await("the single file")
                    .atMost(Duration.ofMinutes(1))
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> count(server, "select count(*) from event_history where account = 'single'") == 1);
            assertThat(count(
                            server,
                            "select (extract(epoch from ended_at - created_at) * 1000)::int from event_history"
                                    + " where account = 'single'"))
                    .as("milliseconds from the upload's commit to the end of its event")
                    .isLessThan((int) PASSES_WITHIN.toMillis());
            assertThat(count(server, "select count(*) from event where account = 'many'"))
                    .as("the backlog that it overtook")
                    .isPositive();
            // It has shown what it is for; what is left of it may end soon.
            server.applyRoute("slow", route(1));
            await("the backlog")
                    .atMost(Duration.ofMinutes(5))
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> count(server, "select count(*) from event") == 0);
            assertThat(count(server, "select count(*) from event_history where outcome = 'completed'"))
                    .isEqualTo(FILES + 1);
        }
    }

    private static String route(int milliseconds) {
        return """
                - route:
                    id: slow
                    from:
                      uri: arrival:*/outbox
                      steps:
                        - delay: { constant: "%d" }
                """.formatted(milliseconds);
    }

    private static int count(RunningServer server, String fixedSql) throws SQLException {
        try (var connection = server.database();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(fixedSql)) {
            rows.next();
            return rows.getInt(1);
        }
    }
}
