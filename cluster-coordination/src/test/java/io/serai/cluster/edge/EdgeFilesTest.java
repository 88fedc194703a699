package io.serai.cluster.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.edge.EdgeFiles.Answer;
import io.serai.cluster.edge.EdgeFiles.At;
import io.serai.cluster.edge.EdgeFiles.Base;
import io.serai.cluster.edge.EdgeFiles.Outcome;
import io.serai.cluster.edge.EdgeFiles.Said;
import io.serai.cluster.edge.EdgeFiles.State;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.ZoneName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EdgeFilesTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    private static final ZoneName ZONE = new ZoneName("dmz");
    private static final Base NONE = new Base(0, "");

    private EdgeFiles files;

    /** An edge that does what it is told. */
    private final class FakeEdge {
        private final EdgeName name;
        private final boolean automatic;
        private Base base = NONE;
        private String text = "";

        FakeEdge(String name, boolean automatic) {
            this.name = new EdgeName(name);
            this.automatic = automatic;
        }

        /** For the test, the digest of a text is itself. */
        Outcome sync() {
            boolean changed = !text.equals(base.digest());
            Answer answer = files.answer(
                    ZONE, name, new Said(base, text, automatic, "", changed ? texts(text) : new TreeMap<>()));
            switch (answer.outcome()) {
                case SAME -> base = answer.version();
                case TAKE -> {
                    text = answer.files().getOrDefault("a.yaml", "");
                    base = answer.version();
                    assertThat(text).isEqualTo(base.digest());
                }
                case STAY, CONFLICT -> {}
            }
            return answer.outcome();
        }

        At at() {
            return files.list().stream()
                    .filter(at -> at.edge().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static SortedMap<String, String> texts(String text) {
        return text.isEmpty() ? new TreeMap<>() : new TreeMap<>(Map.of("a.yaml", text));
    }

    @BeforeEach
    void start() {
        DATABASE.truncate("edge_files", "edge_files_at");
        files = new EdgeFiles(DATABASE.database());
    }

    @Test
    void aChangeOfOneEdgeGetsToTheOthers() {
        FakeEdge a = new FakeEdge("a", true);
        FakeEdge b = new FakeEdge("b", true);
        assertThat(a.sync()).isEqualTo(Outcome.SAME);
        a.text = "one";
        assertThat(a.sync()).isEqualTo(Outcome.SAME);
        assertThat(b.sync()).isEqualTo(Outcome.TAKE);
        assertThat(b.text).isEqualTo("one");
        b.text = "two";
        assertThat(b.sync()).isEqualTo(Outcome.SAME);
        assertThat(b.base.number()).isEqualTo(2);
        assertThat(a.sync()).isEqualTo(Outcome.TAKE);
        assertThat(a.sync()).isEqualTo(Outcome.SAME);
        assertThat(a.text).isEqualTo("two");
        assertThat(a.at().state()).isEqualTo(State.SAME);
    }

    @Test
    void whenBothHaveChangedNothingIsOverwrittenUntilAnOperatorSaysWhichCounts() {
        FakeEdge a = new FakeEdge("a", true);
        FakeEdge b = new FakeEdge("b", true);
        a.text = "one";
        assertThat(a.sync()).isEqualTo(Outcome.SAME);
        assertThat(b.sync()).isEqualTo(Outcome.TAKE);
        a.text = "from a";
        b.text = "from b";
        assertThat(a.sync()).isEqualTo(Outcome.SAME);
        assertThat(b.sync()).isEqualTo(Outcome.CONFLICT);
        assertThat(b.sync()).isEqualTo(Outcome.CONFLICT);
        assertThat(b.text).isEqualTo("from b");
        assertThat(a.sync()).isEqualTo(Outcome.SAME);
        assertThat(a.text).isEqualTo("from a");
        assertThat(b.at().state()).isEqualTo(State.CONFLICT);
        assertThat(b.at().files()).containsEntry("a.yaml", "from b");

        assertThat(files.take(a.name, "ada").number()).isEqualTo(3);
        b.text = "once more from b";
        assertThat(b.sync()).as("the operator has not seen this").isEqualTo(Outcome.CONFLICT);
        b.text = "from b";
        assertThat(b.sync()).isEqualTo(Outcome.TAKE);
        assertThat(b.text).isEqualTo("from a");
        assertThat(b.sync()).isEqualTo(Outcome.SAME);
    }

    @Test
    void theOneInConflictCanBeTaken() {
        FakeEdge a = new FakeEdge("a", true);
        FakeEdge b = new FakeEdge("b", true);
        a.text = "from a";
        b.text = "from b";
        assertThat(a.sync()).isEqualTo(Outcome.SAME);
        assertThat(b.sync()).isEqualTo(Outcome.CONFLICT);
        assertThat(files.take(b.name, "ada").edge()).isEqualTo(b.name);
        assertThat(b.sync()).isEqualTo(Outcome.SAME);
        assertThat(a.sync()).isEqualTo(Outcome.TAKE);
        assertThat(a.text).isEqualTo("from b");
    }

    @Test
    void anEdgeThatWaitsForOperatorsNeitherGivesNorTakesOfItself() {
        FakeEdge a = new FakeEdge("a", true);
        FakeEdge b = new FakeEdge("b", false);
        b.text = "from b";
        assertThat(b.sync()).isEqualTo(Outcome.STAY);
        assertThat(b.at().state()).isEqualTo(State.CHANGED);
        assertThat(files.newest(ZONE)).isEmpty();
        var unused = files.take(b.name, "ada");
        assertThat(a.sync()).isEqualTo(Outcome.TAKE);
        assertThat(b.sync()).isEqualTo(Outcome.SAME);
        a.text = "from a";
        assertThat(a.sync()).isEqualTo(Outcome.SAME);
        assertThat(b.sync()).isEqualTo(Outcome.STAY);
        assertThat(b.at().state()).isEqualTo(State.BEHIND);
        var alsoUnused = files.take(a.name, "ada");
        assertThat(b.sync()).isEqualTo(Outcome.TAKE);
        assertThat(b.text).isEqualTo("from a");
    }

    @Test
    void filesThatAreGoneAllAtOnceEmptyNoOtherEdge() {
        FakeEdge a = new FakeEdge("a", true);
        FakeEdge b = new FakeEdge("b", true);
        a.text = "one";
        assertThat(a.sync()).isEqualTo(Outcome.SAME);
        assertThat(b.sync()).isEqualTo(Outcome.TAKE);
        a.text = "";
        assertThat(a.sync()).isEqualTo(Outcome.STAY);
        assertThat(b.sync()).isEqualTo(Outcome.SAME);
        assertThat(b.text).isEqualTo("one");
        var unused = files.take(a.name, "ada");
        assertThat(b.sync()).isEqualTo(Outcome.TAKE);
        assertThat(b.text).isEmpty();
    }

    @Test
    void brokenFilesAreToldAndChangeNothing() {
        FakeEdge a = new FakeEdge("a", true);
        a.text = "one";
        assertThat(a.sync()).isEqualTo(Outcome.SAME);
        Answer answer = files.answer(ZONE, a.name, new Said(a.base, "two", true, "a.yaml:3: no", new TreeMap<>()));
        assertThat(answer.outcome()).isEqualTo(Outcome.STAY);
        assertThat(a.at().problem()).isEqualTo("a.yaml:3: no");
        assertThatThrownBy(() -> files.take(a.name, "ada"))
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("a.yaml:3: no");
        assertThatThrownBy(() -> files.take(new EdgeName("nobody"), "ada"))
                .hasMessageContaining("no route files of its own");
    }

    @Test
    void ofManyThatChangeAtOnceOneIsTheVersionAndTheOthersAreInConflict() {
        List<FakeEdge> edges = new ArrayList<>();
        FakeEdge first = new FakeEdge("first", true);
        first.text = "base";
        assertThat(first.sync()).isEqualTo(Outcome.SAME);
        for (int i = 0; i < 6; i++) {
            FakeEdge edge = new FakeEdge("edge" + i, true);
            assertThat(edge.sync()).isEqualTo(Outcome.TAKE);
            edge.text = "from " + i;
            edges.add(edge);
        }
        List<Outcome> outcomes = edges.stream().map(edge -> CompletableFuture.supplyAsync(edge::sync)).toList().stream()
                .map(CompletableFuture::join)
                .toList();
        assertThat(outcomes).containsOnlyOnce(Outcome.SAME);
        assertThat(outcomes.stream().filter(outcome -> outcome == Outcome.CONFLICT))
                .hasSize(5);
        assertThat(files.newest(ZONE).orElseThrow().number()).isEqualTo(2);
    }
}
