package io.serai.server.client;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.server.node.NodeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A server that runs as a child process of this one, on the class path of this one. Closing it ends the process: first
 * as an operator would (SIGTERM), then for good.
 */
public final class ServerProcess implements AutoCloseable {
    /** Settings of a server for this machine alone: free ports on the loopback address. */
    public static final Map<String, String> LOOPBACK = Map.of(
            "sftp.port", "0",
            "sftp.bind-address", "127.0.0.1",
            "ftps.port", "0",
            "ftps.bind-address", "127.0.0.1",
            "ftps.implicit-port", "0",
            "https.port", "0",
            "https.bind-address", "127.0.0.1",
            "admin.port", "0");

    private final Process process;
    private final Path home;
    private final Path log;

    private ServerProcess(Process process, Path home, Path log) {
        this.process = process;
        this.home = home;
        this.log = log;
    }

    /**
     * Starts {@code serai up} on a home, its output going to {@code log/server.out} there.
     *
     * @param javaOptions such as {@code -Xmx256m}; a {@code -cp} takes the place of this process' class path
     * @param settings as after {@code --set}
     */
    public static ServerProcess start(Path home, List<String> javaOptions, Map<String, String> settings) {
        return start(List.of(), home, javaOptions, settings);
    }

    /**
     * As {@link #start(Path, List, Map)}, by way of another program.
     *
     * @param launcher what comes before the command, such as {@code nice}; it must become the server itself (exec)
     */
    public static ServerProcess start(
            List<String> launcher, Path home, List<String> javaOptions, Map<String, String> settings) {
        List<String> command = new ArrayList<>(launcher);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Djdk.serialFilter=!*", "-Djava.awt.headless=true", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.addAll(javaOptions);
        command.addAll(List.of("io.serai.server.cli.Serai", "up", "--home", home.toString()));
        settings.forEach((key, value) -> command.addAll(List.of("--set", key + "=" + value)));
        Path log = home.resolve("log").resolve("server.out");
        try {
            Files.createDirectories(log.getParent());
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .start();
            return new ServerProcess(process, home, log);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.STORAGE_DOWN, "A server cannot be started on " + home + ": " + e, e);
        }
    }

    /** Waits until the server says that it is up. */
    public NodeFile awaitUp(Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (System.nanoTime() < deadline) {
            Optional<NodeFile> node = NodeFile.read(home).filter(file -> file.pid() == process.pid());
            if (node.isPresent()) {
                return node.get();
            }
            try {
                if (process.waitFor(100, TimeUnit.MILLISECONDS)) {
                    throw new SeraiException(
                            ErrorCode.INVALID,
                            "The server on " + home + " ended with status " + process.exitValue() + " at its start:\n"
                                    + tail());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SeraiException(ErrorCode.CANCELLED, "Interrupted", e);
            }
        }
        throw new SeraiException(
                ErrorCode.BUSY, "The server on " + home + " was not up after " + limit.toSeconds() + " s:\n" + tail());
    }

    public Path home() {
        return home;
    }

    public Process process() {
        return process;
    }

    /** Ends the process at once, as a crash would (SIGKILL), and waits until it is gone. */
    public void kill() {
        process.destroyForcibly();
        waitFor(Duration.ofSeconds(30));
    }

    /** Asks the server to drain and stop (SIGTERM); false when it still ran after the limit. */
    public boolean stop(Duration limit) {
        process.destroy();
        return waitFor(limit);
    }

    @Override
    public void close() {
        if (!stop(Duration.ofSeconds(30))) {
            kill();
        }
    }

    /** The last lines that the server printed. */
    public String tail() {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 30), lines.size()));
        } catch (IOException e) {
            return "(its output " + log + " cannot be read: " + e + ")";
        }
    }

    private boolean waitFor(Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
