package io.serai.cluster.node;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** The channel on which nodes hear that a node's row or a takeover has changed. A hint: the tables are the truth. */
public final class NodeChannel {
    public static final String NAME = "serai_nodes";

    private NodeChannel() {}

    /** Tells all nodes with the commit of this transaction. */
    static void announce(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("notify " + NAME);
        }
    }
}
