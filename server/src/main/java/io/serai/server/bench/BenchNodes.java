package io.serai.server.bench;

import io.serai.cluster.database.DatabaseSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The node processes of a benchmark over one database; they end with this process at the latest. */
final class BenchNodes implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(90);

    private final DatabaseSettings database;
    private final Work work;
    private final List<Node> nodes = new ArrayList<>();
    private int started;

    /**
     * What each node does.
     *
     * @param tells whether it says when each event begins
     */
    record Work(int capacity, Duration step, Duration lease, boolean tells) {}

    /** What a node said, and when it was read. */
    record Line(Node node, String text, long nanos) {}

    /** What a node did. */
    record Report(int ended, double cpuSeconds) {}

    BenchNodes(DatabaseSettings database, Work work) {
        this.database = database;
        this.work = work;
    }

    /** Starts a node; its lines go to the queue, {@code UP} the first of them. */
    Node start(BlockingQueue<Line> lines) throws IOException {
        String name = String.format(Locale.ROOT, "bench-%03d", ++started);
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx48m",
                        "-Xss512k",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Dlogback.configurationFile=io/serai/server/bench/quiet.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BenchNode.class.getName(),
                        database.url(),
                        database.user(),
                        name,
                        Integer.toString(work.capacity()),
                        Long.toString(work.step().toMillis()),
                        Long.toString(work.lease().toMillis()),
                        work.tells() ? "tell" : "quiet")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Node node = new Node(name, process, process.outputWriter(), lines);
        nodes.add(node);
        node.send(database.password().reveal());
        Thread reader = new Thread(node::read, "bench-node-" + name);
        reader.setDaemon(true);
        reader.start();
        return node;
    }

    /** Starts so many nodes and waits until all have their lease. */
    List<Node> startAll(int count) throws IOException {
        List<Node> fresh = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Node node = start(new LinkedBlockingQueue<>());
            // One after the other, for a start costs more than the work.
            next(node.lines, LIMIT);
            fresh.add(node);
        }
        return fresh;
    }

    /** The next line of any node. */
    static Line next(BlockingQueue<Line> lines, Duration limit) throws IOException {
        try {
            Line line = lines.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (line == null) {
                throw new IOException("the nodes of the benchmark were silent for " + limit.toSeconds() + " s");
            }
            return line;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public void close() {
        for (Node node : nodes) {
            node.process().destroyForcibly();
        }
        for (Node node : nodes) {
            try {
                node.process().waitFor();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        nodes.clear();
    }

    /** A node process. Its lines are read by a thread of their own. */
    static final class Node {
        private final String name;
        private final Process process;
        private final Writer input;
        private final BlockingQueue<Line> lines;

        private Node(String name, Process process, Writer input, BlockingQueue<Line> lines) {
            this.name = name;
            this.process = process;
            this.input = input;
            this.lines = lines;
        }

        String name() {
            return name;
        }

        Process process() {
            return process;
        }

        private void read() {
            try (BufferedReader out = process.inputReader()) {
                for (String line = out.readLine(); line != null; line = out.readLine()) {
                    lines.add(new Line(this, line, System.nanoTime()));
                }
            } catch (IOException e) {
                lines.add(new Line(this, "GONE " + e, System.nanoTime()));
            }
        }

        private void send(String line) throws IOException {
            input.write(line + "\n");
            input.flush();
        }

        /** Asks what it did; only for nodes that do not tell. */
        Report report() throws IOException {
            send("report");
            String[] words = next(lines, LIMIT).text().split(" ");
            return new Report(Integer.parseInt(words[1]), Double.parseDouble(words[2]));
        }
    }
}
