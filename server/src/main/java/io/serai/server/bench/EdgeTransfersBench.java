package io.serai.server.bench;

import io.serai.server.bench.Turns.Act;
import io.serai.server.bench.Turns.Contestant;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The same transfers of the same clients, in turn through an edge, through HAProxy in front of its server, and directly at
 * the server: one large file, many small ones, and how long the first byte takes. The CPU seconds are those of the server,
 * its database, and the edge or HAProxy; the promise is about those of the clients as well.
 */
final class EdgeTransfersBench {
    private static final String EDGE = "edge";
    private static final String HAPROXY = "haproxy";
    private static final String DIRECT = "direct";
    private static final int SMALL_BYTES = 4_096;
    /** So many requests warm both sides up by themselves. */
    private static final int ENOUGH_TO_WARM_UP = 500;

    private static final int FIRST_BYTES_OF = 200;
    private static final int NEW_SESSIONS = 20;
    /** Before these are measured: a login is much code, which a young process runs slowly. */
    private static final int SESSIONS_BEFORE = 300;

    private static final int LEAST_DATA_PORT = 20_000;
    private static final int DATA_PORTS = 200;
    private static final int DATA_RANGES = 60;
    private static final double LEAST_THROUGHPUT = 0.8;
    private static final double MOST_CPU = 1.6;
    private static final double MOST_ADDED_MILLIS = 5;

    private final Path folder;
    private final int mebibytes;
    private final int rounds;
    private final int files;
    private final PrintWriter out;
    private final List<String> missed = new ArrayList<>();
    private final List<String> table = new ArrayList<>();

    EdgeTransfersBench(Path folder, Bench.Amounts amounts, PrintWriter out) {
        this.folder = folder;
        this.mebibytes = amounts.mebibytes();
        this.rounds = amounts.rounds();
        this.files = amounts.files();
        this.out = out;
    }

    /** One place where the same is done: the edge, HAProxy in front of the server, or the server. */
    private record Way(String name, OwnPartner.Place place, ProcessCpu cpu) {
        String url() {
            String scheme = place.protocol().equals("ftps") ? "ftp" : place.protocol();
            return scheme + "://" + place.host() + ":" + place.port() + "/in/";
        }
    }

    /** What was not as promised, for people. */
    List<String> run() throws IOException {
        BenchClients clients = BenchClients.in(folder);
        Path large = BenchClients.randomFile(folder.resolve("random.bin"), mebibytes);
        Path small = BenchClients.smallFiles(folder.resolve("small"), files, SMALL_BYTES);
        String dataPorts = dataPorts();
        EdgeField.Plan plan = EdgeField.Plan.usual().with(Map.of("ftps.passive-ports", dataPorts));
        try (EdgeField field = EdgeField.start(folder, plan);
                HaproxyFront haproxy = HaproxyFront.plain(folder, field, EdgeField.PROTOCOLS, dataPorts);
                SftpSessions sessions = new SftpSessions()) {
            field.account(EdgeField.ACCOUNT, "", List.of(clients.publicKey(), sessions.publicKey()));
            Sources sources = new Sources(clients, sessions, field.certificates(), small);
            for (String protocol : EdgeField.PROTOCOLS) {
                List<Way> ways = ways(protocol, field, haproxy);
                large(clients, large, ways);
                small(sources, ways);
                firstBytes(sources, ways);
            }
        }
        sayTable();
        return List.copyOf(missed);
    }

    /** Of the server, and HAProxy's under the same numbers; below those that are given to whoever asks for any. */
    private static String dataPorts() {
        long first = LEAST_DATA_PORT + ProcessHandle.current().pid() % DATA_RANGES * DATA_PORTS;
        return first + "-" + (first + DATA_PORTS - 1);
    }

    /** The one that the others are measured by is the last. */
    private static List<Way> ways(String protocol, EdgeField field, HaproxyFront haproxy) {
        return List.of(
                new Way(EDGE, new OwnPartner.Place(protocol, "127.0.0.1", field.edgePort(protocol)), field.bothCpu()),
                new Way(
                        HAPROXY,
                        new OwnPartner.Place(protocol, HaproxyFront.ADDRESS, haproxy.port(protocol)),
                        haproxy.cpuWith(field.server())),
                new Way(
                        DIRECT,
                        new OwnPartner.Place(protocol, "127.0.0.1", field.serverPort(protocol)),
                        field.serverCpu()));
    }

