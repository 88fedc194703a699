package io.serai.cluster.database;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs short commands of the operating system without a shell; there is no input and the time is bounded. */
final class Commands {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private Commands() {}

    /**
     * What a command did.
     *
     * @param status its exit status, 127 when the program is not there, 124 when it took too long
     * @param output standard output and standard error, without surrounding space
     */
    record Outcome(int status, String output) {
        boolean succeeded() {
            return status == 0;
        }
    }

    static Outcome run(List<String> command) {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .directory(Path.of("/").toFile())
                    .start();
        } catch (IOException e) {
            return new Outcome(127, command.get(0) + ": not found");
        }
        try {
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readNBytes(64 * 1024), StandardCharsets.UTF_8);
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return new Outcome(124, command.get(0) + " did not end within " + LIMIT.toSeconds() + " s");
            }
            return new Outcome(process.exitValue(), output.strip());
        } catch (IOException e) {
            process.destroyForcibly();
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            return new Outcome(130, command.get(0) + " was interrupted");
        }
    }

    /** Whether a program is on the path. */
    static boolean exists(String program) {
        String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
        for (String folder : path.split(":", -1)) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
                return true;
            }
        }
        return false;
    }
}
