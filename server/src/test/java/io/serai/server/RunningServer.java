package io.serai.server;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.server.client.AdminClient;
import io.serai.server.client.ServerProcess;
import io.serai.server.node.NodeFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A real server process on a home of its own, its admin API, its homes and its ledger. Not for use by many threads. */
final class RunningServer implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(Integer.getInteger("serai.start.minutes", 3));

    /** In place of a value: the setting is not given on the command line, where it would win over everything else. */
    static final String NOT_GIVEN = "(not given)";

    private static final String HEAP = "-Xmx256m";

    /** Of servers that are started again and again: they live for seconds, too short for code that is compiled thoroughly. */
    static final String[] BRIEF = {HEAP, "-XX:TieredStopAtLevel=1"};

    /** Of servers whose figures count. */
    static final String[] AS_SHIPPED = {HEAP};

    private final List<String> launcher;
    private final Path home;
    private final Path storage;
    private final List<String> javaOptions;
    private final Map<String, String> settings;
    private volatile ServerProcess process;
    private volatile NodeFile node;
    private volatile AdminClient admin;

    private RunningServer(
            List<String> launcher, Path home, Path storage, Map<String, String> settings, String... javaOptions) {
        this.launcher = launcher;
        this.home = home;
        this.storage = storage;
        this.settings = new HashMap<>(ServerProcess.LOOPBACK);
        this.settings.put("ftps.passive-ports", "0");
        this.settings.put("events.first-retry", "200ms");
        this.settings.put("events.max-retry", "2s");
        this.settings.put("events.max-attempts", "1000");
        this.settings.putAll(settings);
        this.settings.values().removeIf(NOT_GIVEN::equals);
        this.javaOptions = List.of(javaOptions);
    }

    static RunningServer start(TestFolder folder, String name, Map<String, String> settings) {
        return start(folder, name, settings, AS_SHIPPED);
    }

    static RunningServer start(TestFolder folder, String name, Map<String, String> settings, String... javaOptions) {
        Path home = folder.resolve(name);
        String storage =
                settings.getOrDefault("storage.root", home.resolve("storage").toString());
        RunningServer server = new RunningServer(List.of(), home, Path.of(storage), settings, javaOptions);
        server.start();
        return server;
    }

    /**
     * One that does not run yet, and will be started by way of another program.
     *
     * @param storage where this process sees what the server sees under its storage.root
     */
    static RunningServer prepared(
            List<String> launcher, Path home, Path storage, Map<String, String> settings, String... javaOptions) {
        return new RunningServer(launcher, home, storage, settings, javaOptions);
    }

    void start() {
        launch();
        awaitUp();
    }

    /** Starts without waiting. */
    void launch() {
        process = ServerProcess.start(launcher, home, javaOptions, settings);
    }

    void awaitUp() {
        node = process.awaitUp(START_LIMIT);
        admin = AdminClient.of(home, Map.of());
    }

    void kill() {
        process.kill();
    }

    void restart() {
        process.close();
        start();
    }

    /** Stops every thread of it, as a frozen machine would (SIGSTOP). */
    void freeze() {
        Tool.run("kill", "-STOP", Long.toString(process.process().pid())).expectSuccess();
    }

    void thaw() {
        Tool.run("kill", "-CONT", Long.toString(process.process().pid())).expectSuccess();
    }

    Process process() {
        return process.process();
    }

    String log() {
        return process.tail();
    }

    /** How many bytes it has printed, in all its runs. */
    long printed() {
        return output().toFile().length();
    }

    /** All that it printed after so many bytes. */
    String logSince(long printed) {
        try (InputStream log = Files.newInputStream(output())) {
            log.skipNBytes(printed);
            return new String(log.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path output() {
        return home.resolve("log").resolve("server.out");
    }

    /** Asks it to stop, and does not wait. */
    void end() {
        if (process != null) {
            process.process().destroy();
        }
    }

    void awaitEnd() {
        if (process != null) {
            process.close();
        }
    }

    @Override
    public void close() {
        process.close();
    }

    Path home() {
        return home;
    }

    /** The certificate of the listeners. */
    Path certificate() {
        return home.resolve("keys").resolve("tls-certificate.pem");
    }

    /** The port of a listener: sftp, ftps, ftps-implicit or https. */
    int port(String listener) {
        return listener(listener).port();
    }

    private NodeFile.Listener listener(String name) {
        return node.listeners().stream()
                .filter(listener -> listener.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no listener " + name + " in " + node));
    }

    List<String> fingerprints(String listener) {
        return listener(listener).fingerprints();
    }

    /** What the listener presents, as it is written into the trust of a Site. */
    String trustLine(String listener) {
        if (!listener.equals("sftp")) {
            return fingerprints(listener).get(0);
        }
        String[] words = Tool.run("ssh-keyscan", "-t", "ed25519", "-p", Integer.toString(port(listener)), "127.0.0.1")
                .expectSuccess()
                .output()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .findFirst()
                .orElseThrow()
                .split(" ");
        return words[1] + " " + words[2];
    }

    /** Whether it would take partners and work, as a load balancer asks. */
    boolean isReady() {
        return runs()
                && admin.get("/observe/health", Map.of())
                        .path("status")
                        .asText()
                        .equals("UP");
    }

    String adminUrl() {
        return node.admin();
    }

    AdminClient admin() {
        return admin;
    }

    /** Brings YAML documents in force; the key is the file's name. */
    void apply(Map<String, String> documents) {
        List<Map<String, String>> files = documents.entrySet().stream()
                .map(entry -> Map.of("name", entry.getKey(), "text", entry.getValue()))
                .toList();
        admin.post("/api/v1/apply", Map.of("documents", files, "secrets", Map.of(), "dryRun", false));
    }

    void applyRoute(String id, String text) {
        apply(Map.of(id + ".yaml", text));
    }

    List<JsonNode> transfers(String... namesAndValues) {
        List<JsonNode> rows = new ArrayList<>();
        while (true) {
            Map<String, String> query = AdminClient.query(namesAndValues);
            query.put("limit", "1000");
            query.put("offset", Integer.toString(rows.size()));
            List<JsonNode> page = rows(admin.get("/api/v1/transfers", query).path("transfers"));
            rows.addAll(page);
            if (page.size() < 1000) {
                return rows;
            }
        }
    }

    List<JsonNode> events(String... namesAndValues) {
        Map<String, String> query = AdminClient.query(namesAndValues);
        query.put("limit", "1000");
        return rows(admin.get("/api/v1/events", query).path("events"));
    }

    private static List<JsonNode> rows(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    void awaitNoEvents(String route, Duration limit) {
        await("the end of the events of " + route)
                .atMost(limit)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> events("route", route), List::isEmpty);
    }

    void awaitNoEvents(Duration limit) {
        await("events of " + home)
                .atMost(limit)
                .pollInterval(Duration.ofMillis(100))
                .until(this::events, List::isEmpty);
    }

    /** The one event that is parked, waiting for it. */
    JsonNode awaitParked(String route) {
        return await("a parked event of " + route)
                .atMost(Duration.ofSeconds(40))
                .until(() -> events("state", "parked", "route", route), found -> found.size() == 1)
                .get(0);
    }

    Path storage() {
        return storage;
    }

    /** Where a file of an account lies. */
    Path file(String account, String path) {
        return storage().resolve("homes").resolve(account).resolve(path.substring(1));
    }

    /** The names in a folder of an account's home. */
    List<String> names(String account, String folder) {
        try (Stream<Path> files = Files.list(file(account, folder))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean runs() {
        ServerProcess present = process;
        return present != null && present.process().isAlive();
    }

    /** A connection to the database of this server, as its user. */
    Connection database() throws SQLException {
        if (settings.containsKey("database.url")) {
            return DriverManager.getConnection(
                    settings.get("database.url"), settings.get("database.user"), settings.get("database.password"));
        }
        try {
            Path folder = home.resolve("database");
            String port = Files.readString(folder.resolve("port")).trim();
            String password = Files.readString(folder.resolve("password-serai")).trim();
            return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/serai", "serai", password);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
