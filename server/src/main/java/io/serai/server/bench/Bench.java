package io.serai.server.bench;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Runs benchmarks one after the other, each in a folder of its own. Everything listens on the loopback address alone
 * and is gone when this ends, however it ends.
 */
public final class Bench {
    /** What can be measured. */
    public enum Part {
        EVENTS,
        SMALL_FILES,
        TRANSFERS,
        CLUSTER,
        TAKEOVER,
        CACHE,
        TRANSACTIONS,
        EDGE_TRANSFERS,
        EDGE_PASS_THROUGH,
        EDGE_SESSIONS,
        EDGE_STALLS,
        EDGE_SHAPED
    }

    /**
     * How much is done.
     *
     * @param mebibytes the size of the large file
     * @param rounds how often both sides take their turn with it
     * @param files how many small files go through a route
     * @param events how many events go through the queue
     * @param seconds how long each size of cluster drains a queue, each way of committing is tried, and sessions through an
     *     edge do nothing
     * @param takeovers how many nodes are killed, and then frozen
     * @param sessions how many sessions stay open through an edge
     * @param forgetSeconds after how long without a byte a connection of those sessions' link is forgotten
     */
    public record Amounts(
            int mebibytes,
            int rounds,
            int files,
            int events,
            int seconds,
            int takeovers,
            int sessions,
            int forgetSeconds) {
        public Amounts {
            requireBetween("mebibytes", mebibytes, 1, 16_384);
            requireBetween("rounds", rounds, 1, 100);
            requireBetween("files", files, 1, 100_000);
            requireBetween("events", events, 1, 1_000_000);
            requireBetween("seconds", seconds, 1, 36_000);
            requireBetween("takeovers", takeovers, 1, 1_000);
            requireBetween("sessions", sessions, 1, 3_000);
            requireBetween("forget-seconds", forgetSeconds, 1, 3_600);
        }

        private static void requireBetween(String name, int value, int least, int most) {
            if (value < least || value > most) {
                throw new SeraiException(
                        ErrorCode.INVALID, "--" + name + " must be from " + least + " to " + most + ", not " + value);
            }
        }
    }

    private static final Duration TAKEOVER_LEASE = Duration.ofSeconds(4);

    private final Path folder;
    private final Amounts amounts;
    private final PrintWriter out;
    private final List<String> missed = new ArrayList<>();

    /** @param folder that the system user of the embedded database may traverse */
    public Bench(Path folder, Amounts amounts, PrintWriter out) {
        this.folder = folder;
        this.amounts = amounts;
        this.out = out;
    }

    /**
     * Checks what the parts need first, then runs them.
     *
     * @return whether all that was measured is as it is promised
     */
    public boolean run(Set<Part> parts) throws IOException {
        requireProgrammes(parts);
        Thread ending = new Thread(() -> ProcessHandle.current().descendants().forEach(ProcessHandle::destroy));
        Runtime.getRuntime().addShutdownHook(ending);
        sayWhere();
        for (Part part : Part.values()) {
            if (parts.contains(part)) {
                run(part);
            }
        }
        Runtime.getRuntime().removeShutdownHook(ending);
        missed.forEach(text -> out.println("Not as promised: " + text));
        out.flush();
        return missed.isEmpty();
    }

    private void run(Part part) throws IOException {
        Path own = Files.createDirectories(
                folder.resolve(part.name().toLowerCase(Locale.ROOT).replace('_', '-')));
        switch (part) {
            case EVENTS -> new EventsBench(own, amounts.events(), out).run();
            case SMALL_FILES -> new SmallFilesBench(own, amounts.files(), out).run();
            case TRANSFERS -> new TransferBench(own, amounts.mebibytes(), amounts.rounds(), out).run();
            case CLUSTER -> missed.addAll(new ClusterBench(own, amounts.seconds(), out).run());
            case CACHE -> new CacheBench(own, amounts.seconds(), out).run();
            case TAKEOVER -> missed.addAll(new TakeoverBench(own, amounts.takeovers(), TAKEOVER_LEASE, out).run());
            case EDGE_TRANSFERS -> missed.addAll(new EdgeTransfersBench(own, amounts, out).run());
            case EDGE_PASS_THROUGH -> missed.addAll(new EdgePassThroughBench(own, amounts, out).run());
            case EDGE_SESSIONS -> missed.addAll(new EdgeSessionsBench(own, amounts, out).run());
            case EDGE_STALLS -> missed.addAll(new EdgeStallsBench(own, amounts, out).run());
            case EDGE_SHAPED -> missed.addAll(new EdgeShapedBench(own, amounts, out).run());
            case TRANSACTIONS -> new TransactionsBench(own, amounts.seconds(), out).run();
        }
    }

    private static void requireProgrammes(Set<Part> parts) {
        requireProgrammesOfEdges(parts);
        if (parts.contains(Part.SMALL_FILES) || parts.contains(Part.TRANSFERS)) {
            Programme.find("sftp", "openssh-client");
            Programme.find("ssh-keygen", "openssh-client");
        }
        if (parts.contains(Part.TRANSFERS)) {
            Programme.find("sshd", "openssh-server");
            Programme.find("vsftpd", "vsftpd");
            Programme.find("curl", "curl");
            Programme.find("openssl", "openssl");
            if (!"root".equals(System.getProperty("user.name"))) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "the comparison with vsftpd needs root, as vsftpd changes to the user of each session: run"
                                + " \"serai bench transfers\" as root, or \"serai bench events small-files\" as you are");
            }
        }
    }

    private static void requireProgrammesOfEdges(Set<Part> parts) {
        if (parts.contains(Part.EDGE_TRANSFERS) || parts.contains(Part.EDGE_STALLS)) {
            Programme.find("sftp", "openssh-client");
            Programme.find("curl", "curl");
        }
        if (parts.contains(Part.EDGE_PASS_THROUGH) || parts.contains(Part.EDGE_TRANSFERS)) {
            Programme.find("haproxy", "haproxy");
        }
        if (parts.contains(Part.EDGE_SHAPED)) {
            Programme.find("unshare", "util-linux");
            Programme.find("tc", "iproute2");
            if (!"root".equals(System.getProperty("user.name"))) {
                throw new SeraiException(
                        ErrorCode.INVALID,
                        "a link is shaped in a network namespace, which needs root: run \"serai bench edge-shaped\" as root,"
                                + " or the other parts as you are");
            }
        }
    }

    private void sayWhere() throws IOException {
        List<String> load =
                List.of(Files.readString(Path.of("/proc/loadavg")).trim().split(" ", -1));
        out.printf(
                "%d processors, load %s; Java %s; folder %s%n",
                Runtime.getRuntime().availableProcessors(),
                String.join(" ", load.subList(0, 3)),
                Runtime.version().feature(),
                folder);
        out.flush();
    }
}
