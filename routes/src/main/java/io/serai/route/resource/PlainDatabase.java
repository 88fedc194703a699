package io.serai.route.resource;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import javax.sql.DataSource;

/** A database that takes part in no transaction: each statement is committed by itself. */
record PlainDatabase(Database database) implements AutoCloseable {
    static PlainDatabase open(DatabaseSettings settings) {
        return new PlainDatabase(new Database(settings));
    }

    DataSource dataSource() {
        return database.dataSource();
    }

    @Override
    public void close() {
        database.close();
    }
}
