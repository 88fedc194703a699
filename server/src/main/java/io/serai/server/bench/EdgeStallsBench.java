package io.serai.server.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.sshd.sftp.client.SftpClient;

/**
 * What partners that stand still take from the others: on each of a link's connections a download whose client does not read
 * and an upload that the server does not take (its account's bandwidth is next to nothing), while other clients transfer and
 * look at files. In turn with the same without those that stand still.
 */
final class EdgeStallsBench {
    private static final int DATA_CONNECTIONS = 4;
    private static final int STREAMS = 4;
    private static final int LOOKS = 1_000;
    private static final double LEAST_THROUGHPUT = 0.8;
    private static final double MOST_MILLIS = 10;
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(2);
    private static final Duration UNTIL_STALLED = Duration.ofSeconds(30);

    private final Path folder;
    private final int mebibytes;
    private final int rounds;
    private final PrintWriter out;
    private final List<String> missed = new ArrayList<>();

    EdgeStallsBench(Path folder, Bench.Amounts amounts, PrintWriter out) {
        this.folder = folder;
        this.mebibytes = Math.max(1, amounts.mebibytes() / STREAMS);
        this.rounds = amounts.rounds();
        this.out = out;
    }

    private record Figures(double seconds, double[] looks) {}

    /** What was not as promised, for people. */
    List<String> run() throws IOException {
        BenchClients clients = BenchClients.in(folder);
        Path file = BenchClients.randomFile(folder.resolve("random.bin"), mebibytes);
        try (EdgeField field = EdgeField.start(folder, EdgeField.Plan.usual());
                SftpSessions sessions = new SftpSessions()) {
            field.account(EdgeField.ACCOUNT, "", List.of(clients.publicKey(), sessions.publicKey()));
            field.account("slow", "1KiB", List.of());
            String url = "https://127.0.0.1:" + field.edgePort("https") + "/in/";
            SftpClient looker = sessions.open(EdgeField.ACCOUNT, field.edgePort("sftp"));
            clients.curl("-T", file.toString(), url + "large.bin");
            move(clients, looker, url, file);
            List<Figures> without = new ArrayList<>();
            List<Figures> with = new ArrayList<>();
            List<Figures> idle = new ArrayList<>();
            List<Long> memory = new ArrayList<>();
            for (int i = 0; i < rounds; i++) {
                without.add(move(clients, looker, url, file));
                try (Stalled stalled = Stalled.start(clients, field, url, file)) {
                    idle.add(new Figures(0, SftpSessions.looks(looker, "/in", LOOKS, BETWEEN_LOOKS)));
                    memory.add(resident(field));
                    with.add(move(clients, looker, url, file));
                    memory.add(resident(field));
                    stalled.requireAlive();
                }
            }
            report(without, with, idle);
            out.printf(
                    Locale.ROOT,
                    "%-28s server and edge, resident: %d MiB before the first transfers beside them, %d MiB after the last%n",
                    "",
                    memory.get(0),
                    memory.get(memory.size() - 1));
            out.flush();
        }
        return List.copyOf(missed);
    }

    /** Clients that stand still, two on each connection for data, as an edge takes the one with the fewest streams. */
    private record Stalled(List<Process> clients) implements AutoCloseable {
        static Stalled start(BenchClients clients, EdgeField field, String url, Path file) throws IOException {
            Stalled stalled = new Stalled(new ArrayList<>());
            for (int i = 0; i < DATA_CONNECTIONS; i++) {
                stalled.start(clients.curlCommand("--limit-rate", "1", "-o", "/dev/null", url + "large.bin"));
                stalled.start(clients.curlCommandOf("slow", "-T", file.toString(), url + "stalled" + i + ".bin"));
            }
            long deadline = System.nanoTime() + UNTIL_STALLED.toNanos();
            while (field.edgeRow().path("streams").asInt() < 2 * DATA_CONNECTIONS) {
                stalled.requireAlive();
                if (System.nanoTime() - deadline > 0) {
                    stalled.close();
                    throw new IOException("the clients that are to stand still did not begin: " + field.edgeRow());
                }
                LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
            }
            return stalled;
        }

