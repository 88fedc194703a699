package io.serai.server.bench;

import io.serai.server.bench.Turns.Act;
import io.serai.server.bench.Turns.Contestant;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The same transfers of the same clients, in turn through an edge and directly at its server: one large file, many small
 * ones, and how long the first byte takes. The CPU seconds are those of the server, its database and the edge; the
 * promise is about those of the clients as well.
 */
final class EdgeTransfersBench {
    private static final int SMALL_BYTES = 4_096;
    private static final int FIRST_BYTES_OF = 200;
    private static final double LEAST_THROUGHPUT = 0.8;
    private static final double MOST_CPU = 1.6;
    private static final double MOST_ADDED_MILLIS = 5;

    private final Path folder;
    private final int mebibytes;
    private final int rounds;
    private final int files;
    private final PrintWriter out;
    private final List<String> missed = new ArrayList<>();

    EdgeTransfersBench(Path folder, Bench.Amounts amounts, PrintWriter out) {
        this.folder = folder;
        this.mebibytes = amounts.mebibytes();
        this.rounds = amounts.rounds();
        this.files = amounts.files();
        this.out = out;
    }

    /** One place where the same is done: the edge or the server. */
    private record Way(String name, String protocol, int port, ProcessCpu cpu) {
        String url() {
            return (protocol.equals("ftps") ? "ftp" : protocol) + "://127.0.0.1:" + port + "/in/";
        }
    }

    /** What was not as promised, for people. */
    List<String> run() throws IOException {
        BenchClients clients = BenchClients.in(folder);
        Path large = BenchClients.randomFile(folder.resolve("random.bin"), mebibytes);
        Path small = BenchClients.smallFiles(folder.resolve("small"), files, SMALL_BYTES);
        try (EdgeField field = EdgeField.start(folder, EdgeField.Plan.usual())) {
            field.account(EdgeField.ACCOUNT, "", List.of(clients.publicKey()));
            for (String protocol : EdgeField.PROTOCOLS) {
                Way edge = new Way("edge", protocol, field.edgePort(protocol), field.bothCpu());
                Way direct = new Way("direct", protocol, field.serverPort(protocol), field.serverCpu());
                large(clients, large, edge, direct);
                small(clients, small, edge, direct);
                if (!protocol.equals("sftp")) {
                    firstByte(clients, edge, direct);
                }
            }
        }
        return List.copyOf(missed);
    }

    private void large(BenchClients clients, Path file, Way edge, Way direct) throws IOException {
        Path back = folder.resolve("back.bin");
        turns("up", edge, direct, mebibytes << 20L, way -> () -> {
            if (way.protocol().equals("sftp")) {
                clients.sftp(way.port(), "put " + file + " /in/large.bin");
            } else {
                clients.curl("-T", file.toString(), way.url() + "large.bin");
            }
        });
        turns("down", edge, direct, mebibytes << 20L, way -> () -> {
            if (way.protocol().equals("sftp")) {
                clients.sftp(way.port(), "get /in/large.bin " + back);
            } else {
                clients.curl("-o", back.toString(), way.url() + "large.bin");
            }
        });
        if (Files.mismatch(file, back) >= 0) {
            throw new IOException("what came back by " + edge.protocol() + " is not what was sent");
        }
        Files.delete(back);
    }

    private void small(BenchClients clients, Path sources, Way edge, Way direct) throws IOException {
        Path back = Files.createDirectories(folder.resolve("back"));
        String range = "small[0-" + (files - 1) + "].dat";
        long bytes = (long) files * SMALL_BYTES;
        turns(files + " files up", edge, direct, bytes, way -> () -> {
            if (way.protocol().equals("sftp")) {
                clients.sftp(way.port(), "put " + sources + "/*.dat /in/");
            } else {
                clients.curl("-T", sources + "/" + range, way.url());
            }
        });
        turns(files + " files down", edge, direct, bytes, way -> () -> {
            if (way.protocol().equals("sftp")) {
                clients.sftp(way.port(), "get /in/*.dat " + back + "/");
            } else {
                clients.curl("-o", back + "/small#1.dat", way.url() + range);
            }
        });
    }

    /** One thing to do, at one of both places. */
    @FunctionalInterface
    private interface Doing {
        Act at(Way way);
    }

    private void turns(String what, Way edge, Way direct, long bytes, Doing doing) throws IOException {
        String name = edge.protocol().toUpperCase(Locale.ROOT) + " " + what;
        Turns.Ratios ratios = new Turns(folder, rounds, out)
                .run(
                        name,
                        bytes,
                        new Contestant(edge.name(), doing.at(edge), edge.cpu()),
                        new Contestant(direct.name(), doing.at(direct), direct.cpu()));
        judge(name, ratios).ifPresent(missed::add);
    }

    /** An edge has a second core to itself or none: the one shows in the throughput, the other in the CPU. */
    static Optional<String> judge(String name, Turns.Ratios ratios) {
        return ratios.throughput() >= LEAST_THROUGHPUT || ratios.total() <= MOST_CPU
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%s through the edge: %.2f of the direct throughput, less than %.1f, at %.2f times the CPU of"
                                + " all processes, more than %.1f",
                        name,
                        ratios.throughput(),
                        LEAST_THROUGHPUT,
                        ratios.total(),
                        MOST_CPU));
    }

    private void firstByte(BenchClients clients, Way edge, Way direct) throws IOException {
        String range = "small[0-" + (Math.min(files, FIRST_BYTES_OF) - 1) + "].dat";
        clients.firstBytes(edge.url() + range);
        clients.firstBytes(direct.url() + range);
        double[] added = new double[rounds];
        double[] through = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            double[] byEdge = clients.firstBytes(edge.url() + range);
            double[] directly = clients.firstBytes(direct.url() + range);
            through[i] = byEdge[byEdge.length / 2];
            added[i] = through[i] - directly[directly.length / 2];
        }
        java.util.Arrays.sort(added);
        java.util.Arrays.sort(through);
        double median = added[added.length / 2];
        String name = edge.protocol().toUpperCase(Locale.ROOT);
        out.printf(
                Locale.ROOT,
                "%-28s edge       %7.2f ms, %.2f ms more than directly (median of a file, medians of %d pairs)%n",
                name + " first byte",
                through[through.length / 2],
                median,
                rounds);
        out.flush();
        if (median >= MOST_ADDED_MILLIS) {
            missed.add(String.format(
                    Locale.ROOT,
                    "%s: the edge adds %.2f ms to the time to the first byte, not less than %.0f",
                    name,
                    median,
                    MOST_ADDED_MILLIS));
        }
    }
}
