package io.serai.cluster.transaction;

import io.serai.cluster.database.DatabasePool;
import io.serai.cluster.database.DatabaseSettings;
import java.sql.SQLException;
import org.postgresql.xa.PGXADataSource;

/**
 * What is prepared in the shared database: nothing of this release ever is, but others may use the database, or a node of
 * an earlier release may have left something. It is watched, for it holds locks; it belongs to somebody else.
 */
public final class PreparedInDatabase implements Participant {
    /** The name of this participant, which routes cannot give to theirs. */
    static final String NAME = "the shared database";

    private final PGXADataSource single;

    public PreparedInDatabase(DatabaseSettings settings) {
        this.single = DatabasePool.xaSource(settings);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void requirePreparation() {
        throw new IllegalStateException("the shared database is never prepared");
    }

    @Override
    public Scan scan() throws SQLException {
        return new PostgresScan(single.getXAConnection());
    }
}