        private void start(List<String> command) throws IOException {
            clients.add(new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start());
        }

        void requireAlive() throws IOException {
            for (Process client : clients) {
                if (!client.isAlive()) {
                    throw new IOException("a client that was to stand still has ended with " + client.exitValue());
                }
            }
        }

        @Override
        public void close() {
            clients.forEach(Process::destroyForcibly);
            for (Process client : clients) {
                try {
                    client.waitFor(10, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }
    }

    /** Half of the streams up, half down, all at once; and looks at a file meanwhile. */
    private Figures move(BenchClients clients, SftpClient looker, String url, Path file) throws IOException {
        CompletableFuture<double[]> looks = CompletableFuture.supplyAsync(() -> looks(looker));
        long begin = System.nanoTime();
        List<Process> moving = new ArrayList<>();
        for (int i = 0; i < STREAMS; i++) {
            List<String> command = i % 2 == 0
                    ? clients.curlCommand("-o", folder.resolve("back" + i).toString(), url + "large.bin")
                    : clients.curlCommand("-T", file.toString(), url + "moved" + i + ".bin");
            moving.add(new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start());
        }
        try {
            for (Process each : moving) {
                if (each.waitFor() != 0) {
                    throw new IOException(
                            "a transfer beside those that stand still has ended with " + each.exitValue());
                }
            }
            double seconds = (System.nanoTime() - begin) / 1e9;
            return new Figures(seconds, looks.get());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IOException("a look at a file failed", e.getCause());
        } finally {
            moving.forEach(Process::destroyForcibly);
        }
    }

    private static double[] looks(SftpClient looker) {
        try {
            return SftpSessions.looks(looker, "/in", LOOKS, BETWEEN_LOOKS);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static long resident(EdgeField field) throws IOException {
        long kibibytes = 0;
        for (ProcessHandle process : List.of(field.server(), field.edge())) {
            kibibytes += Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum();
        }
        return kibibytes >> 10;
    }

    private void report(List<Figures> without, List<Figures> with, List<Figures> idle) {
        double[] ratios = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            ratios[i] = without.get(i).seconds() / with.get(i).seconds();
        }
        Arrays.sort(ratios);
        double ratio = ratios[rounds / 2];
        out.printf(
                Locale.ROOT,
                "%-28s %d streams beside %d that stand still: throughput %.2f x of that without them (median of %d pairs)%n",
                "Partners that stand still",
                STREAMS,
                2 * DATA_CONNECTIONS,
                ratio,
                rounds);
        say("looks beside them alone", idle);
        say("and beside the transfers", with);
        say("beside the transfers alone", without);
        if (ratio < LEAST_THROUGHPUT) {
            missed.add(String.format(
                    Locale.ROOT,
                    "beside partners that stand still others have %.2f of their throughput, less than %.1f",
                    ratio,
                    LEAST_THROUGHPUT));
        }
        double p99 = SftpSessions.quantile(all(idle), 0.99);
        if (p99 >= MOST_MILLIS) {
            missed.add(String.format(
                    Locale.ROOT,
                    "beside partners that stand still the p99 of a look at a file is %.1f ms, not less than %.0f",
                    p99,
                    MOST_MILLIS));
        }
    }

    private void say(String what, List<Figures> figures) {
        double[] looks = all(figures);
        out.printf(
                Locale.ROOT,
                "%-28s %s: p50 %.2f ms, p99 %.2f ms%n",
                "",
                what,
                SftpSessions.quantile(looks, 0.5),
                SftpSessions.quantile(looks, 0.99));
        out.flush();
    }

    private static double[] all(List<Figures> figures) {
        return figures.stream()
                .flatMapToDouble(each -> Arrays.stream(each.looks()))
                .sorted()
                .toArray();
    }
}
