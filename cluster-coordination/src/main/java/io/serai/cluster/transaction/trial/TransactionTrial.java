package io.serai.cluster.transaction.trial;

import com.arjuna.ats.arjuna.common.CoreEnvironmentBean;
import com.arjuna.ats.arjuna.common.ObjectStoreEnvironmentBean;
import com.arjuna.ats.internal.arjuna.objectstore.ShadowNoFileLockStore;
import com.arjuna.ats.internal.arjuna.objectstore.jdbc.JDBCStore;
import com.arjuna.ats.internal.jta.transaction.arjunacore.TransactionSynchronizationRegistryImple;
import com.arjuna.common.internal.util.propertyservice.BeanPopulator;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.transaction.TransactionIntegration;
import io.agroal.narayana.NarayanaTransactionIntegration;
import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabasePool;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.transaction.PostgresParticipant;
import io.serai.cluster.transaction.Transactions;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import jakarta.transaction.TransactionManager;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;

/**
 * Transactions of one row in each of their databases, by several threads for some time. The transaction manager keeps its
 * settings for the whole JVM, so that each way needs a process of its own.
 */
public final class TransactionTrial {
    private static final int THREADS = 4;
    private static final String NODE = "trial";

    private final DatabaseSettings shared;
    private final DatabaseSettings other;
    private final Path log;
    private final Runnable begins;

    /** What is tried. */
    public enum Way {
        /** One database, a commit of plain JDBC. */
        PLAIN,
        /** One database, {@code transacted()}. */
        ONE,
        /** Two databases, {@code transacted()}: the decision is in the shared one. */
        TWO,
        /** Two databases, both prepared, the log in synchronised files. */
        TWO_FILES,
        /** Two databases, both prepared, the log in a table of the shared one. */
        TWO_TABLE
    }

    /**
     * @param log an empty folder for the log in files
     * @param begins called when the way is warm and the time begins
     */
    public TransactionTrial(DatabaseSettings shared, DatabaseSettings other, Path log, Runnable begins) {
        this.begins = begins;
        this.shared = shared.withMaxConnections(2 * THREADS);
        this.other = other.withMaxConnections(2 * THREADS);
        this.log = log;
    }

    /** Makes the tables; once, before the first trial. */
    public static void prepare(DatabaseSettings shared, DatabaseSettings other) {
        try (Database one = new Database(shared);
                Database two = new Database(other)) {
            for (Database database : List.of(one, two)) {
                run(database, "create table trial (id bigint generated always as identity primary key, text text)");
            }
            run(one, """
                    insert into node (name, epoch, boot_id, version, address, state, lease_until)
                    values ('trial', nextval('node_epoch'), gen_random_uuid(), 'trial', 'localhost', 'active',
                            clock_timestamp() + interval '1 day')""");
        }
    }

    private static void run(Database database, String sql) {
        database.execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }

    /** Tries one way and returns how many transactions were committed in the time. */
    public long run(Way way, Duration time) throws Exception {
        return switch (way) {
            case PLAIN -> plain(time);
            case ONE, TWO -> own(way, time);
            case TWO_FILES, TWO_TABLE -> twoPhase(way, time);
        };
    }

    private long plain(Duration time) throws Exception {
        try (AgroalDataSource pool = AgroalDataSource.from(DatabasePool.plain(shared, TransactionIntegration.none()))) {
            return repeat(time, () -> {
                try (Connection connection = pool.getConnection()) {
                    connection.setAutoCommit(false);
                    insert(connection);
                    connection.commit();
                }
                return null;
            });
        }
    }

    private long own(Way way, Duration time) throws Exception {
        try (Database database = new Database(shared)) {
            NodeName node = new NodeName(NODE);
            FencingToken token = new FencingToken(node, epoch(database));
            try (Transactions transactions = new Transactions(database, () -> token, node, UUID.randomUUID());
                    PostgresParticipant second = new PostgresParticipant("second", other, transactions)) {
                DataSource both = second.dataSource();
                return repeat(time, () -> {
                    transactions.begin();
                    insert(transactions.dataSource());
                    if (way == Way.TWO) {
                        insert(both);
                    }
                    transactions.commit(Optional.empty());
                    return null;
                });
            }
        }
    }

    private static long epoch(Database database) {
        return database.statement(connection -> {
            try (Statement statement = connection.createStatement();
                    var rows = statement.executeQuery("select epoch from node where name = 'trial'")) {
                if (!rows.next()) {
                    throw new SeraiException(ErrorCode.DEFECT, "the trial was not prepared");
                }
                return rows.getLong(1);
            }
        });
    }

    private long twoPhase(Way way, Duration time) throws Exception {
        BeanPopulator.getDefaultInstance(CoreEnvironmentBean.class).setNodeIdentifier(NODE);
        try (AgroalDataSource table =
                AgroalDataSource.from(DatabasePool.plain(shared, TransactionIntegration.none()))) {
            for (String store : List.of("default", "communicationStore", "stateStore")) {
                keepLog(way, store, table);
            }
            TransactionManager manager = com.arjuna.ats.jta.TransactionManager.transactionManager();
            var registry = new TransactionSynchronizationRegistryImple();
            try (AgroalDataSource one = AgroalDataSource.from(
                            DatabasePool.xa(shared, new NarayanaTransactionIntegration(manager, registry)));
                    AgroalDataSource two = AgroalDataSource.from(
                            DatabasePool.xa(other, new NarayanaTransactionIntegration(manager, registry)))) {
                return repeat(time, () -> {
                    manager.begin();
                    insert(one);
                    insert(two);
                    manager.commit();
                    return null;
                });
            }
        }
    }

    private void keepLog(Way way, String store, DataSource table) {
        ObjectStoreEnvironmentBean bean = store.equals("default")
                ? BeanPopulator.getDefaultInstance(ObjectStoreEnvironmentBean.class)
                : BeanPopulator.getNamedInstance(ObjectStoreEnvironmentBean.class, store);
        bean.setObjectStoreDir(log.toString());
        if (way == Way.TWO_FILES) {
            bean.setObjectStoreType(ShadowNoFileLockStore.class.getName());
        } else {
            bean.setObjectStoreType(JDBCStore.class.getName());
            bean.setJdbcDataSource(table);
            bean.setTablePrefix(store);
            bean.setCreateTable(true);
        }
    }

    private static void insert(DataSource source) throws SQLException {
        try (Connection connection = source.getConnection()) {
            insert(connection);
        }
    }

    private static void insert(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("insert into trial (text) values (?)")) {
            statement.setString(1, "a row of a transaction");
            statement.executeUpdate();
        }
    }

    private long repeat(Duration time, Callable<?> transaction) throws Exception {
        long unused = repeatFor(time.dividedBy(2), transaction); // nothing is compiled yet
        begins.run();
        return repeatFor(time, transaction);
    }

    private static long repeatFor(Duration time, Callable<?> transaction) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            long end = System.nanoTime() + time.toNanos();
            List<Future<Long>> parts = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                parts.add(threads.submit(() -> {
                    long done = 0;
                    while (System.nanoTime() < end) {
                        Object nothing = transaction.call();
                        done++;
                    }
                    return done;
                }));
            }
            long all = 0;
            for (Future<Long> part : parts) {
                all += part.get();
            }
            return all;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception known ? known : e;
        } finally {
            threads.shutdownNow();
        }
    }
}
