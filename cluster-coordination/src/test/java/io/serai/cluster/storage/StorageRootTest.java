package io.serai.cluster.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.TestDatabase;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class StorageRootTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @RegisterExtension
    static final TestDatabase OTHER_CLUSTER = new TestDatabase();

    @TempDir
    Path folder;

    @Test
    void opensTheSameRootAgainAndAgain() {
        StorageRoot first = StorageRoot.open(folder.resolve("root"), database());

        assertThat(StorageRoot.open(folder.resolve("root"), database()).mark()).isEqualTo(first.mark());
        assertThat(first.mark().root()).contains(rootId());
    }

    @Test
    void refusesTheRootOfAnotherClusterAndNamesBoth() throws IOException {
        String other = "6f1c4a1e-7d5e-4c0e-9d53-0d3a54d0c0de";
        Path root = Files.createDirectories(folder.resolve("root"));
        Files.writeString(
                root.resolve(RootMark.NAME),
                "{\"product\": \"serai\", \"layout\": 1, \"cluster\": \"" + other + "\", \"root\": \"" + other + "\"}");

        assertThatThrownBy(() -> StorageRoot.open(root, database()))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
                .hasMessageContaining(other)
                .hasMessageContaining(clusterId());
    }

    @Test
    void refusesASecondRootThatIsEmpty() {
        StorageRoot.open(folder.resolve("root"), database());

        assertThatThrownBy(() -> StorageRoot.open(folder.resolve("not-mounted"), database()))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
                .hasMessageContaining("mount the share");
        assertThat(folder.resolve("not-mounted").resolve(RootMark.NAME)).doesNotExist();
    }

    @Test
    void refusesAnotherRootOfTheSameClusterAndNamesBoth() throws IOException {
        StorageRoot.open(folder.resolve("root"), database());
        String other = "6f1c4a1e-7d5e-4c0e-9d53-0d3a54d0c0de";
        Path restored = Files.createDirectories(folder.resolve("restored"));
        Files.writeString(
                restored.resolve(RootMark.NAME),
                "{\"product\": \"serai\", \"layout\": 1, \"cluster\": \"" + clusterId() + "\", \"root\": \"" + other
                        + "\"}");

        assertThatThrownBy(() -> StorageRoot.open(restored, database()))
                .hasMessageContaining(other)
                .hasMessageContaining(rootId());
    }

    @Test
    void givesTheRootOfAnOlderVersionItsId() throws IOException {
        Path root = Files.createDirectories(folder.resolve("root"));
        Files.writeString(
                root.resolve(RootMark.NAME),
                "{\"product\": \"serai\", \"layout\": 1, \"cluster\": \"" + clusterId() + "\"}\n");

        assertThat(StorageRoot.open(root, database()).mark().root()).contains(rootId());
    }

    @Test
    void aDatabaseThatMissedTheLastStepTakesTheIdFromTheRoot() {
        StorageRoot first = StorageRoot.open(folder.resolve("root"), database());
        DATABASE.forgetRoot();

        StorageRoot again = StorageRoot.open(folder.resolve("root"), database());

        assertThat(again.mark()).isEqualTo(first.mark());
        assertThat(first.mark().root()).contains(rootId());
    }

    @Test
    void manyNodesThatStartAtOnceAgreeOnTheRoot() throws Exception {
        ExecutorService starters = Executors.newFixedThreadPool(6);
        try {
            List<Callable<RootMark.Mark>> starts = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                starts.add(() ->
                        StorageRoot.open(folder.resolve("root"), database()).mark());
            }
            for (Future<RootMark.Mark> start : starters.invokeAll(starts)) {
                assertThat(start.get().root()).contains(rootId());
            }
        } finally {
            starters.shutdownNow();
        }
    }

    @Test
    void oneOfTwoClustersThatBeginOnOneEmptyRootIsRefused() throws Exception {
        OTHER_CLUSTER.database().execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("update cluster set id = gen_random_uuid()");
            }
        });
        ExecutorService starters = Executors.newFixedThreadPool(2);
        try {
            for (int round = 0; round < 30; round++) {
                Path root = Files.createDirectories(folder.resolve("root" + round));
                DATABASE.forgetRoot();
                OTHER_CLUSTER.forgetRoot();
                CyclicBarrier together = new CyclicBarrier(2);
                List<Callable<Optional<RootMark.Mark>>> starts = new ArrayList<>();
                for (TestDatabase each : List.of(DATABASE, OTHER_CLUSTER)) {
                    starts.add(() -> {
                        together.await();
                        return opened(root, each.database());
                    });
                }
                List<RootMark.Mark> adopted = new ArrayList<>();
                for (Future<Optional<RootMark.Mark>> start : starters.invokeAll(starts)) {
                    start.get().ifPresent(adopted::add);
                }
                assertThat(adopted)
                        .as("round %s", round)
                        .containsExactly(RootMark.read(root).orElseThrow());
                try (Stream<Path> files = Files.list(root)) {
                    assertThat(files.map(file -> file.getFileName().toString()))
                            .filteredOn(name -> name.startsWith(RootMark.NAME))
                            .containsExactly(RootMark.NAME);
                }
            }
        } finally {
            starters.shutdownNow();
        }
    }

    private static Optional<RootMark.Mark> opened(Path root, Database database) {
        try {
            return Optional.of(StorageRoot.open(root, database).mark());
        } catch (SeraiException e) {
            assertThat(e).hasMessageContaining("set storage.root or database.url to the pair that belongs together");
            return Optional.empty();
        }
    }

    private static Database database() {
        return DATABASE.database();
    }

    private static String clusterId() {
        return single("select id::text from cluster");
    }

    private static String rootId() {
        return single("select root_id::text from cluster");
    }

    private static String single(String query) {
        return database().read(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(query)) {
                rows.next();
                return rows.getString(1);
            }
        });
    }
}
