package io.serai.cluster.database;

import java.sql.PreparedStatement;
import java.sql.ResultSet;

/** What the database counts about itself. */
public final class DatabaseStatistics {
    private DatabaseStatistics() {}

    /** The transactions that were committed so far, by whomever; up to a second behind. */
    public static long commits(Database database) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                            "select xact_commit from pg_stat_database where datname = current_database()");
                    ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        });
    }
}
