package io.serai.cluster.storage;

import static io.serai.cluster.storage.TestNode.ACME;
import static io.serai.cluster.storage.TestNode.bytes;
import static io.serai.cluster.storage.TestNode.upload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.ledger.TransferKind;
import io.serai.cluster.ledger.TransferRow;
import io.serai.cluster.ledger.TransferState;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.OptionalLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class StagedReceivingTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private TestNode node;

    @BeforeEach
    void start() {
        DATABASE.truncate("transfer", "event", "node");
        node = new TestNode(DATABASE.database(), folder.resolve("root"), "node-1");
    }

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void committedUploadIsVisibleRecordedAndQueued() throws Exception {
        Receiving.Received received = node.put("/in/a.txt", "hello");

        assertThat(node.read("/in/a.txt")).isEqualTo("hello");
        assertThat(received.sha256()).isEqualTo(sha256("hello"));
        assertThat(received.version())
                .isEqualTo(
                        node.storage.stat(ACME, VirtualPath.parse("/in/a.txt")).version());
        TransferRow row = node.ledger.get(received.transfer()).orElseThrow();
        assertThat(row.state()).isEqualTo(TransferState.COMPLETED);
        assertThat(row.kind()).isEqualTo(TransferKind.UPLOAD);
        assertThat(row.sizeBytes()).isEqualTo(5);
        assertThat(row.sha256()).isEqualTo(sha256("hello"));
        assertThat(row.ended()).isNotNull();
        assertThat(node.count("select count(*) from event")).isEqualTo(1);
        await().atMost(Duration.ofSeconds(5))
                .until(() -> node.count("select count(*) from transfer where published_at is null") == 0);
        assertThat(files("staging")).isEmpty();
    }

    @Test
    void filesAndFoldersAreForTheirOwnerOnly() throws Exception {
        node.put("/in/a.txt", "hello");
        try (var all = Files.walk(folder.resolve("root"))) {
            assertThat(all.toList())
                    .allSatisfy(path -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                            .isEqualTo(Files.isDirectory(path) ? "rwx------" : "rw-------"));
        }
    }

    @Test
    void nothingIsVisibleBeforeTheCommit() {
        try (Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE))) {
            incoming.write(bytes("hello"), 0);
            assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.stat(ACME, VirtualPath.parse("/in/a.txt")));
            assertThat(node.count("select count(*) from event")).isZero();
        }
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.storage.stat(ACME, VirtualPath.parse("/in/a.txt")));
    }

    @Test
    void keptContentSurvivesOverwritingAndDeleting() {
        TransferId first = node.put("/in/a.txt", "first").transfer();
        node.put("/in/a.txt", "second");
        node.storage.removeFile(ACME, VirtualPath.parse("/in/a.txt"));

        assertThat(TestNode.text(node.storage.openContent(first))).isEqualTo("first");
    }

    @Test
    void abortedUploadBecomesAPartAndIsResumed() throws Exception {
        TransferId broken;
        try (Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE))) {
            broken = incoming.transfer();
            incoming.write(bytes("hel"), 0);
        }
        assertThat(node.storage
                        .part(ACME, VirtualPath.parse("/in/a.txt"))
                        .orElseThrow()
                        .sizeBytes())
                .as("all but the last byte")
                .isEqualTo(2);
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(node.ledger.get(broken)).hasValueSatisfying(row -> {
                    assertThat(row.state()).isEqualTo(TransferState.ABORTED);
                    assertThat(row.errorCode()).isEqualTo("PARTNER_ABORT");
                }));

        try (Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME))) {
            assertThat(incoming.startOffset()).isEqualTo(2);
            incoming.write(bytes("llo"), 2);
            assertThat(incoming.commit().sha256()).isEqualTo(sha256("hello"));
        }
        assertThat(node.read("/in/a.txt")).isEqualTo("hello");
        assertThat(node.storage.part(ACME, VirtualPath.parse("/in/a.txt"))).isEmpty();
    }

    @Test
    void uploadThatBrokeBeforeItsFirstByteIsResumedAtZero() {
        node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE)).close();
        assertThat(node.storage.part(ACME, VirtualPath.parse("/in/a.txt")))
                .hasValueSatisfying(part -> assertThat(part.sizeBytes()).isZero());

        try (Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME))) {
            assertThat(incoming.startOffset()).isZero();
            incoming.write(bytes("hello"), 0);
            incoming.commit();
        }
        assertThat(node.read("/in/a.txt")).isEqualTo("hello");
        assertThat(node.storage.part(ACME, VirtualPath.parse("/in/a.txt"))).isEmpty();
    }

    /** Else every attempt that breaks would take a byte, and an append in the end one of the visible file's. */
    @Test
    void attemptsToResumeThatBringNothingTakeNothing() {
        node.put("/in/a.txt", "hello");
        for (int i = 0; i < 3; i++) {
            try (Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME))) {
                assertThat(incoming.startOffset()).isEqualTo(5);
            }
        }
        try (Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME))) {
            incoming.write(bytes("!?"), 5);
        }
        for (int i = 0; i < 3; i++) {
            try (Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME))) {
                assertThat(incoming.startOffset()).isEqualTo(6);
            }
        }
        assertThat(node.read("/in/a.txt")).isEqualTo("hello");
    }

    @Test
    void anAppendThatEndsWithItsNodeTakesNothingOfTheVisibleFile() throws Exception {
        node.put("/in/a.txt", "hello");
        node.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME)).force();
        node.loseLease();
        try (TestNode other = new TestNode(DATABASE.database(), folder.resolve("root"), "node-2")) {
            other.recover(node.asDead());
            try (Incoming incoming = other.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME))) {
                assertThat(incoming.startOffset()).isEqualTo(5);
                incoming.write(bytes("!"), 5);
                incoming.commit();
            }
            assertThat(other.read("/in/a.txt")).isEqualTo("hello!");
        }
    }

    @Test
    void resumeWithoutAPartGoesOnBehindTheVisibleFile() {
        TransferId first = node.put("/in/a.txt", "hello").transfer();
        try (Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME))) {
            assertThat(incoming.startOffset()).isEqualTo(5);
            incoming.write(bytes(" world"), 5);
            incoming.commit();
        }
        assertThat(node.read("/in/a.txt")).isEqualTo("hello world");
        assertThat(TestNode.text(node.storage.openContent(first))).isEqualTo("hello");
    }

    @Test
    void secondSessionCannotResumeWhatIsBeingUploaded() {
        try (Incoming first = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME))) {
            assertThat(first.startOffset()).isZero();
            assertCode(ErrorCode.LOCKED, () -> node.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME)));
        }
        node.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME)).close();
    }

    @Test
    void sessionOfAnotherNodeCannotResumeWhatIsBeingUploaded() {
        try (TestNode other = new TestNode(DATABASE.database(), folder.resolve("root"), "node-2");
                Incoming first = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE))) {
            first.write(bytes("hello"), 0);
            assertCode(ErrorCode.LOCKED, () -> other.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME)));
        }
    }

    @Test
    void uploadOfAnotherSizeThanAnnouncedIsRefused() {
        Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE, OptionalLong.of(6)));
        incoming.write(bytes("hello"), 0);
        assertCode(ErrorCode.PARTNER_ABORT, incoming::commit);
        incoming.close();
        assertThat(node.count("select count(*) from event")).isZero();
        assertThat(node.storage.part(ACME, VirtualPath.parse("/in/a.txt"))).isPresent();
    }

    @Test
    void gapAtTheCommitIsRefusedAndOnlyTheBeginningIsKept() {
        Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE));
        incoming.write(bytes("he"), 0);
        incoming.write(bytes("o"), 4);
        assertCode(ErrorCode.PARTNER_ABORT, incoming::commit);
        incoming.close();
        assertThat(node.storage
                        .part(ACME, VirtualPath.parse("/in/a.txt"))
                        .orElseThrow()
                        .sizeBytes())
                .isEqualTo(1);
    }

    @Test
    void writeFarBehindTheEndIsRefused() {
        try (Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE))) {
            assertCode(ErrorCode.BAD_OFFSET, () -> incoming.write(bytes("x"), 65L * 1024 * 1024));
        }
    }

    @Test
    void createNewRefusesAnExistingName() {
        node.put("/in/a.txt", "hello");
        assertCode(ErrorCode.EXISTS, () -> node.receiving.receive(upload("/in/a.txt", Receiving.Mode.CREATE_NEW)));

        Incoming late = node.receiving.receive(upload("/in/b.txt", Receiving.Mode.CREATE_NEW));
        late.write(bytes("late"), 0);
        node.put("/in/b.txt", "first");
        assertCode(ErrorCode.EXISTS, late::commit);
        late.close();
        assertThat(node.read("/in/b.txt")).isEqualTo("first");
    }

    @Test
    void createNewMakesANewFile() {
        try (Incoming incoming = node.receiving.receive(upload("/in/b.txt", Receiving.Mode.CREATE_NEW))) {
            incoming.write(bytes("new"), 0);
            incoming.commit();
        }
        assertThat(node.read("/in/b.txt")).isEqualTo("new");
    }

    @Test
    void limitsAreKept() {
        Receiving.Upload base = upload("/in/a.txt", Receiving.Mode.REPLACE);
        Receiving.Upload limited = limited(base, OptionalLong.of(4), OptionalLong.empty());
        try (Incoming incoming = node.receiving.receive(limited)) {
            assertCode(ErrorCode.TOO_LARGE, () -> incoming.write(bytes("hello"), 0));
        }
        node.put("/in/full.txt", "0123456789");
        Receiving.Upload inQuota = limited(base, OptionalLong.empty(), OptionalLong.of(12));
        try (Incoming incoming = node.receiving.receive(inQuota)) {
            assertCode(ErrorCode.QUOTA, () -> incoming.write(bytes("hello"), 0));
        }
    }

    private static Receiving.Upload limited(Receiving.Upload base, OptionalLong most, OptionalLong quota) {
        return new Receiving.Upload(
                base.account(),
                base.path(),
                base.mode(),
                base.expectedBytes(),
                most,
                quota,
                base.protocol(),
                base.listener(),
                base.peer(),
                base.session(),
                base.transfer());
    }

    @Test
    void latestOfManyCommitsToOneNameStaysVisible() throws Exception {
        var threads = java.util.concurrent.Executors.newFixedThreadPool(4);
        for (int i = 0; i < 80; i++) {
            String text = "version " + i;
            threads.execute(() -> node.put("/in/a.txt", text));
        }
        threads.shutdown();
        assertThat(threads.awaitTermination(60, java.util.concurrent.TimeUnit.SECONDS))
                .isTrue();

        assertThat(node.count("select count(*) from event")).isEqualTo(80);
        String visible = sha256(node.read("/in/a.txt"));
        assertThat(node.count("select count(*) from transfer where sha256 = '" + visible
                        + "' and ended_at = (select max(ended_at) from transfer)"))
                .isEqualTo(1);
        assertThat(files("content")).hasSize(80);
        assertThat(files("staging")).isEmpty();
    }

    @Test
    void missingFolderIsRefused() {
        assertCode(ErrorCode.NO_SUCH_FILE, () -> node.receiving.receive(upload("/no/a.txt", Receiving.Mode.REPLACE)));
        assertCode(ErrorCode.IS_A_FOLDER, () -> node.receiving.receive(upload("/in", Receiving.Mode.REPLACE)));
    }

    @Test
    void folderThatVanishesDuringTheUploadIsRefusedBeforeAnythingHappens() {
        Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE));
        incoming.write(bytes("hello"), 0);
        node.storage.removeFolder(ACME, VirtualPath.parse("/in"));
        assertCode(ErrorCode.NO_SUCH_FILE, incoming::commit);
        incoming.close();
        assertThat(node.count("select count(*) from event")).isZero();
    }

    @Test
    void cancelledUploadEndsAsCancelled() {
        Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE));
        incoming.write(bytes("he"), 0);
        assertThat(node.ledger.get(incoming.transfer()).orElseThrow().state()).isEqualTo(TransferState.RUNNING);
        assertThat(node.ledger.cancel(incoming.transfer(), "ops")).isTrue();
        assertCode(ErrorCode.CANCELLED, () -> incoming.write(bytes("llo"), 2));
        assertCode(ErrorCode.CANCELLED, incoming::commit);
        incoming.close();
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(node.ledger
                                .get(incoming.transfer())
                                .orElseThrow()
                                .state())
                        .isEqualTo(TransferState.CANCELLED));
        assertThat(node.ledger.cancel(incoming.transfer(), "ops")).isFalse();
    }

    @Test
    void nodeWithoutALeaseCannotCommit() {
        Incoming incoming = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE));
        incoming.write(bytes("hello"), 0);
        incoming.force();
        node.loseLease();
        assertCode(ErrorCode.FENCED, incoming::commit);
        incoming.close();
        assertThat(node.count("select count(*) from event")).isZero();
        assertThat(files("staging/active"))
                .filteredOn(file -> !file.toString().endsWith(".mark"))
                .hasSize(1);

        try (TestNode other = new TestNode(DATABASE.database(), folder.resolve("root"), "node-2")) {
            assertThat(other.recover(node.asDead())).isEqualTo(1);
            assertThat(other.recover(node.asDead())).isZero();
            assertThat(other.storage
                            .part(ACME, VirtualPath.parse("/in/a.txt"))
                            .orElseThrow()
                            .sizeBytes())
                    .isEqualTo(4);
            try (Incoming again = other.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME))) {
                assertThat(again.startOffset()).isEqualTo(4);
                again.write(bytes("o"), 4);
                again.commit();
            }
            assertThat(other.read("/in/a.txt")).isEqualTo("hello");
        }
        assertThat(files("content")).hasSize(1);
    }

    @Test
    void thawedNodeCannotWriteIntoAResumedPart() {
        Incoming frozen = node.receiving.receive(upload("/in/a.txt", Receiving.Mode.REPLACE));
        frozen.write(bytes("hello"), 0);
        frozen.force();
        frozen.write(bytes(" unsynced"), 5);
        node.loseLease();
        try (TestNode other = new TestNode(DATABASE.database(), folder.resolve("root"), "node-2")) {
            other.recover(node.asDead());
            try (Incoming again = other.receiving.receive(upload("/in/a.txt", Receiving.Mode.RESUME))) {
                frozen.write(bytes("HELLO, I am back"), 0);
                again.write(bytes("o world"), 4);
                again.commit();
            }
            assertCode(ErrorCode.FENCED, frozen::commit);
            frozen.close();
            assertThat(other.read("/in/a.txt")).isEqualTo("hello world");
        }
    }

    @Test
    void pullIsKeptAsContentOnlyAndCommittedWithItsWork() throws Exception {
        Receiving.Pull pull = new Receiving.Pull(
                new SiteName("bank"),
                new RouteId("fetch"),
                Protocol.SFTP,
                "/out/x.csv",
                "192.0.2.7:22",
                (connection, received) -> {
                    try (var statement = connection.prepareStatement("insert into schedule_fire (schedule, route_id,"
                            + " fire_time) values ('s', 'r', clock_timestamp())")) {
                        statement.executeUpdate();
                    }
                });
        Incoming incoming = node.receiving.receive(pull);
        incoming.write(bytes("pulled"), 0);
        Receiving.Received received = incoming.commit();
        incoming.close();

        assertThat(TestNode.text(node.storage.openContent(received.transfer()))).isEqualTo("pulled");
        assertThat(received.sha256()).isEqualTo(sha256("pulled"));
        assertThat(node.count("select count(*) from schedule_fire")).isEqualTo(1);
        assertThat(files("staging")).isEmpty();

        Incoming broken = node.receiving.receive(pull);
        broken.write(bytes("x"), 0);
        broken.abort(ErrorCode.SITE_TIMEOUT, "the site went silent");
        broken.close();
        assertThat(files("staging")).isEmpty();
    }

    @Test
    void uploadsOfManyBlocksInAnyOrderHaveTheRightHash() throws Exception {
        byte[] content = new byte[3_000_000];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 31 + i / 251);
        }
        try (Incoming incoming = node.receiving.receive(upload("/in/a.bin", Receiving.Mode.REPLACE))) {
            int block = 30_000;
            for (int i = 0; i < 100; i += 2) {
                incoming.write(ByteBuffer.wrap(content, (i + 1) * block, block), (long) (i + 1) * block);
                incoming.write(ByteBuffer.wrap(content, i * block, block), (long) i * block);
            }
            incoming.write(ByteBuffer.wrap(content, 10, 10), 10);
            assertThat(incoming.commit().sha256())
                    .isEqualTo(HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(content)));
        }
    }

    private java.util.List<Path> files(String below) {
        try (var all = Files.walk(folder.resolve("root").resolve(below))) {
            return all.filter(file -> Files.isRegularFile(file) && !file.endsWith("owner.lock"))
                    .toList();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void assertCode(ErrorCode code, ThrowingCallable act) {
        assertThatThrownBy(act)
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static String sha256(String text) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes()));
    }
}
