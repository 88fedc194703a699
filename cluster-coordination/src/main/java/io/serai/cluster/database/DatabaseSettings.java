package io.serai.cluster.database;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;

/**
 * How to reach the shared database, and the limits of this node's use of it.
 *
 * <p>Only {@code socketTimeout} bounds every kind of blocked call: a frozen server still answers keep-alives. The
 * server is told to cancel a statement a little earlier, so that the ordinary slow statement ends with a clear error.
 *
 * @param url {@code jdbc:postgresql://host:port/database}, several hosts allowed; without user and password
 * @param applicationName shown by {@code pg_stat_activity}; the node's name
 * @param maxConnections the largest number of pooled connections
 * @param connectTimeout how long the TCP connection to one host may take
 * @param socketTimeout how long the server may stay silent during a call
 * @param acquisitionTimeout how long a caller waits for a free pooled connection
 */
public record DatabaseSettings(
        String url,
        String user,
        SecretText password,
        String applicationName,
        int maxConnections,
        Duration connectTimeout,
        Duration socketTimeout,
        Duration acquisitionTimeout) {
    private static final String PREFIX = "jdbc:postgresql:";

    public DatabaseSettings {
        if (!url.startsWith(PREFIX)) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "database.url must begin with \"" + PREFIX + "//\": PostgreSQL is the only supported database");
        }
        if (url.contains("password=") || url.contains("@")) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "database.url must not hold a user or password: use database.user and database.password");
        }
        if (maxConnections < 2) {
            throw new SeraiException(ErrorCode.INVALID, "database.max-connections must be at least 2");
        }
        requireAtLeastASecond("database.connect-timeout", connectTimeout);
        requireAtLeastASecond("database.socket-timeout", socketTimeout);
        requireAtLeastASecond("database.acquisition-timeout", acquisitionTimeout);
    }

    /** The usual limits: 24 connections, 2 s to connect, 30 s for a call, 10 s for a free connection. */
    public static DatabaseSettings of(String url, String user, SecretText password, String applicationName) {
        return new DatabaseSettings(
                url,
                user,
                password,
                applicationName,
                24,
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                Duration.ofSeconds(10));
    }

    public DatabaseSettings withApplicationName(String name) {
        return new DatabaseSettings(
                url, user, password, name, maxConnections, connectTimeout, socketTimeout, acquisitionTimeout);
    }

    public DatabaseSettings withMaxConnections(int count) {
        return new DatabaseSettings(
                url, user, password, applicationName, count, connectTimeout, socketTimeout, acquisitionTimeout);
    }

    public DatabaseSettings withConnectTimeout(Duration timeout) {
        return new DatabaseSettings(
                url, user, password, applicationName, maxConnections, timeout, socketTimeout, acquisitionTimeout);
    }

    public DatabaseSettings withSocketTimeout(Duration timeout) {
        return new DatabaseSettings(
                url, user, password, applicationName, maxConnections, connectTimeout, timeout, acquisitionTimeout);
    }

    public DatabaseSettings withAcquisitionTimeout(Duration timeout) {
        return new DatabaseSettings(
                url, user, password, applicationName, maxConnections, connectTimeout, socketTimeout, timeout);
    }

    /** Opens one connection outside every pool; the caller closes it. */
    public Connection connect() throws SQLException {
        Properties properties = driverProperties();
        properties.setProperty("user", user);
        properties.setProperty("password", password.reveal());
        Connection connection = new org.postgresql.Driver().connect(url, properties);
        if (connection == null) {
            throw new SQLException("the PostgreSQL driver does not understand the database URL", "08001");
        }
        return connection;
    }

    /** The driver's properties without user and password. */
    Properties driverProperties() {
        Properties properties = new Properties();
        properties.setProperty("connectTimeout", Long.toString(connectTimeout.toSeconds()));
        properties.setProperty("socketTimeout", Long.toString(socketTimeout.toSeconds()));
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("ApplicationName", applicationName);
        // Details of an error show the values of a row; these must not reach a log.
        properties.setProperty("logServerErrorDetail", "false");
        // Short statements only: compiling one costs far more than running it.
        // A frozen node must not keep its locks, or nobody could take its work over; the embedded server has the same.
        properties.setProperty(
                "options",
                "-c jit=off -c idle_in_transaction_session_timeout=10s -c statement_timeout="
                        + statementTimeoutMillis());
        if (url.indexOf(',') > 0) {
            properties.setProperty("targetServerType", "primary");
            properties.setProperty("hostRecheckSeconds", "2");
        }
        return properties;
    }

    private long statementTimeoutMillis() {
        return socketTimeout.toMillis() * 5 / 6;
    }

    private static void requireAtLeastASecond(String key, Duration value) {
        if (value.toSeconds() < 1) {
            throw new SeraiException(ErrorCode.INVALID, key + " must be at least 1 second");
        }
    }
}
