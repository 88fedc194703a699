package io.serai.server.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** When a benchmark says that what it measured is not as promised. */
class PromisesTest {
    private static List<Double> takeovers(int slow) {
        return Stream.concat(Collections.nCopies(100 - slow, 1.0).stream(), Collections.nCopies(slow, 1.6).stream())
                .toList();
    }

    @Test
    void takeoversOfWhichMoreThanOneInAHundredIsSlowAreNamed() {
        assertThat(TakeoverBench.judge("killed", takeovers(1))).isEmpty();
        assertThat(TakeoverBench.judge("killed", takeovers(2)))
                .contains("nodes killed: p99 of the takeovers is 1.60 lease times, more than 1.5");
    }

    @Test
    void aNumberOfNodesThatDoesTooLittleOrCostsTheDatabaseTooMuchIsNamed() {
        assertThat(ClusterBench.judge(
                        List.of(new ClusterBench.Step(1, 0.99, 5.0), new ClusterBench.Step(20, 0.9, 4.3))))
                .isEmpty();
        assertThat(ClusterBench.judge(
                        List.of(new ClusterBench.Step(1, 0.99, 4.0), new ClusterBench.Step(20, 0.89, 8.0))))
                .containsExactlyInAnyOrder(
                        "1 nodes: 4.000 ms of the database's CPU an event, more than 20 % away from 6.000 ms, the mean of all"
                                + " sizes",
                        "20 nodes: 89.0 % of the ideal, less than 90 %",
                        "20 nodes: 8.000 ms of the database's CPU an event, more than 20 % away from 6.000 ms, the mean of all"
                                + " sizes");
    }

    @Test
    void eachSizeCountsByTheMeanOfItsTimes() {
        List<ClusterBench.Step> steps = List.of(
                new ClusterBench.Step(1, 1, 6.0),
                new ClusterBench.Step(20, 1, 4.0),
                new ClusterBench.Step(20, 1, 4.5),
                new ClusterBench.Step(1, 1, 4.0));
        assertThat(ClusterBench.cpuBySize(steps)).containsEntry(1, 5.0).containsEntry(20, 4.25);
        assertThat(ClusterBench.judge(steps)).isEmpty();
    }
}
