package io.serai.cluster.transaction;

import io.agroal.api.AgroalDataSource;
import io.agroal.narayana.NarayanaTransactionIntegration;
import io.serai.cluster.database.DatabaseErrors;
import io.serai.cluster.database.DatabasePool;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.postgresql.Driver;
import org.postgresql.xa.PGXADataSource;

/** A PostgreSQL database of route authors: a bounded pool whose connections join the transaction of their thread. */
public class PostgresParticipant implements Participant, AutoCloseable {
    private final String name;
    private final String identity;
    private final Transactions transactions;
    private final PGXADataSource single;
    private final AgroalDataSource pool;
    private volatile boolean canPrepare;

    /** @throws SeraiException INVALID when the driver does not understand the address; nothing connects */
    public static void requireAddress(String url) {
        if (Driver.parseURL(url, null) == null) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the PostgreSQL driver does not understand \"" + url
                            + "\"; write jdbc:postgresql://HOST:5432/DATABASE, with several hosts HOST:5432,HOST:5432");
        }
    }

    /** Nothing connects before it is used. */
    public PostgresParticipant(String name, DatabaseSettings settings, Transactions transactions) {
        this.name = name;
        this.identity = name + " at " + settings.url();
        this.transactions = transactions;
        this.single = DatabasePool.xaSource(settings);
        try {
            this.pool = AgroalDataSource.from(DatabasePool.xa(
                    settings,
                    new NarayanaTransactionIntegration(transactions.manager(), transactions.registry(), name)));
        } catch (SQLException e) {
            throw DatabaseErrors.of(e);
        }
    }

    /** What routes use. */
    public DataSource dataSource() {
        return new JoiningDataSource(pool, () -> transactions.join(this));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String identity() {
        return identity;
    }

    @Override
    public void requirePreparation() {
        if (canPrepare) {
            return;
        }
        int most = mostPrepared();
        if (most == 0) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "the database of data source \"" + name
                            + "\" cannot take part in a transaction with other resources:"
                            + " its max_prepared_transactions is 0; set max_prepared_transactions = 64 (or more) in its"
                            + " postgresql.conf and restart it");
        }
        canPrepare = true;
    }

    int mostPrepared() {
        try (Connection connection = single.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("show max_prepared_transactions")) {
            rows.next();
            return rows.getInt(1);
        } catch (SQLException e) {
            throw DatabaseErrors.of(e);
        }
    }

    @Override
    public Scan scan() throws SQLException {
        return new PostgresScan(single.getXAConnection());
    }

    /** Lets transactions that still run go on without a pool; recovery goes on by its own connections. */
    @Override
    public void close() {
        pool.close();
    }
}
