package io.serai.cluster.storage;

import static io.serai.cluster.storage.TestNode.ACME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.TestDatabase;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class FileSystemStorageTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    static Path folder;

    private static TestNode node;
    private Path home;
    private VirtualPath here;

    @BeforeAll
    static void start() {
        node = new TestNode(DATABASE.database(), folder.resolve("root"), "node-1");
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @BeforeEach
    void makeFolder() {
        here = VirtualPath.parse("/t" + System.nanoTime());
        node.storage.makeFolder(ACME, here);
        home = folder.resolve("root/homes/acme").resolve(here.name());
    }

    @Test
    void listsAFolderOfTwentyThousandEntriesInPages() throws IOException {
        for (int i = 0; i < 20_000; i++) {
            Files.createFile(home.resolve("file-" + i));
        }
        List<String> names = new ArrayList<>();
        Optional<String> after = Optional.empty();
        FolderListing page;
        do {
            page = node.storage.list(ACME, here, after, 2500);
            page.entries().forEach(entry -> names.add(entry.name()));
            after = Optional.of(names.get(names.size() - 1));
        } while (page.more());
        assertThat(names).hasSize(20_000).isSorted().doesNotHaveDuplicates();
    }

    /** An empty mount point must not look like empty homes, to a partner or to an event that would then be parked. */
    @Test
    void nothingIsTakenForMissingWhileTheShareIsAway() throws IOException {
        Files.createFile(home.resolve("a"));
        VirtualPath a = here.child("a");
        Path root = folder.resolve("root");
        Path share = Files.move(root, folder.resolve("share"));
        Files.createDirectory(root);
        try {
            assertCode(ErrorCode.STORAGE_DOWN, () -> node.storage.openContent(TransferId.random()));
            assertCode(ErrorCode.STORAGE_DOWN, () -> node.storage.stat(ACME, a));
            assertCode(ErrorCode.STORAGE_DOWN, () -> node.storage.stat(ACME, VirtualPath.ROOT));
            assertCode(ErrorCode.STORAGE_DOWN, () -> node.storage.list(ACME, here, Optional.empty(), 9));
            assertCode(ErrorCode.STORAGE_DOWN, () -> node.storage.open(ACME, a));
            assertCode(ErrorCode.STORAGE_DOWN, () -> node.storage.removeFile(ACME, a));
            assertCode(ErrorCode.STORAGE_DOWN, () -> node.storage.makeFolder(ACME, here.child("new")));
            assertCode(ErrorCode.STORAGE_DOWN, () -> node.storage.prepareHome(ACME, List.of()));
            assertCode(
                    ErrorCode.STORAGE_DOWN,
                    () -> node.receiving.receive(TestNode.upload(a.toString(), Receiving.Mode.REPLACE)));
            assertCode(
                    ErrorCode.STORAGE_DOWN,
                    () -> node.receiving.receive(new Receiving.Pull(
                            new SiteName("bank"),
                            new RouteId("fetch"),
                            Protocol.SFTP,
                            "/out/x.csv",
                            "192.0.2.7:22",
                            (connection, received) -> {})));
            try (var entries = Files.list(root)) {
                assertThat(entries)
                        .as("what was written where the share was missing")
                        .isEmpty();
            }
        } finally {
            Files.delete(root);
            Files.move(share, root);
        }
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.openContent(TransferId.random()));
        assertThat(node.storage.stat(ACME, a).sizeBytes()).isZero();
    }

    @Test
    void linksAreNeitherListedNorFollowed() throws IOException {
        Path secret = Files.writeString(folder.resolve("secret.txt"), "secret");
        Files.createSymbolicLink(home.resolve("file"), secret);
        Files.createSymbolicLink(home.resolve("outside"), folder);
        Files.createFile(home.resolve("real"));

        assertThat(node.storage.list(ACME, here, Optional.empty(), 1).entries())
                .extracting(FileInfo::name)
                .containsExactly("real");
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.stat(ACME, here.child("file")));
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.open(ACME, here.child("file")));
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.list(ACME, here.child("outside"), Optional.empty(), 9));
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.open(ACME, here.resolve("outside/secret.txt")));
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.removeFile(ACME, here.resolve("outside/secret.txt")));
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.makeFolder(ACME, here.resolve("outside/new")));
        assertCode(
                ErrorCode.NO_SUCH_FILE,
                () -> node.storage.rename(
                        ACME, here.child("real"), here.resolve("outside/real"), Storage.IfExists.REPLACE));
        assertCode(
                ErrorCode.PERMISSION_DENIED,
                () -> node.receiving.receive(TestNode.upload(here.child("file").toString(), Receiving.Mode.RESUME)));
        assertCode(
                ErrorCode.NO_SUCH_FILE,
                () -> node.receiving.receive(TestNode.upload(here + "/outside/secret.txt", Receiving.Mode.REPLACE)));
        assertThat(secret).hasContent("secret");
    }

    @Test
    void dotsCannotLeaveTheHome() {
        assertCode(
                ErrorCode.NO_SUCH_FILE,
                () -> node.storage.open(ACME, VirtualPath.parse("../../../serai-storage.json")));
    }

    @Test
    void renamesFilesAndFolders() {
        node.put(here + "/a", "a");
        node.put(here + "/b", "b");
        assertCode(
                ErrorCode.EXISTS,
                () -> node.storage.rename(ACME, here.child("a"), here.child("b"), Storage.IfExists.REFUSE));
        node.storage.rename(ACME, here.child("a"), here.child("b"), Storage.IfExists.REPLACE);
        assertThat(node.read(here + "/b")).isEqualTo("a");
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.stat(ACME, here.child("a")));

        node.storage.makeFolder(ACME, here.child("f"));
        assertCode(
                ErrorCode.IS_A_FOLDER,
                () -> node.storage.rename(ACME, here.child("b"), here.child("f"), Storage.IfExists.REPLACE));
        assertCode(
                ErrorCode.NAME_INVALID,
                () -> node.storage.rename(ACME, here.child("f"), here.resolve("f/g"), Storage.IfExists.REFUSE));
        node.storage.rename(ACME, here.child("f"), here.child("g"), Storage.IfExists.REFUSE);
        assertThat(node.storage.stat(ACME, here.child("g")).folder()).isTrue();
    }

    @Test
    void removesFilesAndEmptyFolders() {
        node.put(here + "/a", "a");
        assertCode(ErrorCode.NOT_EMPTY, () -> node.storage.removeFolder(ACME, here));
        assertCode(ErrorCode.IS_A_FOLDER, () -> node.storage.removeFile(ACME, here));
        assertCode(ErrorCode.NOT_A_FOLDER, () -> node.storage.removeFolder(ACME, here.child("a")));
        node.storage.removeFile(ACME, here.child("a"));
        node.storage.removeFolder(ACME, here);
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.stat(ACME, here));
        assertCode(ErrorCode.PERMISSION_DENIED, () -> node.storage.removeFolder(ACME, VirtualPath.ROOT));
    }

    @Test
    void openedFileStaysReadableAndVersionsTellContentsApart() throws IOException {
        node.put(here + "/a", "first");
        String before = node.storage.stat(ACME, here.child("a")).version();
        try (OpenFile open = node.storage.open(ACME, here.child("a"))) {
            node.put(here + "/a", "other");
            var buffer = java.nio.ByteBuffer.allocate(5);
            open.channel().read(buffer, 0);
            assertThat(new String(buffer.array())).isEqualTo("first");
        }
        assertThat(node.storage.stat(ACME, here.child("a")).version()).isNotEqualTo(before);
    }

    @Test
    void setsTheTimeOfAFile() {
        node.put(here + "/a", "a");
        Instant time = Instant.parse("2001-02-03T04:05:06Z");
        node.storage.setModified(ACME, here.child("a"), time);
        assertThat(node.storage.stat(ACME, here.child("a")).modified()).isEqualTo(time);
    }

    @Test
    void contentThatIsGoneIsReportedAsSuch() {
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.openContent(TransferId.random()));
    }

    @Test
    void rootOfAnotherClusterIsRefused() throws IOException {
        Path foreign = Files.createDirectories(folder.resolve("foreign"));
        Files.writeString(
                foreign.resolve("serai-storage.json"), "{\"cluster\": \"6f1c1a50-0000-4000-8000-000000000000\"}");
        assertCode(ErrorCode.INVALID, () -> StorageRoot.open(foreign, DATABASE.database()));
    }

    @Test
    void emptyRootIsRefusedWhenTheDatabaseKnowsFiles() {
        node.put(here + "/a", "a");
        assertCode(ErrorCode.INVALID, () -> StorageRoot.open(folder.resolve("not-mounted"), DATABASE.database()));
    }

    private static void assertCode(ErrorCode code, ThrowingCallable act) {
        assertThatThrownBy(act)
                .isInstanceOfSatisfying(
                        SeraiException.class,
                        e -> assertThat(e.code()).as(e.text()).isEqualTo(code));
    }
}
