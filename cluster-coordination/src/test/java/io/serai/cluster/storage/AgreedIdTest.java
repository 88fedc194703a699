package io.serai.cluster.storage;

import static io.serai.cluster.storage.TestNode.ACME;
import static io.serai.cluster.storage.TestNode.bytes;
import static io.serai.cluster.storage.TestNode.upload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.ledger.TransferState;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Uploads whose id was reckoned by who sends them, and so may come twice. */
class AgreedIdTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private static final TransferId ID = TransferId.random();

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

    private Incoming open(String path, Receiving.Mode mode) {
        Receiving.Upload plain = upload(path, mode);
        return node.receiving.receive(new Receiving.Upload(
                plain.account(),
                plain.path(),
                plain.mode(),
                plain.expectedBytes(),
                plain.maxBytes(),
                plain.quotaBytes(),
                plain.protocol(),
                plain.listener(),
                plain.peer(),
                plain.session(),
                Optional.of(ID)));
    }

    private void commit(Incoming incoming, String text) {
        incoming.write(bytes(text), 0);
        incoming.commit();
    }

    private void expectFirst() {
        assertThat(TestNode.text(node.storage.openContent(ID))).isEqualTo("first");
        assertThat(node.read("/in/a.txt")).isEqualTo("first");
        assertThat(node.ledger.get(ID).orElseThrow().state()).isEqualTo(TransferState.COMPLETED);
    }

    @ParameterizedTest
    @EnumSource(Receiving.Mode.class)
    void anIdThatHasArrivedIsRefused(Receiving.Mode mode) {
        commit(open("/in/a.txt", Receiving.Mode.REPLACE), "first");
        for (String path : new String[] {"/in/b.txt", "/in/a.txt"}) {
            assertThat(catchThrowable(() -> open(path, mode))).isInstanceOf(SeraiException.class);
        }
        expectFirst();
        assertThat(node.storage.part(ACME, VirtualPath.parse("/in/b.txt"))).isEmpty();
    }

    @Test
    void anIdThatIsBeingReceivedUnderItsNameIsRefused() {
        Incoming first = open("/in/a.txt", Receiving.Mode.REPLACE);
        first.write(bytes("first"), 0);
        assertThatThrownBy(() -> open("/in/a.txt", Receiving.Mode.REPLACE))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
        first.commit();
        expectFirst();
    }

    @Test
    void whatArrivedByAnIdStaysWhenASecondFileOfItEnds() {
        Incoming first = open("/in/a.txt", Receiving.Mode.REPLACE);
        Incoming broken = open("/in/b.txt", Receiving.Mode.REPLACE);
        Incoming late = open("/in/c.txt", Receiving.Mode.REPLACE);
        commit(first, "first");
        broken.write(bytes("second"), 0);
        broken.abort(ErrorCode.PARTNER_ABORT, "it was reset");
        expectFirst();
        assertThatThrownBy(() -> commit(late, "third")).isInstanceOf(SeraiException.class);
        late.close();
        expectFirst();
    }
}
