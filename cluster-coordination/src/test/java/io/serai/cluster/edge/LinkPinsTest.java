package io.serai.cluster.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.edge.LinkPins.Pins;
import io.serai.config.name.NodeName;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class LinkPinsTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private static final NodeName ONE = new NodeName("one");
    private static final NodeName TWO = new NodeName("two");

    private LinkPins pins;

    @BeforeEach
    void start() {
        DATABASE.truncate("server_link");
        pins = new LinkPins(DATABASE.database());
    }

    @Test
    void theRevisionGrowsWithEachChangeAndOnlyThen() {
        long first = pins.read().revision();
        assertThat(pins.read().pins()).isEmpty();
        pins.record(ONE, "a".repeat(64));
        pins.record(ONE, "a".repeat(64));
        pins.record(TWO, "b".repeat(64));
        Pins two = pins.read();
        assertThat(two.revision()).isEqualTo(first + 2);
        assertThat(two.pins()).containsEntry(ONE, "a".repeat(64)).containsEntry(TWO, "b".repeat(64));

        pins.record(ONE, "c".repeat(64));
        DATABASE.database().execute(connection -> LinkPins.forget(connection, TWO));
        DATABASE.database().execute(connection -> LinkPins.forget(connection, TWO));
        Pins one = pins.read();
        assertThat(one.revision()).isEqualTo(first + 4);
        assertThat(one.pins()).containsOnlyKeys(ONE).containsValue("c".repeat(64));
    }

    @Test
    void serversThatStartTogetherAllCount() {
        long first = pins.read().revision();
        List<CompletableFuture<Void>> starts = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            NodeName node = new NodeName("node-" + i);
            String pin = Integer.toHexString(i).repeat(64);
            starts.add(CompletableFuture.runAsync(() -> new LinkPins(DATABASE.database()).record(node, pin)));
        }
        starts.forEach(CompletableFuture::join);
        assertThat(pins.read().pins()).hasSize(8);
        assertThat(pins.read().revision()).isEqualTo(first + 8);
    }
}
