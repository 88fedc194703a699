package io.serai.cluster.database;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A small JVM of a test's own, to be killed; its lines of output can be awaited. */
public final class ChildJvm implements AutoCloseable {
    private static final String END = "(end of output)";

    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final Thread reader;

    private ChildJvm(Process process) {
        this.process = process;
        this.reader = new Thread(this::read, "child-output");
        reader.setDaemon(true);
        reader.start();
    }

    public static ChildJvm start(Class<?> main, String... arguments) throws IOException {
        return start(Map.of(), main, arguments);
    }

    /** With further variables in its environment. */
    public static ChildJvm start(Map<String, String> environment, Class<?> main, String... arguments)
            throws IOException {
        return start(environment, List.of(), System.getProperty("java.class.path"), main, arguments);
    }

    /** {@code prefix}: a command that starts it as another user, say. */
    static ChildJvm start(List<String> prefix, String classPath, Class<?> main, String... arguments)
            throws IOException {
        return start(Map.of(), prefix, classPath, main, arguments);
    }

    private static ChildJvm start(
            Map<String, String> environment, List<String> prefix, String classPath, Class<?> main, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "-cp",
                classPath,
                main.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(environment);
        return new ChildJvm(builder.start());
    }

    private void read() {
        try (BufferedReader output = process.inputReader()) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lines.add(END);
        }
    }

    /** The rest of the first line with this beginning; fails after a minute. */
    public String await(String beginning) throws InterruptedException {
        for (String line = lines.poll(60, TimeUnit.SECONDS); line != null; line = lines.poll(60, TimeUnit.SECONDS)) {
            if (line.startsWith(beginning)) {
                return line.substring(beginning.length()).strip();
            }
            if (line.equals(END)) {
                break;
            }
        }
        throw new AssertionError("the child did not say \"" + beginning + "\"");
    }

    /** Kills it by SIGKILL after the time has passed and returns all lines that were not yet taken. */
    List<String> killAfter(long millis) throws InterruptedException {
        boolean ended = process.waitFor(millis, TimeUnit.MILLISECONDS);
        close();
        reader.join(TimeUnit.SECONDS.toMillis(10));
        List<String> rest = new ArrayList<>();
        lines.drainTo(rest);
        rest.remove(END);
        if (ended) {
            throw new AssertionError("the child ended by itself with " + process.exitValue() + ": " + rest);
        }
        return rest;
    }

    /** Waits for its end and returns its status. */
    public int waitFor() throws InterruptedException {
        if (!process.waitFor(90, TimeUnit.SECONDS)) {
            throw new AssertionError("the child did not end");
        }
        return process.exitValue();
    }

    /** Writes a line to its standard input, which it reads when it is thawed, if it is frozen. */
    public void tell(String line) throws IOException {
        Writer input = process.outputWriter();
        input.write(line + "\n");
        input.flush();
    }

    public long pid() {
        return process.pid();
    }

    /** SIGKILL. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
