package io.serai.cluster.storage;

import static io.serai.cluster.storage.TestNode.ACME;
import static io.serai.cluster.storage.TestNode.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.TestDatabase;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.VirtualPath;
import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A COMMIT whose answer never comes. */
class UnknownOutcomeTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private CommitCuttingProxy proxy;
    private Database database;
    private TestNode node;

    @BeforeEach
    void start() throws Exception {
        DATABASE.truncate("transfer", "event", "node");
        URI url = URI.create(DATABASE.settings().url().substring("jdbc:".length()));
        proxy = new CommitCuttingProxy(url.getPort());
        var settings = new io.serai.cluster.database.DatabaseSettings(
                DATABASE.settings().url().replace(":" + url.getPort(), ":" + proxy.port()),
                DATABASE.settings().user(),
                DATABASE.settings().password(),
                "cut",
                10,
                java.time.Duration.ofSeconds(5),
                java.time.Duration.ofSeconds(20),
                java.time.Duration.ofSeconds(10));
        database = new Database(settings);
        node = new TestNode(database, folder.resolve("root"), "node-1");
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
        database.close();
        proxy.close();
    }

    @Test
    void commitThatHappenedIsAnsweredWithOk() {
        try (Incoming incoming = node.receiving.receive(TestNode.upload("/in/a", Receiving.Mode.REPLACE))) {
            incoming.write(bytes("hello"), 0);
            proxy.cutNextCommit(CommitCuttingProxy.Cut.AFTER);
            incoming.commit();
        }
        assertThat(node.read("/in/a")).isEqualTo("hello");
        assertThat(node.count("select count(*) from event")).isEqualTo(1);
    }

    @Test
    void commitThatDidNotHappenLeavesAPartAndNothingElse() {
        Incoming incoming = node.receiving.receive(TestNode.upload("/in/a", Receiving.Mode.REPLACE));
        incoming.write(bytes("hello"), 0);
        proxy.cutNextCommit(CommitCuttingProxy.Cut.BEFORE);
        assertThatThrownBy(incoming::commit)
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATABASE_DOWN));
        incoming.close();

        assertThat(node.count("select count(*) from event")).isZero();
        assertThat(node.count("select count(*) from transfer where state = 'aborted'"))
                .isEqualTo(1);
        assertThat(node.root.content(incoming.transfer())).doesNotExist();
        try (Incoming again = node.receiving.receive(TestNode.upload("/in/a", Receiving.Mode.RESUME))) {
            assertThat(again.startOffset()).isEqualTo(4);
            again.write(bytes("o"), 4);
            again.commit();
        }
        assertThat(node.storage.part(ACME, VirtualPath.parse("/in/a"))).isEmpty();
        assertThat(node.read("/in/a")).isEqualTo("hello");
    }
}
