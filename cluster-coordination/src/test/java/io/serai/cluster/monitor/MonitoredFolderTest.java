package io.serai.cluster.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever may write to the folder cannot lead the server out of what the operator allows. */
class MonitoredFolderTest {
    @TempDir
    Path area;

    private Path inbox;
    private Path outside;
    private MonitorRoots roots;

    @BeforeEach
    void makeFolders() throws IOException {
        inbox = Files.createDirectories(area.resolve("root/inbox"));
        outside = Files.createDirectories(area.resolve("outside"));
        roots = new MonitorRoots(List.of(area.resolve("root")));
        Files.writeString(inbox.resolve("a.csv"), "a");
    }

    private void move(String target) throws IOException {
        roots.folder(inbox).move("a.csv", roots.folder(inbox.resolve(target)), "a.csv");
    }

    private void assertStays(String target) throws IOException {
        assertThatThrownBy(() -> move(target))
                .isInstanceOf(IOException.class)
                .isNotInstanceOfAny(NoSuchFileException.class, NotDirectoryException.class)
                .hasMessageContaining("symbolic link");
        assertThat(inbox.resolve("a.csv")).hasContent("a");
        assertThat(outside).isEmptyDirectory();
    }

    @Test
    void makesTheFolderThatFilesAreMovedTo() throws IOException {
        move("done/today");

        assertThat(inbox.resolve("done/today/a.csv")).hasContent("a");
        assertThat(area.resolve("root")).isDirectoryNotContaining(path -> !path.equals(inbox));
        Files.writeString(inbox.resolve("b.csv"), "b");
        roots.folder(inbox).move("b.csv", roots.folder(inbox.resolve("done/today")), "b.csv");
        assertThat(inbox.resolve("done/today/b.csv")).hasContent("b");
        roots.folder(inbox.resolve("done/today")).move("b.csv", roots.folder(area.resolve("root")), "b.csv");
        assertThat(area.resolve("root/b.csv")).hasContent("b");
    }

    @Test
    void movesNothingThroughASymbolicLink() throws IOException {
        Files.createSymbolicLink(inbox.resolve("done"), outside);
        assertStays("done");
        assertStays("done/deeper");
    }

    @Test
    void movesNothingThroughAFolderThatWasReplacedMeanwhile() throws IOException {
        MonitoredFolder target = roots.folder(inbox.resolve("done"));
        roots.folder(inbox).move("a.csv", target, "a.csv");
        Files.move(inbox.resolve("done/a.csv"), inbox.resolve("a.csv"));
        Files.delete(inbox.resolve("done"));
        Files.createSymbolicLink(inbox.resolve("done"), outside);

        assertThatThrownBy(() -> roots.folder(inbox).move("a.csv", target, "a.csv"))
                .isInstanceOf(IOException.class);
        assertThat(outside).isEmptyDirectory();
    }

    @Test
    void looksNowhereElseWhenTheFolderItselfWasReplaced() throws IOException {
        Files.writeString(outside.resolve("secret.csv"), "s");
        MonitoredFolder folder = roots.folder(inbox);
        Files.move(inbox, area.resolve("root/former"));
        Files.createSymbolicLink(inbox, outside);

        List<String> seen = new ArrayList<>();
        MonitoredFolder.Visitor visitor = new MonitoredFolder.Visitor() {
            @Override
            public boolean file(MonitoredFile file) {
                return seen.add(file.path());
            }

            @Override
            public void unnameable(String path) {
                seen.add(path);
            }

            @Override
            public void unreadable(String path, String reason) {
                seen.add(path);
            }
        };
        assertThatThrownBy(() -> folder.visit(0, path -> true, visitor)).isInstanceOf(IOException.class);
        assertThat(seen).isEmpty();
    }
}
