package io.serai.route.resource;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.logging.Logger;
import javax.sql.DataSource;

/** The data source that has a name when it is used. */
final class NamedDataSource implements DataSource {
    private final String name;
    private final RouteResources resources;

    NamedDataSource(String name, RouteResources resources) {
        this.name = name;
        this.resources = resources;
    }

    private DataSource now() {
        return resources.dataSource(name);
    }

    @Override
    public Connection getConnection() throws SQLException {
        return now().getConnection();
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return now().getConnection(user, password);
    }

    @Override
    public PrintWriter getLogWriter() throws SQLException {
        return now().getLogWriter();
    }

    @Override
    public void setLogWriter(PrintWriter writer) throws SQLException {
        now().setLogWriter(writer);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        now().setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return now().getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getLogger("io.serai.resource");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return now().unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return now().isWrapperFor(type);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NamedDataSource named && named.name.equals(name) && named.resources == resources;
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return "DataSource " + name;
    }
}
