package io.serai.server;

import io.serai.cluster.database.EmbeddedPostgres;
import io.serai.cluster.database.EmbeddedPostgresSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;

/**
 * A PostgreSQL that belongs to none of the servers, on a port that stays: with password logins and prepared transactions.
 * Killed, it comes back by itself, as a service would; stopped, it stays away until it is started.
 */
final class ClusterDatabase implements AutoCloseable {
    static final String USER = "serai";

    private final Path folder;
    private final int port;
    private final EmbeddedPostgres server;

    ClusterDatabase(TestFolder test) {
        folder = test.resolve("database");
        port = freePort();
        server = new EmbeddedPostgres(EmbeddedPostgresSettings.in(folder)
                .withPort(port)
                .withMaxConnections(900)
                .withOptions(Map.of("shared_buffers", "64MB")));
        server.start();
    }

    /** A port that nobody has at the moment. */
    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return port;
    }

    String password() {
        try {
            return Files.readString(folder.resolve("password-serai")).trim();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The settings of a server that reaches this database through a port. */
    Map<String, String> settings(int through) {
        return Map.of("database.url", url(through), "database.user", USER, "database.password", password());
    }

    private static String url(int port) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/serai";
    }

    /** A further database beside Serai's; its URL. */
    String create(String name) {
        try {
            String password =
                    Files.readString(folder.resolve("password-serai_admin")).trim();
            String url = "jdbc:postgresql://127.0.0.1:" + port + "/";
            try (Connection admin = DriverManager.getConnection(url + "postgres", "serai_admin", password);
                    Statement statement = admin.createStatement()) {
                statement.execute("create database " + name + " owner " + USER);
            }
            return url + name;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url(port), USER, password());
    }

    /** Ends all its processes at once (SIGKILL); it starts again, recovering. */
    void kill() {
        try {
            String pid = Files.readAllLines(folder.resolve("data").resolve("postmaster.pid"))
                    .get(0)
                    .strip();
            Tool.run("kill", "-KILL", pid).expectSuccess();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void stop() {
        server.close();
    }

    void start() {
        server.start();
    }

    @Override
    public void close() {
        server.close();
    }
}
