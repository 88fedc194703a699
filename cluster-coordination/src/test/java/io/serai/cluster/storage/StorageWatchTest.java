package io.serai.cluster.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.node.StorageWatch;
import io.serai.config.name.NodeName;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class StorageWatchTest {
    private static final Duration PATIENCE = Duration.ofMillis(500);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private final List<String> heard = new CopyOnWriteArrayList<>();
    private Path root;
    private StorageWatch watch;

    @BeforeEach
    void start() {
        root = folder.resolve("root");
        StorageWatch.Listener listener = new StorageWatch.Listener() {
            @Override
            public void lost(String why) {
                heard.add("lost");
            }

            @Override
            public void returned() {
                heard.add("returned");
            }
        };
        StorageRoot opened = StorageRoot.open(root, DATABASE.database());
        watch = new StorageWatch(
                () -> opened.sign(new NodeName("a"), Instant.now()), "the root " + root, PATIENCE, listener);
        watch.start();
        await().atMost(LIMIT).until(() -> Files.exists(sign()));
    }

    @AfterEach
    void stop() {
        watch.stop();
    }

    @Test
    void isQuietWhileAllIsWell() {
        await().during(PATIENCE.multipliedBy(3)).atMost(LIMIT).until(() -> watch.isUp() && heard.isEmpty());
    }

    @Test
    void saysThatTheRootIsGoneAndThatItIsBack() throws IOException {
        Files.move(root, folder.resolve("away"));
        await().atMost(LIMIT).until(() -> heard.equals(List.of("lost")));
        assertThat(watch.trouble())
                .hasValueSatisfying(
                        trouble -> assertThat(trouble).contains(root.toString()).contains(RootMark.NAME));

        Files.move(folder.resolve("away"), root);
        await().atMost(LIMIT).until(() -> heard.equals(List.of("lost", "returned")));
        assertThat(watch.trouble()).isEmpty();
    }

    @Test
    void anEmptyFolderInPlaceOfTheShareIsALoss() throws IOException {
        Files.move(root, folder.resolve("away"));
        Files.createDirectories(root.resolve("signs"));

        await().atMost(LIMIT).until(() -> heard.equals(List.of("lost")));
    }

    @Test
    void aRootThatHangsIsALossAndTheWatchGoesOn() throws Exception {
        // Opening a pipe for writing waits for a reader, as a dead share's server makes everyone wait.
        Path pipe = root.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Files.move(pipe, sign(), StandardCopyOption.ATOMIC_MOVE);
        await().atMost(LIMIT).until(() -> heard.equals(List.of("lost")));
        assertThat(watch.isUp()).isFalse();

        try (FileChannel reader = FileChannel.open(sign(), StandardOpenOption.READ)) {
            assertThat(reader.isOpen()).isTrue();
            Files.delete(sign());
        }
        await().atMost(LIMIT).until(() -> heard.equals(List.of("lost", "returned")));
    }

    @Test
    void aRootThatCannotBeWrittenIsALoss() throws Exception {
        Files.move(root.resolve("signs"), folder.resolve("away"));

        await().atMost(LIMIT).until(() -> heard.equals(List.of("lost")));
    }

    private Path sign() {
        return root.resolve("signs").resolve("a");
    }
}
