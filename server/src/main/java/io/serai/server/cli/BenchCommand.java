package io.serai.server.cli;

import io.serai.server.bench.Bench;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        description = {
            "Measure Serai on this machine: large files in turn with OpenSSH and vsftpd, small files end to end, events"
                    + " per second; on request (not with \"all\") how 1 to 20 nodes share a queue, how long a takeover"
                    + " takes, what the caches are worth at a login, what transactions cost, and what edges cost. On the"
                    + " loopback address alone; stops by itself.",
            "Read ratios and CPU seconds: both sides share the machine with whatever else runs on it.",
            "Ends with 1 when a promise is missed: with \"takeover\" when the p99 of the takeovers is more than 1.5 lease"
                    + " times; with \"cluster\" when a number of nodes does less than 90 %% of the ideal, or its share of"
                    + " the database's CPU for an event is more than 20 %% away from the mean of all; with \"edges\" when an edge"
                    + " costs more than the operators' manual says."
        },
        showDefaultValues = true)
final class BenchCommand implements Callable<Integer> {
    /** The words of the command line. */
    enum Choice {
        TRANSFERS("transfers", Set.of(Bench.Part.TRANSFERS)),
        SMALL_FILES("small-files", Set.of(Bench.Part.SMALL_FILES)),
        EVENTS("events", Set.of(Bench.Part.EVENTS)),
        CLUSTER("cluster", Set.of(Bench.Part.CLUSTER)),
        TAKEOVER("takeover", Set.of(Bench.Part.TAKEOVER)),
        CACHE("cache", Set.of(Bench.Part.CACHE)),
        TRANSACTIONS("transactions", Set.of(Bench.Part.TRANSACTIONS)),
        EDGE_TRANSFERS("edge-transfers", Set.of(Bench.Part.EDGE_TRANSFERS)),
        EDGE_PASS_THROUGH("edge-pass-through", Set.of(Bench.Part.EDGE_PASS_THROUGH)),
        EDGE_SESSIONS("edge-sessions", Set.of(Bench.Part.EDGE_SESSIONS)),
        EDGE_STALLS("edge-stalls", Set.of(Bench.Part.EDGE_STALLS)),
        EDGE_SHAPED("edge-shaped", Set.of(Bench.Part.EDGE_SHAPED)),
        EDGES(
                "edges",
                EnumSet.of(
                        Bench.Part.EDGE_TRANSFERS,
                        Bench.Part.EDGE_PASS_THROUGH,
                        Bench.Part.EDGE_SESSIONS,
                        Bench.Part.EDGE_STALLS,
                        Bench.Part.EDGE_SHAPED)),
        ALL("all", EnumSet.of(Bench.Part.EVENTS, Bench.Part.SMALL_FILES, Bench.Part.TRANSFERS));

        private final String word;
        private final Set<Bench.Part> parts;

        Choice(String word, Set<Bench.Part> parts) {
            this.word = word;
            this.parts = parts;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    @Parameters(
            arity = "0..*",
            paramLabel = "PART",
            defaultValue = "all",
            description = "What to measure: ${COMPLETION-CANDIDATES}.")
    List<Choice> choices = List.of();

    @Option(names = "--mebibytes", defaultValue = "512", description = "Size of the large file.")
    int mebibytes;

    @Option(names = "--rounds", defaultValue = "5", description = "Turns of both sides with the large file.")
    int rounds;

    @Option(
            names = "--files",
            defaultValue = "2000",
            description = "How many small files go through a route, or an edge.")
    int files;

    @Option(names = "--events", defaultValue = "20000", description = "How many events go through the queue.")
    int events;

    @Option(
            names = "--seconds",
            defaultValue = "20",
            description = "How long each size of cluster drains a queue, each way of committing is tried, and sessions"
                    + " through an edge do nothing.")
    int seconds;

    @Option(
            names = "--takeovers",
            defaultValue = "50",
            description = "How many nodes are killed, and how many are frozen.")
    int takeovers;

    @Option(names = "--sessions", defaultValue = "1000", description = "How many sessions stay open through an edge.")
    int sessions;

    @Option(
            names = "--forget-seconds",
            defaultValue = "6",
            description = "After how long without a byte a connection between server and edge is forgotten while"
                    + " sessions do nothing.")
    int forgetSeconds;

    @Option(
            names = "--folder",
            paramLabel = "DIR",
            description = "Keep everything here (an empty folder) instead of in a throw-away folder.")
    @Nullable
    Path kept;

    @Spec
    @Nullable
    CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec == null
                ? new PrintWriter(System.out, true)
                : spec.commandLine().getOut();
        Set<Bench.Part> parts = EnumSet.noneOf(Bench.Part.class);
        choices.forEach(choice -> parts.addAll(choice.parts));
        Bench.Amounts amounts =
                new Bench.Amounts(mebibytes, rounds, files, events, seconds, takeovers, sessions, forgetSeconds);
        if (kept != null) {
            Path folder = Files.createDirectories(kept.toAbsolutePath());
            return new Bench(folder, amounts, out).run(parts) ? 0 : 1;
        }
        Path folder = Files.createTempDirectory("serai-bench-");
        try {
            // Traversable for all: the embedded database of a server that root runs belongs to another user.
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            return new Bench(folder, amounts, out).run(parts) ? 0 : 1;
        } finally {
            ThrowAway.remove(folder);
        }
    }
}
