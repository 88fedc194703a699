package io.serai.server.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The programme of an edge as a process of its own, on the class path of this one. */
final class BenchEdge implements AutoCloseable {
    /** As its start script has it, with a smaller heap. */
    static final List<String> JAVA = List.of(
            "-XX:+UseG1GC",
            "-XX:MarkSweepDeadRatio=0",
            "-XX:G1HeapWastePercent=0",
            "-Xmx150m",
            "-XX:MaxDirectMemorySize=256m");

    private static final String TUNABLES = "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0";

    private static final long STOP_SECONDS = 60;

    private final Process process;
    private final Path log;

    private BenchEdge(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /**
     * @param folder of its own, with its log in it
     * @param code of its enrolment
     */
    static BenchEdge start(Path folder, List<String> javaOptions, int linkPort, String code) throws IOException {
        Path config = Files.writeString(
                Files.createDirectories(folder).resolve("edge.yaml"),
                "home: home\nlink:\n  address: 127.0.0.1\n  port: " + linkPort + "\n");
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(javaOptions);
        command.addAll(List.of(
                "-Djdk.serialFilter=!*",
                "-Dlogback.configurationFile=io/serai/edge/main/logback-edge.xml",
                "-cp",
                System.getProperty("java.class.path"),
                "io.serai.edge.main.EdgeMain",
                "--config",
                config.toString()));
        Path log = folder.resolve("edge.out");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("SERAI_EDGE_CODE", code);
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().put("GLIBC_TUNABLES", TUNABLES);
        return new BenchEdge(builder.start(), log);
    }

    Process process() {
        return process;
    }

    Path log() {
        return log;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }
}
