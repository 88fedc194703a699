package io.serai.edge.routefile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import io.serai.edge.message.FileMessages.FilesVersion;
import io.serai.edge.message.RouteFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RouteFolderTest {
    private static final RouteFiles OLD = new RouteFiles(Map.of("a.yaml", "one", "b.yaml", "two"));
    private static final RouteFiles NEW = new RouteFiles(Map.of("a.yaml", "other", "c.yaml", "three"));
    private static final FilesVersion SEVEN = new FilesVersion(7, NEW.digest());

    @TempDir
    Path home;

    private Path routes;

    @BeforeEach
    void start() throws IOException {
        routes = Files.createDirectory(home.resolve("routes"));
        for (Map.Entry<String, String> file : OLD.texts().entrySet()) {
            Files.writeString(routes.resolve(file.getKey()), file.getValue());
        }
        Files.writeString(routes.resolve("notes.txt"), "mine");
        Files.writeString(routes.resolve(".a.yaml.swp"), "an editor's");
    }

    private RouteFolder folder() {
        return new RouteFolder(routes, home);
    }

    @Test
    void takesAVersionAndKeepsWhatItReplaces() throws IOException {
        RouteFolder folder = folder();
        assertThat(folder.read()).isEqualTo(OLD);
        assertThat(folder.base()).isEqualTo(FilesVersion.NONE);
        folder.take(SEVEN, NEW);
        assertThat(folder.read()).isEqualTo(NEW);
        assertThat(folder().base()).isEqualTo(SEVEN);
        assertThat(home.resolve("sync/former/b.yaml")).hasContent("two");
        assertThat(home.resolve("sync/incoming")).doesNotExist();
        assertThat(routes.resolve("notes.txt")).hasContent("mine");
    }

    /** What a crash leaves at each point of the way, made by hand. */
    @Test
    void whatACrashInterruptedIsFinishedOrNeverBegan() throws IOException {
        Path incoming = Files.createDirectories(home.resolve("sync/incoming"));
        Files.writeString(incoming.resolve("a.yaml"), "other");
        assertThat(folder().read()).as("the version is not whole").isEqualTo(OLD);
        assertThat(folder().base()).isEqualTo(FilesVersion.NONE);

        Files.writeString(incoming.resolve("c.yaml"), "three");
        Files.writeString(incoming.resolve("version"), "7 " + NEW.digest() + "\n");
        Files.writeString(routes.resolve("a.yaml"), "other"); // as far as that the crashed one had got
        assertThat(folder().read()).isEqualTo(NEW);
        assertThat(folder().base()).isEqualTo(SEVEN);
        RouteFolder folder = folder();
        folder.finish();
        assertThat(folder.isPending()).isFalse();
        assertThat(folder.read()).isEqualTo(NEW);
        assertThat(folder().base()).isEqualTo(SEVEN);
        assertThat(home.resolve("sync/incoming")).doesNotExist();
    }

    /** A draft that cannot be written stands for a folder without rights or a full disk, also for root. */
    private void block(String name) throws IOException {
        Files.createDirectories(routes.resolve("." + name + ".new/x"));
    }

    private void unblock(String name) throws IOException {
        Files.delete(routes.resolve("." + name + ".new/x"));
        Files.delete(routes.resolve("." + name + ".new"));
    }

    @Test
    void aFolderThatCannotBeWrittenTakesNothing() throws IOException {
        block("serai-edge");
        RouteFolder folder = folder();
        assertThatThrownBy(folder::requireWritable)
                .hasMessageContaining("make that folder and the files in it writable");
        assertThatThrownBy(() -> folder.take(SEVEN, NEW)).hasMessageContaining("cannot be changed");
        assertThat(folder.isPending()).isFalse();
        assertThat(folder().isPending()).as("nor after a boot").isFalse();
        assertThat(folder().read()).isEqualTo(OLD);
        unblock("serai-edge");
        folder.requireWritable();
        folder.take(SEVEN, NEW);
        assertThat(folder.read()).isEqualTo(NEW);
    }

    @Test
    void whatFailsHalfWayIsGivenAsAWholeAndFinishedLater() throws IOException {
        block("c.yaml");
        RouteFolder folder = folder();
        assertThatThrownBy(() -> folder.take(SEVEN, NEW)).hasMessageContaining("cannot be changed");
        assertThat(routes.resolve("a.yaml")).hasContent("other");
        assertThat(routes.resolve("b.yaml")).as("a mixture").hasContent("two");
        assertThat(folder.read()).isEqualTo(NEW);
        RouteFolder booted = folder();
        assertThat(booted.read()).isEqualTo(NEW);
        assertThat(booted.base()).isEqualTo(SEVEN);
        assertThatThrownBy(booted::finish).hasMessageContaining("cannot be changed");
        Files.writeString(routes.resolve("b.yaml"), "edited meanwhile");
        unblock("c.yaml");
        booted.finish();
        assertThat(booted.read()).isEqualTo(NEW);
        assertThat(folder().isPending()).isFalse();
        assertThat(home.resolve("sync/former/a.yaml")).hasContent("one");
        assertThat(home.resolve("sync/former/b.yaml")).hasContent("edited meanwhile");
    }

    @Test
    void saysWhatCannotBe() throws IOException {
        assertThatThrownBy(() -> new RouteFolder(home.resolve("nowhere"), home))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("nowhere is not there");
        Files.writeString(routes.resolve("Upper Case.yaml"), "x");
        assertThatThrownBy(() -> folder().read()).hasMessageContaining("\"Upper Case.yaml\" is no name");
        Files.delete(routes.resolve("Upper Case.yaml"));
        Files.writeString(routes.resolve("big.yaml"), "x".repeat(RouteFiles.LARGEST_BYTES + 1));
        assertThatThrownBy(() -> folder().read()).hasMessageContaining("big.yaml is larger than 64 KiB");
        Files.delete(routes.resolve("big.yaml"));
        Files.createDirectories(home.resolve("sync"));
        Files.writeString(home.resolve("sync/version"), "x");
        assertThatThrownBy(() -> folder().base()).hasMessageContaining("is damaged");
    }
}
