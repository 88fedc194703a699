package io.serai.cluster.storage;

import static io.serai.cluster.storage.TestNode.ACME;
import static io.serai.cluster.storage.TestNode.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.database.TestDatabase;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class StagingCleanerTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    @Test
    void removesWhatNobodyNeedsAndNothingElse() throws Exception {
        StorageSettings settings =
                new StorageSettings(Duration.ZERO, Duration.ofHours(1), 1 << 20, 1 << 20, Duration.ofSeconds(1));
        try (TestNode node =
                new TestNode(DATABASE.database(), folder.resolve("root"), "node-1", settings, step -> {})) {
            TransferId needed = node.put("/in/a", "needed by its event").transfer();
            TransferId ended = node.put("/in/b", "its event has ended").transfer();
            endEvent(ended);
            try (Incoming broken = node.receiving.receive(TestNode.upload("/in/c", Receiving.Mode.REPLACE))) {
                broken.write(bytes("part"), 0);
            }
            Path orphan = Files.createFile(node.root.content(TransferId.random()));

            cleaner(node, settings, Instant.now()).clean();
            assertThat(node.root.content(needed)).exists();
            assertThat(node.root.content(ended)).doesNotExist();
            assertThat(node.read("/in/b")).isEqualTo("its event has ended");
            assertThat(node.storage.part(ACME, VirtualPath.parse("/in/c"))).isPresent();
            assertThat(orphan).exists();

            StagingCleaner later = cleaner(node, settings, Instant.now().plus(Duration.ofDays(2)));
            for (int i = 0; i < 16; i++) {
                later.clean();
            }
            assertThat(node.root.content(needed)).exists();
            assertThat(node.storage.part(ACME, VirtualPath.parse("/in/c"))).isEmpty();
            assertThat(orphan).doesNotExist();
        }
    }

    private static StagingCleaner cleaner(TestNode node, StorageSettings settings, Instant now) {
        return new StagingCleaner(node.root, node.database, settings, InstantSource.fixed(now), Duration.ofHours(1));
    }

    private static void endEvent(TransferId transfer) {
        DATABASE.database().execute(connection -> {
            try (var statement = connection.prepareStatement("delete from event where transfer_id = ?")) {
                statement.setObject(1, transfer.value());
                statement.executeUpdate();
            }
        });
    }
}
