package io.serai.endpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real client, run to its end. */
public final class ClientProgram {
    private ClientProgram() {}

    /** What a client said when it had ended; {@code output} is its standard output and error. */
    public record Ended(int status, String output) {}

    public static Ended run(Path folder, String... command) throws Exception {
        return run(folder, List.of(command));
    }

    public static Ended run(Path folder, List<String> command) throws Exception {
        Path output = Files.createTempFile(folder, "client", ".out");
        Process process = start(folder, command, output);
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(command + " hangs: " + Files.readString(output, StandardCharsets.ISO_8859_1));
        }
        return new Ended(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    }

    /** Starts a client whose output goes to a file. */
    public static Process start(Path folder, List<String> command, Path output) throws IOException {
        try {
            return new ProcessBuilder(new ArrayList<>(command))
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            throw new AssertionError(
                    command.get(0) + " is missing; install it with: apt-get install " + command.get(0), e);
        }
    }

    /** Options of OpenSSH's clients for a server on loopback that nobody has met before. */
    public static List<String> sshOptions(int port) {
        return List.of(
                "-P",
                Integer.toString(port),
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
                "-o",
                "LogLevel=ERROR",
                "-F",
                "/dev/null");
    }
}
