package io.serai.cluster.database;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * What is done inside one transaction. It must not commit, roll back or close the connection, nor keep it.
 *
 * @param <T> what the work returns, never null
 */
@FunctionalInterface
public interface SqlWork<T> {
    T run(Connection connection) throws SQLException;
}
