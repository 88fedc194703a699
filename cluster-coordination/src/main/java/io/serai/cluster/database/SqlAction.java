package io.serai.cluster.database;

import java.sql.Connection;
import java.sql.SQLException;

/** As {@link SqlWork}, for work that returns nothing. */
@FunctionalInterface
public interface SqlAction {
    void run(Connection connection) throws SQLException;
}
