package io.serai.edge.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import io.serai.edge.message.FileMessages.FilesAnswer;
import io.serai.edge.message.FileMessages.FilesOutcome;
import io.serai.edge.message.FileMessages.FilesState.Takes;
import io.serai.edge.message.FileMessages.FilesVersion;
import io.serai.edge.message.RouteFiles;
import io.serai.edge.routefile.RouteFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnFilesTest {
    private static final String OLD = route("8443");
    private static final RouteFiles NEW = new RouteFiles(Map.of("a.yaml", route("8444"), "b.yaml", route("8445", "b")));

    @TempDir
    Path home;

    private Path routes;

    private static String route(String port) {
        return route(port, "a");
    }

    private static String route(String port, String name) {
        return """
                - route:
                    id: %s
                    from:
                      uri: http-server:%s
                      parameters:
                        port: %s
                        certificate: keys/chain.pem
                      steps:
                        - to: relay:internal
                """.formatted(name, name, port);
    }

    private static FilesAnswer take(long number, RouteFiles files) {
        return new FilesAnswer(FilesOutcome.TAKE, new FilesVersion(number, files.digest()), files, "");
    }

    @BeforeEach
    void start() throws IOException {
        routes = Files.createDirectory(home.resolve("routes"));
        Files.writeString(routes.resolve("a.yaml"), OLD);
    }

    private OwnFiles own() {
        return new OwnFiles(new RouteFolder(routes, home), Takes.AT_ONCE, Map::of);
    }

    private void looks(OwnFiles own) {
        for (int i = 0; i < 10; i++) {
            boolean unused = own.look();
        }
    }

    @Test
    void aFolderThatCannotBeWrittenIsSaidAtTheStartAndWhatIsThereRuns() throws IOException {
        Path blocked = Files.createDirectories(routes.resolve(".serai-edge.new/x"));
        OwnFiles own = own();
        assertThat(own.look()).isTrue();
        assertThat(own.good().texts()).containsEntry("a.yaml", OLD);
        assertThat(own.problems()).singleElement().asString().contains("no version of the zone can be taken");
        assertThat(own.state().problem()).contains("cannot be changed");
        assertThat(own.follow(take(3, NEW))).isFalse();
        assertThat(own.problems()).singleElement().asString().contains("version 3 of the zone is not taken");
        Files.delete(blocked);
        Files.delete(routes.resolve(".serai-edge.new"));
        looks(own);
        assertThat(own.problems()).isEmpty();
        assertThat(own.state().problem()).isEmpty();
        assertThat(own.follow(take(3, NEW))).isTrue();
        assertThat(own.good()).isEqualTo(NEW);
    }

    @Test
    void aVersionThatIsHalfInTheFolderIsInForceAsAWholeAlsoAfterABoot() throws IOException {
        Path blocked = Files.createDirectories(routes.resolve(".b.yaml.new/x"));
        OwnFiles own = own();
        boolean unused = own.look();
        assertThat(own.follow(take(3, NEW))).isTrue();
        assertThat(own.good()).isEqualTo(NEW);
        OwnFiles booted = own();
        assertThat(booted.look()).isTrue();
        assertThat(booted.good()).isEqualTo(NEW);
        assertThat(booted.state().base().number()).isEqualTo(3);
        assertThat(booted.problems()).singleElement().asString().contains("is in force as a whole");
        Files.delete(blocked);
        Files.delete(routes.resolve(".b.yaml.new"));
        looks(booted);
        assertThat(booted.problems()).isEmpty();
        assertThat(routes.resolve("b.yaml")).hasContent(NEW.texts().get("b.yaml"));
    }

    @Test
    void aFolderThatCouldNotBeReadOnceIsNotBrokenForEver() throws IOException {
        OwnFiles own = own();
        assertThat(own.look()).isTrue();
        Path large = routes.resolve("large.yaml");
        Files.writeString(large, "#".repeat(RouteFiles.LARGEST_BYTES + 1));
        assertThat(own.look()).isFalse();
        assertThat(own.problems()).singleElement().asString().contains("larger than");
        assertThat(own.state().problem()).isNotEmpty();
        Files.delete(large);
        assertThat(own.look()).isFalse();
        assertThat(own.problems()).isEmpty();
        assertThat(own.state().problem()).isEmpty();
    }

    @Test
    void whatIsNotOnTheDiskIsNotTheBase() throws IOException {
        OwnFiles own = own();
        boolean unused = own.look();
        Path sync = Files.createDirectories(home.resolve("sync"));
        Path blocked = Files.createDirectories(sync.resolve(".version.new/x"));
        FilesAnswer same = new FilesAnswer(
                FilesOutcome.SAME, new FilesVersion(3, own.state().digest()), RouteFiles.NONE, "");
        assertThatThrownBy(() -> own.follow(same)).isInstanceOf(SeraiException.class);
        assertThat(own.state().base()).isEqualTo(FilesVersion.NONE);
        Files.delete(blocked);
        Files.delete(sync.resolve(".version.new"));
        unused = own.follow(same);
        assertThat(own.state().base().number()).isEqualTo(3);
        assertThat(own().state().base().number()).isEqualTo(3);
    }

    @Test
    void aVersionThatIsRefusedDoesNotKeepTheNextOneAway() {
        OwnFiles own = own();
        boolean unused = own.look();
        assertThat(own.follow(take(3, new RouteFiles(Map.of("a.yaml", "no route")))))
                .isFalse();
        assertThat(own.state().problem()).contains("version 3 of the zone is refused");
        FilesVersion next = new FilesVersion(4, NEW.digest());
        assertThat(own.follow(new FilesAnswer(FilesOutcome.STAY, next, RouteFiles.NONE, "")))
                .isFalse();
        assertThat(own.state().problem()).isEmpty();
        assertThat(own.follow(take(4, NEW))).isTrue();
    }
}
