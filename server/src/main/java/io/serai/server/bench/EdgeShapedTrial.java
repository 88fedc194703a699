package io.serai.server.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.sshd.sftp.client.SftpClient;

/** What {@link EdgeShapedBench} runs in a network namespace. */
final class EdgeShapedTrial {
    private static final int STREAMS = 8;
    private static final int LEAST_LOOKS = 100;
    private static final int WARM_UP_LOOKS = 1_000;
    private static final double MOST_MILLIS = 5;
    private static final double FULL_MEBIBYTES = 119;
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(5);

    private final BenchClients clients;
    private final SftpClient looker;
    private final String url;
    private final Path file;
    private final int mebibytes;

    private EdgeShapedTrial(BenchClients clients, SftpClient looker, String url, Path file, int mebibytes) {
        this.clients = clients;
        this.looker = looker;
        this.url = url;
        this.file = file;
        this.mebibytes = mebibytes;
    }

    /** Arguments: a folder, how many MiB all streams move together, the link's port. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        int mebibytes = Math.max(1, Integer.parseInt(arguments[1]) / STREAMS);
        int port = Integer.parseInt(arguments[2]);
        Thread ending = new Thread(() -> ProcessHandle.current().descendants().forEach(ProcessHandle::destroy));
        Runtime.getRuntime().addShutdownHook(ending);
        EdgeField.Plan plan = new EdgeField.Plan(BenchEdge.JAVA, port, port, Map.of(), EdgeField.Mode.SESSIONS);
        try (EdgeField field = EdgeField.start(folder, plan);
                SftpSessions sessions = new SftpSessions()) {
            BenchClients clients = BenchClients.in(folder);
            field.account(EdgeField.ACCOUNT, "", List.of(clients.publicKey(), sessions.publicKey()));
            Path file = BenchClients.randomFile(folder.resolve("random.bin"), mebibytes);
            EdgeShapedTrial trial = new EdgeShapedTrial(
                    clients,
                    sessions.open(EdgeField.ACCOUNT, field.edgePort("sftp")),
                    "https://127.0.0.1:" + field.edgePort("https") + "/in/",
                    file,
                    mebibytes);
            clients.curl("-T", file.toString(), trial.url + "large.bin");
            trial.warmUp();
            trial.report("down");
            trial.report("up");
        }
        Runtime.getRuntime().removeShutdownHook(ending);
        System.exit(0);
    }

    private void warmUp() throws IOException {
        move("down");
        SftpSessions.looks(looker, "/in", WARM_UP_LOOKS, Duration.ZERO);
    }

    private record Figures(double mebibytesPerSecond, double[] looks) {}

    private void report(String way) throws IOException {
        Figures figures = move(way);
        if (figures.looks().length < LEAST_LOOKS) {
            throw new IOException(
                    "only " + figures.looks().length + " looks while the streams ran; use more --mebibytes");
        }
        double p50 = SftpSessions.quantile(figures.looks(), 0.5);
        System.out.printf(
                Locale.ROOT,
                "%-28s %d streams %s fill %.0f %% of it; %d looks at a file meanwhile: p50 %.2f ms, p99 %.2f ms%n",
                "A link of 1 Gbit/s",
                STREAMS,
                way,
                100 * figures.mebibytesPerSecond() / FULL_MEBIBYTES,
                figures.looks().length,
                p50,
                SftpSessions.quantile(figures.looks(), 0.99));
        if (p50 >= MOST_MILLIS) {
            System.out.printf(
                    Locale.ROOT,
                    "%sbeside %d streams %s on a link of 1 Gbit/s the p50 of a look at a file is %.1f ms, not less than"
                            + " %.0f%n",
                    EdgeShapedBench.MISSED,
                    STREAMS,
                    way,
                    p50,
                    MOST_MILLIS);
        }
    }

    /** All streams at once, and looks at a file until the first has ended. */
    private Figures move(String way) throws IOException {
        long begin = System.nanoTime();
        List<Process> moving = new ArrayList<>();
        try {
            for (int i = 0; i < STREAMS; i++) {
                List<String> command = way.equals("down")
                        ? clients.curlCommand("-o", "/dev/null", url + "large.bin")
                        : clients.curlCommand("-T", file.toString(), url + "moved" + i + ".bin");
                moving.add(new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start());
            }
            List<double[]> looks = new ArrayList<>();
            while (moving.stream().allMatch(Process::isAlive)) {
                looks.add(SftpSessions.looks(looker, "/in", 1, BETWEEN_LOOKS));
            }
            for (Process each : moving) {
                if (each.waitFor() != 0) {
                    throw new IOException("a transfer over the shaped link has ended with " + each.exitValue());
                }
            }
            double seconds = (System.nanoTime() - begin) / 1e9;
            return new Figures(
                    (double) mebibytes * STREAMS / seconds,
                    looks.stream().flatMapToDouble(Arrays::stream).sorted().toArray());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            moving.forEach(Process::destroyForcibly);
        }
    }
}
