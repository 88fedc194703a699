package io.serai.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The programme of an edge, as its own start script runs it on its own class path, with a folder of its own. Not for use by many threads. */
final class EdgeProcess implements AutoCloseable {
    private static final Path LAUNCHER =
            Path.of("..", "serai-edge").toAbsolutePath().normalize();

    private final Path folder;
    private final List<String> launcher;
    private String options = "";
    private Process process;

    /** @param link where it waits for servers, as {@code host:port} */
    EdgeProcess(Path folder, String link) {
        this(folder, link, List.of());
    }

    /** @param launcher what comes before the command; it must become the command itself (exec) */
    EdgeProcess(Path folder, String link, List<String> launcher) {
        this.folder = folder;
        this.launcher = List.copyOf(launcher);
        int colon = link.lastIndexOf(':');
        try {
            Files.createDirectories(folder);
            Files.writeString(
                    folder.resolve("edge.yaml"),
                    "home: home\nlink:\n  address: %s\n  port: %s\n"
                            .formatted(link.substring(0, colon), link.substring(colon + 1)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Options of Java, for the next start. */
    EdgeProcess options(String more) {
        options = " " + more;
        return this;
    }

    /** @param code empty when it is enrolled already */
    void start(String code) {
        List<String> command = new ArrayList<>(launcher);
        command.addAll(List.of(
                LAUNCHER.toString(), "--config", folder.resolve("edge.yaml").toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("SERAI_EDGE_CODE", code);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("SERAI_HEAP", "192m");
        builder.environment().put("SERAI_JAVA_OPTIONS", "-Djava.io.tmpdir=" + temporary() + options);
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
        try {
            Files.createDirectories(temporary());
            process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path log() {
        return folder.resolve("edge.log");
    }

    /** All that it printed, for the description of a failure. */
    String printed() {
        try {
            return Files.readString(log(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "(" + log() + " cannot be read: " + e + ")";
        }
    }

    Path home() {
        return folder.resolve("home");
    }

    /** Where its temporary files are. */
    Path temporary() {
        return folder.resolve("tmp");
    }

    /** Ends it as a power failure does. */
    void kill() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** It stands still, and nobody is told. */
    void freeze() {
        Tool.run("kill", "-STOP", Long.toString(process.pid())).expectSuccess();
    }

    /** Goes on after {@link #freeze}; nothing when it does not run. */
    void thaw() {
        if (process != null && process.isAlive()) {
            Tool.run("kill", "-CONT", Long.toString(process.pid())).expectSuccess();
        }
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        if (process == null) {
            return;
        }
        process.destroy();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
        }
    }
}
