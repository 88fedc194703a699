package io.serai.server.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks at files while {@link EdgeShapedTrial bulk streams} fill a link of 1 Gbit/s. All of it runs in a network namespace of
 * its own, where the kernel (HTB) lets no more than that through the link's port.
 */
final class EdgeShapedBench {
    static final String MISSED = "MISSED ";
    private static final int LINK_PORT = 7000;
    private static final String SHAPED = """
            set -e
            ip link set lo up mtu 1500
            tc qdisc add dev lo root handle 1: htb default 10 2>/dev/null
            tc class add dev lo parent 1: classid 1:10 htb rate 100gbit quantum 200000
            class=20
            for way in dport sport; do
              tc class add dev lo parent 1: classid 1:$class htb rate 1gbit burst 128k quantum 200000
              tc filter add dev lo parent 1: protocol ip u32 match ip $way "$1" 0xffff flowid 1:$class
              class=21
            done
            shift
            exec "$@"
            """;

    private final Path folder;
    private final int mebibytes;
    private final PrintWriter out;

    EdgeShapedBench(Path folder, Bench.Amounts amounts, PrintWriter out) {
        this.folder = folder;
        this.mebibytes = amounts.mebibytes();
        this.out = out;
    }

    /** What was not as promised, for people. */
    List<String> run() throws IOException {
        Process trial = new ProcessBuilder(
                        Programme.find("unshare", "util-linux").toString(),
                        "-n",
                        "sh",
                        "-c",
                        SHAPED,
                        "sh",
                        Integer.toString(LINK_PORT),
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-Dlogback.configurationFile=io/serai/server/bench/quiet.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        EdgeShapedTrial.class.getName(),
                        folder.toString(),
                        Integer.toString(mebibytes),
                        Integer.toString(LINK_PORT))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> missed = new ArrayList<>();
        try (BufferedReader lines = trial.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(MISSED)) {
                    missed.add(line.substring(MISSED.length()));
                } else {
                    out.println(line);
                    out.flush();
                }
            }
            if (trial.waitFor() != 0) {
                throw new IOException("the trial with a shaped link ended with status " + trial.exitValue());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            trial.destroy();
        }
        return missed;
    }
}
