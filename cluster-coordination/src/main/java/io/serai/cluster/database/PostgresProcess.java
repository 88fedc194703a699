package io.serai.cluster.database;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One PostgreSQL program under its supervising shell ({@code supervise.sh}), which ends it when this JVM dies in
 * whatever way.
 */
final class PostgresProcess {
    /** The shell's status when an earlier server still holds the lock. */
    static final int LOCK_IS_HELD = 75;

    private static final Logger LOG = LoggerFactory.getLogger(PostgresProcess.class);
    private static final String SCRIPT = readScript();

    private final Process shell;

    private PostgresProcess(Process shell) {
        this.shell = shell;
    }

    /** Starts a program; {@code data} is the folder whose stale postmaster.pid is to be removed, if any. */
    static PostgresProcess start(
            PostgresFolder folder,
            PostgresAccount account,
            Optional<Path> data,
            String deathSignal,
            List<String> program)
            throws IOException {
        List<String> shellCommand = new ArrayList<>(List.of(
                "sh",
                "-c",
                SCRIPT,
                "supervise.sh",
                folder.lock().toString(),
                data.map(Path::toString).orElse(""),
                deathSignal));
        shellCommand.addAll(program);
        // A session of its own: Ctrl-C in a terminal goes to the JVM alone, which then drains before it stops this.
        List<String> command = new ArrayList<>(List.of("setsid"));
        command.addAll(account.asUser(shellCommand));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.startLog().toFile());
        builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("TZ", "UTC");
        return new PostgresProcess(builder.start());
    }

    private static String readScript() {
        try (InputStream script = PostgresProcess.class.getResourceAsStream("supervise.sh")) {
            if (script == null) {
                throw new IllegalStateException("supervise.sh is not on the class path");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    boolean isAlive() {
        return shell.isAlive();
    }

    /** Waits for the end; the status, or nothing when it did not end in time. */
    Optional<Integer> waitFor(Duration limit) {
        try {
            return shell.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)
                    ? Optional.of(shell.exitValue())
                    : Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    void onExit(Runnable action) {
        shell.onExit().thenRun(action);
    }

    /** A fast shutdown; an immediate one when that takes too long. */
    void stop(Duration limit) {
        order("fast");
        if (waitFor(limit).isPresent()) {
            return;
        }
        LOG.warn("The embedded PostgreSQL did not stop within {} s; it is stopped at once", limit.toSeconds());
        order("immediate");
        if (waitFor(limit).isEmpty()) {
            kill();
        }
    }

    /** As the death of this JVM: an immediate shutdown by the shell, which kills after 10 s. */
    void kill() {
        try {
            shell.getOutputStream().close();
        } catch (IOException e) {
            LOG.debug("The supervising shell had ended already: {}", e.toString());
        }
    }

    private void order(String word) {
        try {
            OutputStream input = shell.getOutputStream();
            input.write((word + "\n").getBytes(StandardCharsets.US_ASCII));
            input.flush();
        } catch (IOException e) {
            LOG.debug("The supervising shell had ended already: {}", e.toString());
        }
    }

    /**
     * Kills what is left of an earlier server: every process that works in the folder. Needed only when the
     * old shell and the kernel both failed to end it, a frozen process, say.
     */
    static void killLeftovers(PostgresFolder folder) {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            processes
                    .filter(path -> path.getFileName().toString().matches("[0-9]+"))
                    .filter(path -> worksIn(path, folder))
                    .mapToLong(path -> Long.parseLong(path.getFileName().toString()))
                    .mapToObj(ProcessHandle::of)
                    .flatMap(Optional::stream)
                    .forEach(process -> {
                        LOG.warn("Killing process {}, which an earlier PostgreSQL left behind", process.pid());
                        process.destroyForcibly();
                    });
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.DEFECT, "the list of processes cannot be read: " + e, e);
        }
    }

    private static boolean worksIn(Path process, PostgresFolder folder) {
        try {
            Path where = Files.readSymbolicLink(process.resolve("cwd"));
            return where.startsWith(folder.root());
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }
}
