package io.serai.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Server processes named a, b, c… over one database and one shared folder, each with a home of its own, lines of its own
 * to the database and to the other nodes' caches, and a mount of its own of the shared folder. Not for use by many threads.
 */
final class ClusterOfServers implements AutoCloseable {
    /** Short, so that takeovers are soon; every node has it. */
    static final Duration LEASE = Duration.ofSeconds(5);

    private final TestFolder folder;
    private final Map<String, String> settings;
    private final String[] javaOptions;
    private final ClusterDatabase database;
    private final SharedFolder shared;
    private final List<Node> nodes = new ArrayList<>();

    /**
     * A server of the cluster.
     *
     * @param line its way to the database
     * @param caches the others' way to its caches
     * @param place where it sees the shared folder
     */
    record Node(String name, RunningServer server, Relay line, Relay caches, Path place) {}

    private ClusterOfServers(TestFolder folder, Map<String, String> settings, String... javaOptions) {
        this.folder = folder;
        this.settings = settings;
        this.javaOptions = javaOptions;
        this.database = new ClusterDatabase(folder);
        this.shared = new SharedFolder(folder.resolve("shared"));
    }

    /** A cluster without nodes yet. */
    static ClusterOfServers empty(TestFolder folder, Map<String, String> settings) {
        return new ClusterOfServers(folder, settings, RunningServer.BRIEF);
    }

    /** Starts a cluster; returns when all its servers are up. */
    static ClusterOfServers start(TestFolder folder, int count, Map<String, String> settings) {
        return start(folder, count, settings, index -> Map.of());
    }

    /** As {@link #start(TestFolder, int, Map)}, with further settings of each node by its index. */
    static ClusterOfServers start(
            TestFolder folder, int count, Map<String, String> settings, IntFunction<Map<String, String>> own) {
        return start(new ClusterOfServers(folder, settings, RunningServer.BRIEF), count, own);
    }

    /** As {@link #start(TestFolder, int, Map)}, of servers whose figures count. */
    static ClusterOfServers startAsShipped(TestFolder folder, int count) {
        return start(new ClusterOfServers(folder, Map.of(), RunningServer.AS_SHIPPED), count, index -> Map.of());
    }

    private static ClusterOfServers start(ClusterOfServers cluster, int count, IntFunction<Map<String, String>> own) {
        try {
            cluster.add(own.apply(0)).server().start();
            for (int i = 1; i < count; i++) {
                cluster.add(own.apply(i)).server().launch();
            }
            cluster.nodes.subList(1, count).forEach(node -> node.server().awaitUp());
            return cluster;
        } catch (RuntimeException | Error e) {
            cluster.close();
            throw e;
        }
    }

    /**
     * A further node, which does not run yet.
     *
     * @param own settings of this node alone
     */
    Node add(Map<String, String> own, String... javaOptions) {
        Node node = node(Character.toString('a' + nodes.size()), own, javaOptions);
        nodes.add(node);
        if (nodes.size() > 1) {
            shareKeys(node.server().home());
        }
        return node;
    }

    /** A node that was stopped, for its next start with this build on the same home. */
    Node upgrade(String name) {
        Node old = node(name);
        Node node = node(name, Map.of());
        nodes.set(nodes.indexOf(old), node);
        old.line().close();
        old.caches().close();
        return node;
    }

    private Node node(String name, Map<String, String> own, String... others) {
        Path home = folder.resolve("node-" + name);
        Path place = home.resolve("share");
        Relay line = new Relay(database.port());
        int cachePort = ClusterDatabase.freePort();
        Relay caches = new Relay(cachePort);
        Map<String, String> all = new HashMap<>();
        all.put("node.name", name);
        all.put("node.lease", LEASE.toSeconds() + "s");
        all.put("node.drain-limit", "10s");
        all.put("storage.root", place.toString());
        all.put("database.acquisition-timeout", "3s");
        all.put("database.socket-timeout", "5s");
        if (others.length == 0) { // the previous release knows nothing of caches
            all.put("cache.port", String.valueOf(cachePort));
            all.put("cache.advertised-port", String.valueOf(caches.port()));
        }
        all.putAll(settings);
        all.putAll(database.settings(line.port()));
        all.putAll(own);
        RunningServer server = RunningServer.prepared(
                shared.launcher(place), home, shared.folder(), all, others.length == 0 ? javaOptions : others);
        return new Node(name, server, line, caches, place);
    }

    /** The secret key of the cluster, the host keys and the certificate; the key of its links is a node's own. */
    private void shareKeys(Path home) {
        try {
            Files.createDirectories(home);
            Tool.run("cp", "-a", folder.resolve("node-a").resolve("keys").toString(), home.toString())
                    .expectSuccess();
            Files.deleteIfExists(home.resolve("keys").resolve("link.pem"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<Node> nodes() {
        return List.copyOf(nodes);
    }

    Node node(String name) {
        return nodes.stream()
                .filter(node -> node.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no node " + name));
    }

    RunningServer server(int index) {
        return nodes.get(index).server();
    }

    /** A server that runs and is not one of those; ask it about the whole cluster. */
    RunningServer anyBut(String... names) {
        return nodes.stream()
                .filter(node ->
                        !List.of(names).contains(node.name()) && node.server().runs())
                .map(Node::server)
                .findFirst()
                .orElseThrow();
    }

    ClusterDatabase database() {
        return database;
    }

    SharedFolder shared() {
        return shared;
    }

    /** Takes the shared folder away from one node. */
    void loseShare(Node node) {
        shared.takeFrom(node.server().process(), node.place());
    }

    /** Splits the caches of the nodes from one another: no two of them reach each other. */
    void splitCaches() {
        nodes.forEach(node -> node.caches().cut());
    }

    /** As {@link #splitCaches}, and nobody is told: their connections stand still. */
    void silenceCaches() {
        nodes.forEach(node -> node.caches().silence());
    }

    void mendCaches() {
        nodes.forEach(node -> node.caches().mend());
    }

    void mendShare(Node node) {
        shared.giveBack(node.server().process(), node.place());
    }

    /** Where a file of an account lies. */
    Path file(String account, String path) {
        return shared.folder().resolve("homes").resolve(account).resolve(path.substring(1));
    }

    /** The first column of the first row of what the database says; null when there is no row. */
    String ask(String sql, Object... values) {
        try (Connection connection = database.connect();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? rows.getString(1) : null;
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        nodes.forEach(node -> {
            if (node.server().runs()) {
                node.server().thaw();
            }
        });
        nodes.forEach(node -> node.server().end());
        nodes.forEach(node -> node.server().awaitEnd());
        nodes.forEach(node -> node.line().close());
        nodes.forEach(node -> node.caches().close());
        database.close();
    }
}
