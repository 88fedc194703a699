package io.serai.cluster.storage;

import static io.serai.cluster.storage.TestNode.bytes;
import static io.serai.cluster.storage.TestNode.upload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.ledger.TransferState;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node that stands still between two steps of the commit of an upload, while another one takes its work over and
 * receives a newer file of the same name: what it does afterwards changes nothing.
 */
class FencedUploadTest {
    private static final String NAME = "/in/a.txt";

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private final AtomicReference<CommitSteps.Step> place = new AtomicReference<>();
    private final AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});
    private TestNode frozen;
    private TestNode other;

    @BeforeEach
    void start() {
        DATABASE.truncate("transfer", "event", "node");
        frozen = new TestNode(DATABASE.database(), folder.resolve("root"), "frozen", StorageSettings.usual(), step -> {
            if (step == place.get()) {
                meanwhile.get().run();
            }
        });
        other = new TestNode(DATABASE.database(), folder.resolve("root"), "other");
    }

    @AfterEach
    void stop() {
        frozen.close();
        other.close();
    }

    private void standStillAt(CommitSteps.Step step, Runnable whatHappens) {
        place.set(step);
        meanwhile.set(whatHappens);
    }

    private void takeOver() {
        frozen.loseLease();
        other.recover(frozen.asDead());
    }

    private TransferId commit() {
        try (Incoming incoming = frozen.receiving.receive(upload(NAME, Receiving.Mode.REPLACE))) {
            incoming.write(bytes("older"), 0);
            incoming.commit();
            return incoming.transfer();
        }
    }

    @Test
    void itsRecordIsRefusedByTheDatabase() {
        standStillAt(CommitSteps.Step.RECORDING, () -> {
            frozen.loseLease();
            other.put(NAME, "newer");
        });
        assertThatThrownBy(this::commit).isInstanceOfSatisfying(SeraiException.class, refused -> {
            assertThat(refused.code()).isEqualTo(ErrorCode.FENCED);
            assertThat(refused.text())
                    .contains("node frozen")
                    .contains("epoch " + frozen.token.epoch())
                    .contains("has ended");
        });
        other.recover(frozen.asDead());
        assertThat(other.read(NAME)).isEqualTo("newer");
        assertThat(other.count("select count(*) from event")).isEqualTo(1);
    }

    @Test
    void itsSyncedBytesAreTakenOverBeforeTheRecord() {
        standStillAt(CommitSteps.Step.SYNCED, () -> {
            takeOver();
            other.put(NAME, "newer");
        });
        assertThatThrownBy(this::commit).isInstanceOfSatisfying(SeraiException.class, refused -> {
            assertThat(refused.code()).isEqualTo(ErrorCode.FENCED);
            assertThat(refused.text()).contains("taken over by another node");
        });
        assertThat(other.read(NAME)).isEqualTo("newer");
        assertThat(other.count("select count(*) from event")).isEqualTo(1);
    }

    /** It has not noticed yet that its lease is over: the file that it would rename is not there any more. */
    @Test
    void itsRenameFindsNothingAfterTheTakeover() throws IOException {
        standStillAt(CommitSteps.Step.RECORDED, () -> {
            takeOver();
            assertThat(other.read(NAME)).isEqualTo("older");
            other.put(NAME, "newer");
        });
        TransferId older = commit();
        assertOlderHasArrivedAndNewerIsVisible(older);
    }

    /** The takeover has not come to its files yet, and a newer upload has: its own rename would put back the older. */
    @Test
    void itDoesNotRenameOnceItsLeaseIsOver() throws IOException {
        standStillAt(CommitSteps.Step.RECORDED, () -> {
            frozen.loseLease();
            frozen.trusted = false;
            other.put(NAME, "newer");
        });
        TransferId older = commit();
        assertThat(other.read(NAME)).isEqualTo("newer");
        other.recover(frozen.asDead());
        assertOlderHasArrivedAndNewerIsVisible(older);
    }

    private void assertOlderHasArrivedAndNewerIsVisible(TransferId older) throws IOException {
        assertThat(other.read(NAME)).isEqualTo("newer");
        assertThat(TestNode.text(other.storage.openContent(older))).isEqualTo("older");
        assertThat(other.ledger.get(older).orElseThrow().state()).isEqualTo(TransferState.COMPLETED);
        assertThat(other.count("select count(*) from event")).isEqualTo(2);
        try (var left = Files.walk(folder.resolve("root").resolve("staging"))) {
            assertThat(left.filter(Files::isRegularFile).filter(file -> !file.endsWith("owner.lock")))
                    .isEmpty();
        }
    }

    @Test
    void aLeaseThatWasOnlyDoubtedGivesTheNameALittleLater() {
        standStillAt(CommitSteps.Step.RECORDED, () -> frozen.trusted = false);
        commit();
        frozen.trusted = true;
        await().atMost(Duration.ofSeconds(10))
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(frozen.read(NAME)).isEqualTo("older"));
    }
}