    private void large(BenchClients clients, Path file, List<Way> ways) throws IOException {
        Path back = folder.resolve("back.bin");
        Turns turns = new Turns(folder, rounds, out);
        turns(turns, mebibytes + " MiB up", ways, (long) mebibytes << 20, way -> () -> {
            if (way.place().protocol().equals("sftp")) {
                clients.sftp(way.place().port(), "put " + file + " /in/large.bin");
            } else {
                clients.curl("-T", file.toString(), way.url() + "large.bin");
            }
        });
        turns(turns, mebibytes + " MiB down", ways, (long) mebibytes << 20, way -> () -> {
            if (way.place().protocol().equals("sftp")) {
                clients.sftp(way.place().port(), "get /in/large.bin " + back);
            } else {
                clients.curl("-o", back.toString(), way.url() + "large.bin");
            }
        });
        if (Files.mismatch(file, back) >= 0) {
            throw new IOException("what came back by " + ways.get(0).place().protocol() + " is not what was sent");
        }
        Files.delete(back);
    }

    /** The small files, and by whom they are moved. */
    private record Sources(BenchClients clients, SftpSessions sessions, Set<String> certificates, Path folder) {
        OwnPartner open(Way way) throws IOException {
            return OwnPartner.open(way.place(), sessions, certificates);
        }

        OwnPartner.Ftps ftps(Way way) throws IOException {
            return OwnPartner.Ftps.login(way.place(), certificates);
        }

        List<Path> all() throws IOException {
            try (Stream<Path> names = Files.list(folder)) {
                return names.sorted().toList();
            }
        }
    }

    /** All of them by one session, one after the other. */
    private void small(Sources sources, List<Way> ways) throws IOException {
        Path back = Files.createDirectories(folder.resolve("back"));
        String range = "small[0-" + (files - 1) + "].dat";
        List<Path> all = sources.all();
        Turns usual = new Turns(folder, rounds, out);
        Turns turns = files < ENOUGH_TO_WARM_UP ? usual : usual.warmSoon();
        turns(turns, files + " files up", ways, (long) files * SMALL_BYTES, way -> () -> {
            switch (way.place().protocol()) {
                case "sftp" -> sources.clients().sftp(way.place().port(), "put " + sources.folder() + "/*.dat /in/");
                case "https" -> sources.clients().curl("-T", sources.folder() + "/" + range, way.url());
                default -> {
                    try (OwnPartner.Ftps session = sources.ftps(way)) {
                        session.upload(all);
                    }
                }
            }
        });
        turns(turns, files + " files down", ways, (long) files * SMALL_BYTES, way -> () -> {
            switch (way.place().protocol()) {
                case "sftp" -> sources.clients().sftp(way.place().port(), "get /in/*.dat " + back + "/");
                case "https" -> sources.clients().curl("-o", back + "/small#1.dat", way.url() + range);
                default -> {
                    try (OwnPartner.Ftps session = sources.ftps(way)) {
                        session.download(all, back);
                    }
                }
            }
        });
        for (Path file : all) {
            Path returned = back.resolve(String.valueOf(file.getFileName()));
            if (Files.mismatch(file, returned) >= 0) {
                throw new IOException(returned + " is not what was sent");
            }
            Files.delete(returned);
        }
    }

    /** One thing to do, at one of the places. */
    @FunctionalInterface
    private interface Doing {
        Act at(Way way);
    }

