package io.serai.server.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    void anEdgeThatIsNeitherQuickNorCheapIsNamed() {
        assertThat(EdgeTransfersBench.judge("SFTP up", new Turns.Ratios(0.8, 4.0, 3.0)))
                .isEmpty();
        assertThat(EdgeTransfersBench.judge("SFTP up", new Turns.Ratios(0.5, 2.0, 1.6)))
                .isEmpty();
        assertThat(EdgeTransfersBench.judge("SFTP up", new Turns.Ratios(0.79, 2.0, 1.61)))
                .contains(
                        "SFTP up through the edge: 0.79 of the direct throughput, less than 0.8, at 1.61 times the CPU of"
                                + " all processes, more than 1.6");
    }

    @Test
    void anEdgeThatDelaysTheFirstByteIsNamed() {
        assertThat(EdgeTransfersBench.judgeFirstByte("SFTP first byte", 4.99)).isEmpty();
        assertThat(EdgeTransfersBench.judgeFirstByte("SFTP first byte", 5.0))
                .contains("SFTP first byte: the edge adds 5.00 ms, not less than 5");
    }

    @Test
    void allAreMeasuredByTheLastOneAndItByItself(@TempDir Path folder) throws Exception {
        StringWriter text = new StringWriter();
        ProcessCpu none = new ProcessCpu();
        List<String> order = new ArrayList<>();
        List<Turns.Outcome> outcomes = new Turns(folder, 2, new PrintWriter(text))
                .warmSoon()
                .run(
                        "what",
                        1 << 20,
                        List.of(
                                contestant("slow", 300, none, order),
                                contestant("same", 100, none, order),
                                contestant("last", 100, none, order)));
        assertThat(order).containsExactly("slow", "same", "last", "slow", "same", "last", "slow", "same", "last");
        assertThat(outcomes.stream().map(Turns.Outcome::name)).containsExactly("slow", "same", "last");
        assertThat(outcomes.get(0).ratios().throughput()).isBetween(0.1, 0.7);
        assertThat(outcomes.get(2).ratios().throughput()).isEqualTo(1);
        assertThat(text.toString()).contains("slow x").contains("same x").doesNotContain("last x");
    }

    private static Turns.Contestant contestant(String name, int millis, ProcessCpu cpu, List<String> order) {
        return new Turns.Contestant(
                name,
                () -> {
                    order.add(name);
                    LockSupport.parkNanos(Duration.ofMillis(millis).toNanos());
                },
                cpu);
    }

    @Test
    void aPassedThroughListenerThatIsSlowerThanHaproxyIsNamed() {
        assertThat(EdgePassThroughBench.judge("SFTP", new Turns.Ratios(0.95, 2.0, 2.0)))
                .isEmpty();
        assertThat(EdgePassThroughBench.judge("SFTP", new Turns.Ratios(0.94, 1.0, 1.0)))
                .contains("SFTP: 0.94 of HAProxy's throughput, less than 0.95");
    }

    @Test
    void sessionsThatNeedTooMuchHeapOrAreLostAreNamed() {
        assertThat(EdgeSessionsBench.judge(1_000, 149, 1_000, new EdgeSessionsBench.Link(0, 0, "")))
                .isEmpty();
        assertThat(EdgeSessionsBench.judge(1_000, 150, 999, new EdgeSessionsBench.Link(0, 0, "")))
                .containsExactly(
                        "1000 idle sessions need 150 MiB of heap at the edge, not less than 150",
                        "1 of 1000 idle sessions were lost");
        assertThat(EdgeSessionsBench.judge(1_000, 100, 1_000, new EdgeSessionsBench.Link(1, 2, "nothing was heard")))
                .containsExactly(
                        "the firewall forgot 1 connections of the link and 2 were dialled again; it lost: nothing"
                                + " was heard");
        assertThat(EdgeSessionsBench.judge(1_000, 100, 1_000, new EdgeSessionsBench.Link(0, 1, "")))
                .hasSize(1);
    }

    @Test
    void whatACollectionLeavesIsReadFromTheLog(@TempDir Path folder) throws Exception {
        Path log = Files.writeString(folder.resolve("gc.log"), """
                [0.011s][info][gc] Using G1
                [0.531s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 24M->6M(150M) 5.210ms
                [9.102s][info][gc] GC(1) Pause Full (G1 Periodic Collection) 60M->35M(88M) 40.123ms
                [11.30s][info][gc] GC(2) Pause Full (G1 Periodic Collection) 36M->34M(88M) 38.001ms
                """);
        assertThat(EdgeSessionsBench.full(log)).containsExactly(35, 34);
    }

    @Test
    void aQuantileIsAValueThatWasMeasured() {
        double[] sorted =
                java.util.stream.IntStream.rangeClosed(1, 100).asDoubleStream().toArray();
        assertThat(SftpSessions.quantile(sorted, 0.5)).isEqualTo(50);
        assertThat(SftpSessions.quantile(sorted, 0.99)).isEqualTo(99);
        assertThat(SftpSessions.quantile(new double[] {7}, 0.99)).isEqualTo(7);
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
