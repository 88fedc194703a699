package io.serai.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.join.JoinToken;
import io.serai.config.secret.JoinSecret;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class SeraiTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void refusesUnknownCommandsWithStatusTwo() {
        assertThat(run("transfer-all")).isEqualTo(2);
        assertThat(err.toString()).contains("transfer-all");
    }

    @Test
    void everyCommandDescribesItself() {
        for (CommandLine command : Serai.commandLine().getSubcommands().values()) {
            assertThat(command.getCommandSpec().usageMessage().description())
                    .as(command.getCommandName())
                    .isNotEmpty();
        }
    }

    @Test
    void everyCommandHelps() {
        everyCommandHelps(Serai.commandLine(), List.of());
        assertThat(err.toString()).isEmpty();
    }

    private void everyCommandHelps(CommandLine line, List<String> words) {
        for (CommandLine command : line.getSubcommands().values()) {
            List<String> deeper = new ArrayList<>(words);
            deeper.add(command.getCommandName());
            everyCommandHelps(command, deeper);
            deeper.add("--help");
            assertThat(run(deeper.toArray(String[]::new))).as(deeper.toString()).isZero();
        }
    }

    @Test
    void namesEveryKindOfObject() {
        assertThat(run("get", "--help")).isZero();
        assertThat(out.toString().replaceAll("\\s+", " "))
                .contains("One of account, site, calendar, schedule, route, library, node, zone, datasource,"
                        + " connectionfactory.");
    }

    @Test
    void joiningAHomeWithSettingsIgnoresNoOption() throws Exception {
        Files.writeString(folder.resolve("serai.yaml"), "node.name: old\n");
        String token = new JoinToken(
                        UUID.randomUUID(),
                        UUID.randomUUID(),
                        JoinSecret.random(),
                        "jdbc:postgresql://localhost:1/serai",
                        "serai",
                        Optional.empty(),
                        "/shared")
                .reveal();
        for (String option : List.of("--name", "--storage-root", "--database-password")) {
            assertThat(run("join", token, "--home", folder.toString(), option, "file:/x"))
                    .isEqualTo(1);
            assertThat(err.toString()).contains(option + " is for a home without settings");
        }
        assertThat(folder.resolve("serai.yaml")).hasContent("node.name: old");
    }

    @Test
    void saysHowToStartAServerWhenNoneRuns() {
        assertThat(run("status", "--home", folder.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("No server runs on " + folder).contains("serai up");
    }

    @Test
    void checksRouteFilesWithoutAServer() throws Exception {
        Path right = Files.writeString(folder.resolve("orders.yaml"), """
                - route:
                    id: orders
                    from:
                      uri: arrival:acme/outbox
                      steps:
                        - to: site:warehouse?path=/in
                """);
        assertThat(run("routes", "check", right.toString())).isZero();
        Path wrong = Files.writeString(
                folder.resolve("claims.yaml"), Files.readString(right).replace("id: orders", "id: other"));
        assertThat(run("routes", "check", wrong.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("claims.yaml:").contains("other");
    }

    @Test
    void saysWhichFileIsMissing() {
        assertThat(run("routes", "check", folder.resolve("none.yaml").toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("none.yaml does not exist");
    }

    private int run(String... words) {
        return Serai.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(words);
    }
}
