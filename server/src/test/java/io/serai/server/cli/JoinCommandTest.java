package io.serai.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.join.ClusterKeys;
import io.serai.cluster.join.Invitations;
import io.serai.cluster.join.JoinToken;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class JoinCommandTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    @Test
    void aJoinWhoseCommitFailedLeavesNothingAndTheTokenGood() {
        String token = token();
        Path home = folder.resolve("home");
        // Fails in the COMMIT, after the keys were written.
        sql("create function refuse_commit() returns trigger language plpgsql as"
                + " $$ begin raise exception 'the commit fails'; end $$");
        sql("create constraint trigger refuse after update on invitation deferrable initially deferred"
                + " for each row execute function refuse_commit()");

        assertThat(join(home, token)).contains("the commit fails");
        assertThat(home.resolve("keys/secrets.json")).doesNotExist();
        assertThat(home.resolve("serai.yaml")).doesNotExist();

        sql("drop trigger refuse on invitation");
        assertThat(join(home, token)).contains("has the keys of the cluster");
        assertThat(home.resolve("keys/secrets.json")).exists();
    }

    @Test
    void aHomeWithTheKeysAndWithoutSettingsGetsThemAndTheTokenStaysGood() {
        Path home = folder.resolve("home");
        String token = token(home.resolve("keys/secrets.json"));

        assertThat(join(home, token)).contains("the token was not used").contains("serai up --home " + home);

        assertThat(home.resolve("serai.yaml"))
                .content()
                .contains("node.name: 'new'")
                .contains("database.url: '" + DATABASE.settings().url())
                .contains("file:keys/database-password");
        assertThat(home.resolve("keys/database-password"))
                .hasContent(DATABASE.settings().password().reveal());
        assertThat(join(folder.resolve("other"), token)).contains("has the keys of the cluster");
    }

    @Test
    void aHomeWithKeysAndSettingsNeedsNoInvitation() throws IOException {
        Path home = folder.resolve("home");
        String token = token(home.resolve("keys/secrets.json"));
        assertThat(join(home, token)).contains("the token was not used");
        String before = Files.readString(home.resolve("serai.yaml"));

        assertThat(execute(token, "--home", home.toString())).contains("needs no invitation");

        assertThat(home.resolve("serai.yaml")).hasContent(before);
        assertThat(home.resolve("keys/secrets.json")).exists();
    }

    @Test
    void anOperatorsPasswordFileIsNeitherWrittenOverNorRemoved() throws IOException {
        String token = token();
        Path own = folder.resolve("home/keys/database-password");
        Files.createDirectories(own.getParent());
        Files.writeString(own, "wrong");

        assertThat(join(folder.resolve("home"), token))
                .contains("is there already")
                .contains("--database-password file:keys/database-password");
        assertThat(own).hasContent("wrong");

        String home = folder.resolve("home").toString();
        assertThat(execute(
                        token, "--home", home, "--name", "new", "--database-password", "file:keys/database-password"))
                .doesNotContain("has the keys of the cluster");
        assertThat(own).hasContent("wrong");
        assertThat(folder.resolve("home/serai.yaml")).doesNotExist();

        Files.writeString(own, DATABASE.settings().password().reveal());
        assertThat(execute(
                        token, "--home", home, "--name", "new", "--database-password", "file:keys/database-password"))
                .contains("has the keys of the cluster");
    }

    @Test
    void aJoinThatBrokeBetweenItsFilesIsDoneAgain() throws IOException {
        String token = token();
        Path home = folder.resolve("home");
        Path obstacle = home.resolve("serai.yaml.new/obstacle");
        Files.createDirectories(obstacle);
        assertThat(join(home, token)).contains("serai.yaml cannot be written");
        assertThat(home.resolve("keys/database-password")).doesNotExist();
        Files.delete(obstacle);
        Files.delete(obstacle.getParent());

        // As a killed one leaves it.
        Files.writeString(
                home.resolve("keys/database-password"),
                DATABASE.settings().password().reveal());
        assertThat(join(home, token)).contains("has the keys of the cluster");
    }

    private String join(Path home, String token) {
        return execute(token, "--home", home.toString(), "--name", "new");
    }

    private static String execute(String... arguments) {
        StringWriter said = new StringWriter();
        CommandLine line = new CommandLine(new JoinCommand());
        line.setOut(new PrintWriter(said));
        line.setExecutionExceptionHandler((failure, command, result) -> {
            said.append(failure.getMessage());
            return 1;
        });
        int unused = line.execute(arguments);
        return said.toString();
    }

    private String token() {
        return token(folder.resolve("first.json"));
    }

    private String token(Path keyFile) {
        Invitations.Invitation made = new Invitations(DATABASE.database())
                .create(new ClusterKeys(DATABASE.database(), keyFile).open(), Duration.ofHours(1), "olga");
        return new JoinToken(
                        made.cluster(),
                        made.id(),
                        made.secret(),
                        DATABASE.settings().url(),
                        DATABASE.settings().user(),
                        Optional.of(DATABASE.settings().password()),
                        folder.resolve("storage").toString())
                .reveal();
    }

    private static void sql(String sql) {
        DATABASE.database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }
}