    private void turns(Turns turns, String what, List<Way> ways, long bytes, Doing doing) throws IOException {
        String name = ways.get(0).place().protocol().toUpperCase(Locale.ROOT) + " " + what;
        List<Turns.Outcome> outcomes = turns.run(
                name,
                bytes,
                ways.stream()
                        .map(way -> new Contestant(way.name(), doing.at(way), way.cpu()))
                        .toList());
        Turns.Outcome edge = outcomes.get(0);
        Turns.Outcome haproxy = outcomes.get(1);
        Turns.Outcome direct = outcomes.get(2);
        table.add(String.format(
                Locale.ROOT,
                "| %s | %.2f / %.2f / %.2f s | %.2f / %.2f / %.2f s | %.2f / %.2f / %.2f s | %.2f x | %.2f x"
                        + " | %.2f x | %.2f x |",
                name,
                direct.wallSeconds(),
                haproxy.wallSeconds(),
                edge.wallSeconds(),
                direct.cpuSeconds(),
                haproxy.cpuSeconds(),
                edge.cpuSeconds(),
                direct.totalSeconds(),
                haproxy.totalSeconds(),
                edge.totalSeconds(),
                edge.ratios().throughput(),
                haproxy.ratios().throughput(),
                edge.ratios().cpu(),
                edge.ratios().total()));
        judge(name, edge.ratios()).ifPresent(missed::add);
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

    /** One time in ms, at one of the places. */
    @FunctionalInterface
    private interface Timing {
        double millis(int way, String file) throws IOException;
    }

    /** In sessions that are open, and in new ones with all that it takes to begin them. */
    private void firstBytes(Sources sources, List<Way> ways) throws IOException {
        String name = ways.get(0).place().protocol().toUpperCase(Locale.ROOT) + " first byte";
        List<OwnPartner> open = new ArrayList<>();
        try {
            for (Way way : ways) {
                open.add(sources.open(way));
            }
            firstBytes(
                    name,
                    ways,
                    FIRST_BYTES_OF,
                    FIRST_BYTES_OF,
                    (way, file) -> open.get(way).firstByte(file));
        } finally {
            for (OwnPartner each : open) {
                each.close();
            }
        }
        firstBytes(name + ", new session", ways, SESSIONS_BEFORE, NEW_SESSIONS, (way, file) -> {
            long begin = System.nanoTime();
            try (OwnPartner session = sources.open(ways.get(way))) {
                double opened = (System.nanoTime() - begin) / 1e6;
                return opened + session.firstByte(file);
            }
        });
    }

    /** @param before how often it is done before it counts */
    private void firstBytes(String name, List<Way> ways, int before, int most, Timing timing) throws IOException {
        millis(ways, before, timing);
        double[][] medians = new double[ways.size()][rounds];
        for (int round = 0; round < rounds; round++) {
            double[][] times = millis(ways, Math.min(files, most), timing);
            for (int way = 0; way < times.length; way++) {
                medians[way][round] = Turns.median(times[way]);
            }
        }
        double[] added = new double[ways.size()];
        for (int way = 0; way < added.length; way++) {
            added[way] = added(medians[way], medians[added.length - 1]);
        }
        sayFirstBytes(name, medians, added);
        judgeFirstByte(name, added[0]).ifPresent(missed::add);
    }

    /** So many times in turn; by way. */
    private double[][] millis(List<Way> ways, int count, Timing timing) throws IOException {
        double[][] times = new double[ways.size()][count];
        for (int i = 0; i < count; i++) {
            for (int way = 0; way < times.length; way++) {
                times[way][i] = timing.millis(way, "small" + i % files + ".dat");
            }
        }
        return times;
    }

    /** The median of what it is more, round by round. */
    private static double added(double[] through, double[] directly) {
        double[] added = new double[through.length];
        Arrays.setAll(added, round -> through[round] - directly[round]);
        return Turns.median(added);
    }

    private void sayFirstBytes(String name, double[][] medians, double[] added) {
        double[] millis = Arrays.stream(medians).mapToDouble(Turns::median).toArray();
        out.printf(
                Locale.ROOT,
                "%-28s edge %.2f ms, %+.2f ms to directly; haproxy %.2f ms, %+.2f ms; direct %.2f ms (medians of"
                        + " %d rounds)%n",
                name,
                millis[0],
                added[0],
                millis[1],
                added[1],
                millis[2],
                rounds);
        out.flush();
        table.add(String.format(
                Locale.ROOT,
                "| %s | %.2f / %.2f / %.2f ms | | | edge %+.2f ms | haproxy %+.2f ms | | |",
                name,
                millis[2],
                millis[1],
                millis[0],
                added[0],
                added[1]));
    }

    static Optional<String> judgeFirstByte(String name, double added) {
        return added < MOST_ADDED_MILLIS
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT, "%s: the edge adds %.2f ms, not less than %.0f", name, added, MOST_ADDED_MILLIS));
    }

    private void sayTable() {
        out.println();
        out.println("Direct / through HAProxy / through the edge; ratios to direct. Medians of " + rounds + " turns.");
        out.println();
        out.println(
                "| what | time | CPU of the servers | CPU of all | throughput, edge | throughput, haproxy | CPU, edge"
                        + " | CPU of all, edge |");
        out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
        table.forEach(out::println);
        out.println();
        out.flush();
    }
}
