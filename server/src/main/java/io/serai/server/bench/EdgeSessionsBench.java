package io.serai.server.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.sshd.sftp.client.SftpClient;

/**
 * Many SFTP sessions through one edge that do nothing for a while, with a {@link ForgetfulWall} between server and edge: what
 * heap the edge needs for them, and whether they all work afterwards.
 */
final class EdgeSessionsBench {
    private static final int MOST_HEAP_MEBIBYTES = 150;
    private static final Duration COLLECTED_WITHIN = Duration.ofSeconds(60);
    private static final Pattern COLLECTED = Pattern.compile("Pause Full .*->(\\d+)M\\((\\d+)M\\)");

    private final Path folder;
    private final int count;
    private final Duration idle;
    private final Duration forgetsAfter;
    private final PrintWriter out;

    EdgeSessionsBench(Path folder, Bench.Amounts amounts, PrintWriter out) {
        this.folder = folder;
        this.count = amounts.sessions();
        this.idle = Duration.ofSeconds(amounts.seconds());
        this.forgetsAfter = Duration.ofSeconds(amounts.forgetSeconds());
        this.out = out;
    }

    /** What was not as promised, for people. */
    List<String> run() throws IOException {
        Path log = folder.resolve("gc.log");
        // With nothing else to do, it collects its whole heap every few seconds and writes down what is left.
        EdgeField.Plan plan = EdgeField.Plan.usual()
                .with(List.of(
                        "-Xmx" + MOST_HEAP_MEBIBYTES + "m",
                        "-XX:MaxDirectMemorySize=256m",
                        "-XX:+UseG1GC",
                        "-XX:G1PeriodicGCInterval=" + (idle.compareTo(COLLECTED_WITHIN) > 0 ? 10_000 : 2_000),
                        "-XX:-G1PeriodicGCInvokesConcurrent",
                        "-Xlog:gc:file=" + log));
        try (ForgetfulWall wall = ForgetfulWall.before(plan.linkPort(), forgetsAfter);
                EdgeField field = EdgeField.start(folder, plan.dialling(wall.port()));
                SftpSessions sessions = new SftpSessions()) {
            field.account(EdgeField.ACCOUNT, "", List.of(sessions.publicKey()));
            int without = collected(log);
            long begin = System.nanoTime();
            List<SftpClient> open = sessions.open(EdgeField.ACCOUNT, field.edgePort("sftp"), count);
            double opened = (System.nanoTime() - begin) / 1e9;
            out.printf(
                    Locale.ROOT, "%d SFTP sessions through one edge, opened in %.0f s; now nothing%n", count, opened);
            out.flush();
            int dialled = wall.dialled();
            rest();
            int with = collected(log);
            double[] looks = looks(open);
            Link link = new Link(
                    wall.forgotten(),
                    wall.dialled() - dialled,
                    field.edgeRow().path("loss").asText());
            report(without, with, looks, link);
            return judge(count, with, looks.length, link);
        }
    }

    /**
     * What happened to the connections between server and edge.
     *
     * @param forgotten by the wall
     * @param again how many were dialled after the sessions had been opened
     * @param loss what the server says of it
     */
    record Link(int forgotten, int again, String loss) {}

    /** Does nothing for the whole time. */
    private void rest() {
        long end = System.nanoTime() + idle.toNanos();
        for (long left = idle.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** One look at a file in each session; those that answer, sorted. */
    private static double[] looks(List<SftpClient> open) {
        return open.stream()
                .flatMap(session -> look(session).stream())
                .mapToDouble(Double::doubleValue)
                .sorted()
                .toArray();
    }

    private static Optional<Double> look(SftpClient session) {
        try {
            return Optional.of(SftpSessions.looks(session, "/in", 1, Duration.ZERO)[0]);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The heap in use after the next full collection, in MiB. */
    private static int collected(Path log) throws IOException {
        long before = Files.exists(log) ? full(log).length : 0;
        long deadline = System.nanoTime() + COLLECTED_WITHIN.toNanos();
        while (System.nanoTime() - deadline < 0) {
            int[] all = Files.exists(log) ? full(log) : new int[0];
            // The next one may have begun before now; the one after it has not.
            if (all.length >= before + 2) {
                return all[all.length - 1];
            }
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
        }
        throw new IOException("the edge's heap was not collected; " + log);
    }

    /** What each full collection has left. */
    static int[] full(Path log) throws IOException {
        return Files.readAllLines(log).stream()
                .map(COLLECTED::matcher)
                .filter(Matcher::find)
                .mapToInt(match -> Integer.parseInt(match.group(1)))
                .toArray();
    }

    private void report(int without, int with, double[] looks, Link link) {
        out.printf(
                Locale.ROOT,
                "%d SFTP sessions through one edge: %d MiB of heap there, %d without them; %d KiB each%n",
                count,
                with,
                without,
                1024 * Math.max(0, with - without) / count);
        out.printf(
                Locale.ROOT,
                "after %d s without a word, behind a firewall that forgets after %d s: %d of %d answer, p50 %.2f ms, p99"
                        + " %.2f ms; connections of the link forgotten: %d, dialled meanwhile: %d%n",
                idle.toSeconds(),
                forgetsAfter.toSeconds(),
                looks.length,
                count,
                looks.length == 0 ? Double.NaN : SftpSessions.quantile(looks, 0.5),
                looks.length == 0 ? Double.NaN : SftpSessions.quantile(looks, 0.99),
                link.forgotten(),
                link.again());
        out.flush();
    }

    /** @param answered how many of them work after the time without a word */
    static List<String> judge(int count, int heapMebibytes, int answered, Link link) {
        List<String> missed = new ArrayList<>();
        if (heapMebibytes >= MOST_HEAP_MEBIBYTES) {
            missed.add(count + " idle sessions need " + heapMebibytes + " MiB of heap at the edge, not less than "
                    + MOST_HEAP_MEBIBYTES);
        }
        if (answered < count) {
            missed.add((count - answered) + " of " + count + " idle sessions were lost");
        }
        if (link.forgotten() > 0 || link.again() > 0 || !link.loss().isEmpty()) {
            missed.add("the firewall forgot " + link.forgotten() + " connections of the link and " + link.again()
                    + " were dialled again; it lost: " + link.loss());
        }
        return missed;
    }
}
