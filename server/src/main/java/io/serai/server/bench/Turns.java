package io.serai.server.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToDoubleFunction;

/** Runs contestants in turn (A B A B …) and prints medians and the ratios of each to the last one, turn by turn. */
final class Turns {
    private static final Duration SETTLING = Duration.ofMillis(200);
    /** Compilers are done late: at most so many turns before those that count. */
    private static final int MOST_WARM_UPS = 12;
    /** All have settled when none needed so much less CPU than ever before, in so many turns one after the other. */
    private static final double SETTLED = 0.95;

    private static final int SETTLED_TURNS = 3;

    private final Path folder;
    private final int rounds;
    private final int mostWarmUps;
    private final PrintWriter out;
    /** Servers and clients are all started by this process. */
    private final ProcessCpu everything = new ProcessCpu(ProcessHandle.current());

    Turns(Path folder, int rounds, PrintWriter out) {
        this(folder, rounds, MOST_WARM_UPS, out);
    }

    private Turns(Path folder, int rounds, int mostWarmUps, PrintWriter out) {
        this.folder = folder;
        this.rounds = rounds;
        this.mostWarmUps = mostWarmUps;
        this.out = out;
    }

    /** The same with one warm-up, for what does the same things often enough in one. */
    Turns warmSoon() {
        return new Turns(folder, rounds, 1, out);
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

    /**
     * What was measured of one contestant, the medians of all turns.
     *
     * @param wallSeconds how long it took
     * @param cpuSeconds of the contestant's own processes
     * @param totalSeconds of CPU of everything that takes part, clients and all
     * @param ratios to the last contestant
     */
    record Outcome(String name, double wallSeconds, double cpuSeconds, double totalSeconds, Ratios ratios) {}

    /** Of two; what A is in parts of B. */
    Ratios run(String what, long bytes, Contestant a, Contestant b) throws IOException {
        return run(what, bytes, List.of(a, b)).get(0).ratios();
    }

    /** Warm-ups of each until their compilers are done, then the counted rounds. */
    List<Outcome> run(String what, long bytes, List<Contestant> contestants) throws IOException {
        warmUp(contestants);
        List<List<Figures>> figures = new ArrayList<>();
        contestants.forEach(each -> figures.add(new ArrayList<>()));
        for (int i = 0; i < rounds; i++) {
            for (int k = 0; k < contestants.size(); k++) {
                figures.get(k).add(measure(contestants.get(k)));
            }
        }
        List<Figures> ofLast = figures.get(contestants.size() - 1);
        List<Outcome> outcomes = new ArrayList<>();
        for (int k = 0; k < contestants.size(); k++) {
            outcomes.add(outcome(contestants.get(k).name(), figures.get(k), ofLast));
            say(k == 0 ? what : "", bytes, outcomes.get(k));
        }
        for (Outcome each : outcomes.subList(0, contestants.size() - 1)) {
            say(each, contestants.size() == 2);
        }
        out.flush();
        return List.copyOf(outcomes);
    }

    private void warmUp(List<Contestant> contestants) throws IOException {
        double[] least = new double[contestants.size()];
        Arrays.fill(least, Double.MAX_VALUE);
        int settled = 0;
        for (int i = 0; i < mostWarmUps && settled < SETTLED_TURNS; i++) {
            settled++;
            for (int k = 0; k < least.length; k++) {
                double seconds = measure(contestants.get(k)).cpuSeconds();
                settled = seconds < SETTLED * least[k] ? 0 : settled;
                least[k] = Math.min(least[k], seconds);
            }
        }
    }

    private static Outcome outcome(String name, List<Figures> figures, List<Figures> ofLast) {
        return new Outcome(
                name,
                median(figures, Figures::wallSeconds),
                median(figures, Figures::cpuSeconds),
                median(figures, Figures::totalSeconds),
                new Ratios(
                        ratio(ofLast, figures, Figures::wallSeconds),
                        ratio(figures, ofLast, Figures::cpuSeconds),
                        ratio(figures, ofLast, Figures::totalSeconds)));
    }

    private void say(Outcome outcome, boolean ofTwo) {
        out.printf(
                Locale.ROOT,
                "%-28s %-10s throughput %.2f x, CPU %.2f x, with the clients' %.2f x (medians of %d pairs)%n",
                "",
                ofTwo ? "ratio" : outcome.name() + " x",
                outcome.ratios().throughput(),
                outcome.ratios().cpu(),
                outcome.ratios().total(),
                rounds);
    }

    private void say(String what, long bytes, Outcome outcome) {
        out.printf(
                Locale.ROOT,
                "%-28s %-10s %7.2f s wall (%6.1f MiB/s) %6.2f s CPU, %6.2f s with the clients'%n",
                what,
                outcome.name(),
                outcome.wallSeconds(),
                bytes / 1048576.0 / outcome.wallSeconds(),
                outcome.cpuSeconds(),
                outcome.totalSeconds());
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
        Arrays.sort(ratios);
        return middle(ratios);
    }

    /** Of values in any order. */
    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return middle(sorted);
    }

    private static double middle(double[] sorted) {
        int n = sorted.length;
        return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    }
}
