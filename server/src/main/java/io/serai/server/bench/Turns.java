package io.serai.server.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToDoubleFunction;

/** Runs two contestants in turn (A B A B …) and prints medians and the ratio of A to B, pair by pair. */
final class Turns {
    private static final Duration SETTLING = Duration.ofMillis(200);
    private static final int WARM_UPS = 3;

    private final Path folder;
    private final int rounds;
    private final PrintWriter out;
    /** Servers and clients are all started by this process. */
    private final ProcessCpu everything = new ProcessCpu(ProcessHandle.current());

    Turns(Path folder, int rounds, PrintWriter out) {
        this.folder = folder;
        this.rounds = rounds;
        this.out = out;
    }

    /** Something that can be done again and again. */
    @FunctionalInterface
    interface Act {
        void run() throws IOException;
    }

    /** A contestant: what it is called, what it does, and whose CPU time that costs. */
    record Contestant(String name, Act act, ProcessCpu cpu) {}

    private record Figures(double wallSeconds, double cpuSeconds, double totalSeconds) {}

    /**
     * What A is in parts of B, the median of all pairs.
     *
     * @param throughput more is better
     * @param cpu of the contestants' own processes; less is better
     * @param total the CPU of everything that takes part, clients and all; less is better
     */
    record Ratios(double throughput, double cpu, double total) {}

    /** Warm-ups of each, for compilers are done late, then the counted rounds. */
    Ratios run(String what, long bytes, Contestant a, Contestant b) throws IOException {
        for (int i = 0; i < WARM_UPS; i++) {
            measure(a);
            measure(b);
        }
        List<Figures> ofA = new ArrayList<>();
        List<Figures> ofB = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            ofA.add(measure(a));
            ofB.add(measure(b));
        }
        say(what, a.name(), bytes, ofA);
        say("", b.name(), bytes, ofB);
        Ratios ratios = new Ratios(
                ratio(ofB, ofA, Figures::wallSeconds),
                ratio(ofA, ofB, Figures::cpuSeconds),
                ratio(ofA, ofB, Figures::totalSeconds));
        out.printf(
                Locale.ROOT,
                "%-28s %-10s throughput %.2f x, CPU %.2f x, with the clients' %.2f x (medians of %d pairs)%n",
                "",
                "ratio",
                ratios.throughput(),
                ratios.cpu(),
                ratios.total(),
                rounds);
        out.flush();
        return ratios;
    }

    private void say(String what, String name, long bytes, List<Figures> figures) {
        double wall = median(figures, Figures::wallSeconds);
        out.printf(
                Locale.ROOT,
                "%-28s %-10s %7.2f s wall (%6.1f MiB/s) %6.2f s CPU, %6.2f s with the clients'%n",
                what,
                name,
                wall,
                bytes / 1048576.0 / wall,
                median(figures, Figures::cpuSeconds),
                median(figures, Figures::totalSeconds));
    }

    /** Begins with nothing left to be written to the disk: neither pays for what the other left in the page cache. */
    private Figures measure(Contestant contestant) throws IOException {
        Programme.run(
                folder, List.of(Programme.find("sync", "coreutils").toString(), "--file-system", folder.toString()));
        double totalBefore = everything.seconds();
        double cpuBefore = contestant.cpu().seconds();
        long begin = System.nanoTime();
        contestant.act().run();
        double wall = (System.nanoTime() - begin) / 1e9;
        // What a server does after its answer counts too.
        LockSupport.parkNanos(SETTLING.toNanos());
        return new Figures(wall, contestant.cpu().seconds() - cpuBefore, everything.seconds() - totalBefore);
    }

    private static double median(List<Figures> figures, ToDoubleFunction<Figures> field) {
        return middle(figures.stream().mapToDouble(field).sorted().toArray());
    }

    private static double ratio(List<Figures> over, List<Figures> under, ToDoubleFunction<Figures> field) {
        double[] ratios = new double[over.size()];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = field.applyAsDouble(over.get(i)) / Math.max(0.005, field.applyAsDouble(under.get(i)));
        }
        java.util.Arrays.sort(ratios);
        return middle(ratios);
    }

    private static double middle(double[] sorted) {
        int n = sorted.length;
        return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    }
}
