package io.serai.server.bench;

import io.serai.server.bench.Turns.Contestant;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The same transfers in turn by a listener that an edge passes through to its server and by HAProxy in front of that server,
 * both with a PROXY protocol header. A {@linkplain HaproxyFront#paired pair of HAProxies} with TLS in between shows what of
 * the difference is the price of TLS and of the second socket. The CPU seconds are those of the server, its database, and the
 * edge or HAProxy.
 */
final class EdgePassThroughBench {
    private static final double LEAST_THROUGHPUT = 0.95;
    private static final Path NOWHERE = Path.of("/dev/null");
    private static final List<String> PROTOCOLS = List.of("sftp", "https");

    private final Path folder;
    private final int mebibytes;
    private final int rounds;
    private final PrintWriter out;
    private final List<String> missed = new ArrayList<>();

    EdgePassThroughBench(Path folder, Bench.Amounts amounts, PrintWriter out) {
        this.folder = folder;
        this.mebibytes = amounts.mebibytes();
        this.rounds = amounts.rounds();
        this.out = out;
    }

    /** What was not as promised, for people. */
    List<String> run() throws IOException {
        BenchClients clients = BenchClients.in(folder);
        Path large = BenchClients.randomFile(folder.resolve("random.bin"), mebibytes);
        EdgeField.Plan plan = EdgeField.Plan.usual()
                .passingThrough()
                .with(Map.of(
                        "sftp.proxy-protocol-from", "127.0.0.1",
                        "https.proxy-protocol-from", "127.0.0.1"));
        try (EdgeField field = EdgeField.start(folder, plan);
                HaproxyFront balancer = HaproxyFront.withHeaders(folder, field, PROTOCOLS);
                HaproxyFront pair = HaproxyFront.paired(folder, field, PROTOCOLS)) {
            field.account(EdgeField.ACCOUNT, "", List.of(clients.publicKey()));
            for (String protocol : PROTOCOLS) {
                for (boolean up : new boolean[] {true, false}) {
                    turns(
                            protocol.toUpperCase(Locale.ROOT) + " passed through, " + (up ? "up" : "down"),
                            new Contestant(
                                    "edge",
                                    () -> move(clients, protocol, field.edgePort(protocol), up, large),
                                    field.bothCpu()),
                            new Contestant(
                                    "haproxies",
                                    () -> move(clients, protocol, pair.port(protocol), up, large),
                                    pair.cpuWith(field.server())),
                            new Contestant(
                                    "haproxy",
                                    () -> move(clients, protocol, balancer.port(protocol), up, large),
                                    balancer.cpuWith(field.server())));
                }
                move(clients, protocol, field.edgePort(protocol), false, large, back());
                if (Files.mismatch(large, back()) >= 0) {
                    throw new IOException("what came back by " + protocol + " is not what was sent");
                }
            }
        }
        return List.copyOf(missed);
    }

    private Path back() {
        return folder.resolve("back.bin");
    }

    /** What comes back is not kept: the client's disk is not what is measured. */
    private void move(BenchClients clients, String protocol, int port, boolean up, Path file) throws IOException {
        move(clients, protocol, port, up, file, NOWHERE);
    }

    private static void move(BenchClients clients, String protocol, int port, boolean up, Path file, Path back)
            throws IOException {
        String url = "https://127.0.0.1:" + port + "/in/large.bin";
        if (protocol.equals("sftp")) {
            clients.sftp(port, up ? "put " + file + " /in/large.bin" : "get /in/large.bin " + back);
        } else if (up) {
            clients.curl("-T", file.toString(), url);
        } else {
            clients.curl("-o", back.toString(), url);
        }
    }

    private void turns(String what, Contestant... contestants) throws IOException {
        List<Turns.Outcome> outcomes =
                new Turns(folder, rounds, out).run(what, (long) mebibytes << 20, List.of(contestants));
        judge(what, outcomes.get(0).ratios()).ifPresent(missed::add);
    }

    static Optional<String> judge(String what, Turns.Ratios ratios) {
        return ratios.throughput() >= LEAST_THROUGHPUT
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%s: %.2f of HAProxy's throughput, less than %.2f",
                        what,
                        ratios.throughput(),
                        LEAST_THROUGHPUT));
    }
}
