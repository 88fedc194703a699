package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs the programs of others: clients, and what pauses or resets them. Each run has a limit. */
final class Tool {
    static final Duration LIMIT = Duration.ofSeconds(90);

    private Tool() {}

    /** A program that ended. */
    record Result(List<String> command, int status, String output) {
        Result expectSuccess() {
            assertThat(status).as("%s printed:%n%s", command, output).isZero();
            return this;
        }

        Result expectFailure() {
            assertThat(status).as("%s printed:%n%s", command, output).isNotZero();
            return this;
        }

        boolean ok() {
            return status == 0;
        }
    }

    /** A program that runs. */
    record Running(List<String> command, Process process, Path output) {
        /** Ends it at once, as the death of the partner's machine would (SIGKILL). */
        void kill() {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            await(LIMIT);
        }

        Result await(Duration limit) {
            try {
                if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly().waitFor();
                    return new Result(command, -1, "ran longer than " + limit + "\n" + text());
                }
                return new Result(command, process.exitValue(), text());
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }

        private String text() {
            try {
                String text = Files.readString(output);
                Files.deleteIfExists(output);
                return text;
            } catch (IOException e) {
                return "(output unreadable: " + e + ")";
            }
        }
    }

    static Result run(String... command) {
        return start(command).await(LIMIT);
    }

    static Running start(String... command) {
        return start(Map.of(), "", command);
    }

    static Running start(Map<String, String> environment, String input, String... command) {
        try {
            Path output = Files.createTempFile("serai-tool-", ".out");
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().putAll(environment);
            builder.environment().put("LC_ALL", "C.UTF-8");
            Process process = builder.start();
            try (var in = process.outputWriter()) {
                in.write(input);
            } catch (IOException e) {
                // It ended without reading; its status tells the rest.
                return new Running(List.of(command), process, output);
            }
            return new Running(List.of(command), process, output);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    command[0] + " cannot be run (" + e.getMessage()
                            + "); server/src/test/tools/need-clients installs what is missing",
                    e);
        }
    }
}
