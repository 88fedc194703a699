package io.serai.cluster.database;

import com.arjuna.ats.arjuna.common.CoordinatorEnvironmentBean;
import com.arjuna.ats.arjuna.common.CoreEnvironmentBean;
import com.arjuna.ats.arjuna.common.CoreEnvironmentBeanException;
import com.arjuna.ats.arjuna.common.ObjectStoreEnvironmentBean;
import com.arjuna.ats.arjuna.common.RecoveryEnvironmentBean;
import com.arjuna.ats.arjuna.coordinator.TransactionReaper;
import com.arjuna.ats.arjuna.recovery.RecoveryManager;
import com.arjuna.ats.internal.arjuna.recovery.AtomicActionRecoveryModule;
import com.arjuna.ats.internal.jta.recovery.arjunacore.JTANodeNameXAResourceOrphanFilter;
import com.arjuna.ats.internal.jta.recovery.arjunacore.JTATransactionLogXAResourceOrphanFilter;
import com.arjuna.ats.internal.jta.recovery.arjunacore.XARecoveryModule;
import com.arjuna.ats.internal.jta.transaction.arjunacore.TransactionSynchronizationRegistryImple;
import com.arjuna.ats.jta.common.JTAEnvironmentBean;
import com.arjuna.common.internal.util.propertyservice.BeanPopulator;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.narayana.NarayanaTransactionIntegration;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import jakarta.transaction.TransactionManager;
import jakarta.transaction.UserTransaction;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import javax.sql.DataSource;

/**
 * JTA for route authors: a transaction manager and two data sources that take part in its transactions.
 *
 * <p>{@link #localDataSource} costs no more than a plain commit and suits a transaction with this database alone;
 * {@link #xaDataSource} is for transactions with several resources: it is prepared, and what a crash left prepared is
 * finished by recovery. Serai's own work uses {@link Database#transaction} and none of this.
 *
 * <p>The transaction manager keeps its settings for the whole JVM, so there is one of these a process. Its log is in
 * {@code folder} and belongs to the node: keep both together.
 */
public final class Transactions implements AutoCloseable {
    private static final int LONGEST_IDENTIFIER = 28;
    private static final int DEFAULT_TIMEOUT_SECONDS = 300;

    private final DatabaseSettings settings;
    private final Duration recoveryInterval;
    private final Path folder;
    private final NodeName node;
    private final RecoveryBridge bridge = new RecoveryBridge();
    private final TransactionManager transactionManager;
    private final UserTransaction userTransaction;
    private final AgroalDataSource local;
    private final AgroalDataSource xa;
    private final RecoveryManager recovery;

    /**
     * Sets the transaction manager up and makes the pools, each with at most {@code settings.maxConnections()}; nothing
     * connects before it is used.
     *
     * @param folder the transaction log
     * @param recoveryInterval how often recovery looks for what a crash left
     */
    public Transactions(DatabaseSettings settings, Path folder, NodeName node, Duration recoveryInterval) {
        this.settings = settings;
        this.folder = folder;
        this.node = node;
        this.recoveryInterval = recoveryInterval;
        configureLog();
        configureCoordinator();
        XARecoveryModule module = configureRecovery();
        this.transactionManager = com.arjuna.ats.jta.TransactionManager.transactionManager();
        this.userTransaction = com.arjuna.ats.jta.UserTransaction.userTransaction();
        this.recovery = RecoveryManager.manager(RecoveryManager.INDIRECT_MANAGEMENT);
        recovery.initialize();
        module.addXAResourceRecoveryHelper(bridge);
        try {
            this.local = AgroalDataSource.from(pool(Kind.LOCAL));
            this.xa = AgroalDataSource.from(pool(Kind.XA));
        } catch (SQLException e) {
            throw DatabaseErrors.of(e);
        }
    }

    private enum Kind {
        LOCAL,
        XA
    }

    private void configureLog() {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "the transaction log " + folder + " cannot be made: " + e, e);
        }
        for (String store : List.of("default", "communicationStore", "stateStore")) {
            ObjectStoreEnvironmentBean bean = store.equals("default")
                    ? BeanPopulator.getDefaultInstance(ObjectStoreEnvironmentBean.class)
                    : BeanPopulator.getNamedInstance(ObjectStoreEnvironmentBean.class, store);
            bean.setObjectStoreDir(folder.toString());
        }
    }

    private void configureCoordinator() {
        String identifier = identifier(node);
        try {
            BeanPopulator.getDefaultInstance(CoreEnvironmentBean.class).setNodeIdentifier(identifier);
        } catch (CoreEnvironmentBeanException e) {
            throw new SeraiException(ErrorCode.DEFECT, "the transaction manager refuses the node's identifier", e);
        }
        CoordinatorEnvironmentBean coordinator = BeanPopulator.getDefaultInstance(CoordinatorEnvironmentBean.class);
        // No listening socket: one process reads its own log.
        coordinator.setTransactionStatusManagerEnable(false);
        coordinator.setDefaultTimeout(DEFAULT_TIMEOUT_SECONDS);
        JTAEnvironmentBean jta = BeanPopulator.getDefaultInstance(JTAEnvironmentBean.class);
        jta.setXaRecoveryNodes(List.of(identifier));
        jta.setXaResourceOrphanFilters(
                List.of(new JTATransactionLogXAResourceOrphanFilter(), new JTANodeNameXAResourceOrphanFilter()));
    }

    private XARecoveryModule configureRecovery() {
        XARecoveryModule module = new XARecoveryModule();
        RecoveryEnvironmentBean bean = BeanPopulator.getDefaultInstance(RecoveryEnvironmentBean.class);
        bean.setRecoveryListener(false);
        bean.setPeriodicRecoveryPeriod((int) Math.max(1, recoveryInterval.toSeconds()));
        bean.setRecoveryBackoffPeriod((int) Math.max(1, recoveryInterval.toSeconds() / 10));
        bean.setExpiryScannerClassNames(List.of());
        bean.setRecoveryActivatorClassNames(List.of());
        bean.setRecoveryModules(List.of(new AtomicActionRecoveryModule(), module));
        return module;
    }

    private AgroalDataSourceConfigurationSupplier pool(Kind kind) {
        NarayanaTransactionIntegration integration = new NarayanaTransactionIntegration(
                transactionManager, new TransactionSynchronizationRegistryImple(), null, false, bridge);
        return switch (kind) {
            case LOCAL -> DatabasePool.plain(settings, integration);
            case XA -> DatabasePool.xa(settings, integration);
        };
    }

    /** A node's name if it is short enough, else its beginning and a hash. */
    private static String identifier(NodeName node) {
        String name = node.value();
        if (name.length() <= LONGEST_IDENTIFIER) {
            return name;
        }
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return name.substring(0, 15) + "-" + HexFormat.of().formatHex(digest, 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Begins to look for what a crash left; returns at once. */
    public void start() {
        recovery.startRecoveryManagerThread();
    }

    public TransactionManager transactionManager() {
        return transactionManager;
    }

    public UserTransaction userTransaction() {
        return userTransaction;
    }

    /** For transactions with this database alone. */
    public DataSource localDataSource() {
        return local;
    }

    /** For transactions with several resources. */
    public DataSource xaDataSource() {
        return xa;
    }

    /** One recovery round, which waits a little between its two passes. */
    public void recoverNow() {
        recovery.scan();
    }

    @Override
    public void close() {
        recovery.terminate(false);
        TransactionReaper.terminate(false);
        local.close();
        xa.close();
    }
}
