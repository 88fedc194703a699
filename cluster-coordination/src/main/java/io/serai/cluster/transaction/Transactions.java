package io.serai.cluster.transaction;

import com.arjuna.ats.arjuna.common.CoordinatorEnvironmentBean;
import com.arjuna.ats.arjuna.common.CoreEnvironmentBean;
import com.arjuna.ats.arjuna.common.CoreEnvironmentBeanException;
import com.arjuna.ats.arjuna.common.ObjectStoreEnvironmentBean;
import com.arjuna.ats.arjuna.coordinator.TransactionReaper;
import com.arjuna.ats.internal.arjuna.objectstore.VolatileStore;
import com.arjuna.ats.internal.jta.transaction.arjunacore.TransactionImple;
import com.arjuna.ats.internal.jta.transaction.arjunacore.TransactionSynchronizationRegistryImple;
import com.arjuna.ats.jta.common.JTAEnvironmentBean;
import com.arjuna.common.internal.util.propertyservice.BeanPopulator;
import io.agroal.api.AgroalDataSource;
import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseErrors;
import io.serai.cluster.database.DatabasePool;
import io.serai.cluster.database.SqlAction;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.cluster.node.NodeFence;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.NodeName;
import jakarta.transaction.HeuristicMixedException;
import jakarta.transaction.HeuristicRollbackException;
import jakarta.transaction.NotSupportedException;
import jakarta.transaction.RollbackException;
import jakarta.transaction.Status;
import jakarta.transaction.SystemException;
import jakarta.transaction.TransactionManager;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jboss.tm.LastResource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * JTA for route authors: transactions over the shared database and resources of their own.
 *
 * <p>The shared database is never prepared. A transaction with it alone, or with one other resource alone, is a plain
 * commit. With several resources the others are prepared, then the part in the shared database is committed, and that
 * commit holds the decision (a row of {@code transaction_outcome}); then the others are committed. So there is no log
 * but the shared database, and any node can finish what another left: {@link InDoubtRecovery}.
 *
 * <p>The transaction manager keeps its settings for the whole JVM, so there is one of these a process. Safe for use by
 * several threads; a transaction belongs to its thread.
 */
public final class Transactions implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Transactions.class);
    private static final int TIMEOUT_SECONDS = 300;
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private final Fence fence;
    private final TransactionId.Owner owner;
    private final TransactionOutcomes outcomes;
    private final TransactionManager manager;
    private final TransactionSynchronizationRegistry registry;
    private final TransactionDoor door = new TransactionDoor(this);
    private final AgroalDataSource shared;
    private final Set<TransactionId> running = ConcurrentHashMap.newKeySet();
    private volatile Runnable onUnfinished = () -> {};
    private volatile boolean closed;

    /**
     * Sets the transaction manager up and makes the pool, of as many connections as the database's own has at most;
     * nothing connects to it before it is used.
     *
     * @param boot this boot of the node, by which its transactions are known to others
     */
    public Transactions(Database database, Fence fence, NodeName node, UUID boot) {
        this.fence = fence;
        this.outcomes = new TransactionOutcomes(database, node);
        this.owner = TransactionId.Owner.of(TransactionOutcomes.clusterId(database), boot);
        configure(owner.toString());
        this.manager = com.arjuna.ats.jta.TransactionManager.transactionManager();
        this.registry = new TransactionSynchronizationRegistryImple();
        try {
            this.shared = AgroalDataSource.from(DatabasePool.plain(
                    database.settings(), new SharedEnlistment(manager, registry, this::isCommittedForCertain)));
        } catch (SQLException e) {
            throw DatabaseErrors.of(e);
        }
    }

    private static void configure(String identifier) {
        try {
            BeanPopulator.getDefaultInstance(CoreEnvironmentBean.class).setNodeIdentifier(identifier);
        } catch (CoreEnvironmentBeanException e) {
            throw new SeraiException(ErrorCode.DEFECT, "the transaction manager refuses the node's identifier", e);
        }
        // Decisions are in the shared database; what the transaction manager notes beside that may be forgotten.
        for (String store : List.of("default", "communicationStore", "stateStore")) {
            ObjectStoreEnvironmentBean bean = store.equals("default")
                    ? BeanPopulator.getDefaultInstance(ObjectStoreEnvironmentBean.class)
                    : BeanPopulator.getNamedInstance(ObjectStoreEnvironmentBean.class, store);
            bean.setObjectStoreType(VolatileStore.class.getName());
        }
        CoordinatorEnvironmentBean coordinator = BeanPopulator.getDefaultInstance(CoordinatorEnvironmentBean.class);
        coordinator.setTransactionStatusManagerEnable(false);
        coordinator.setDefaultTimeout(TIMEOUT_SECONDS);
        BeanPopulator.getDefaultInstance(JTAEnvironmentBean.class)
                .setLastResourceOptimisationInterfaceClassName(LastResource.class.getName());
    }

    /** The transaction manager for route authors, Camel and their resources. */
    public TransactionDoor door() {
        return door;
    }

    /** The shared database, as a part of the transaction of the thread if there is one. */
    public DataSource dataSource() {
        return shared;
    }

    /** For pools whose connections join transactions. */
    public TransactionManager manager() {
        return manager;
    }

    public TransactionSynchronizationRegistry registry() {
        return registry;
    }

    TransactionId.Owner owner() {
        return owner;
    }

    TransactionOutcomes outcomes() {
        return outcomes;
    }

    /** Whether a transaction of this process has not ended. */
    boolean isRunning(TransactionId id) {
        return running.contains(id);
    }

    /** Registers what runs when a transaction ended with a part that may not have heard of it. */
    void onUnfinished(Runnable action) {
        onUnfinished = action;
    }

    /** Begins a transaction of this thread. */
    public void begin() throws NotSupportedException, SystemException {
        manager.begin();
        TransactionImple begun = (TransactionImple) manager.getTransaction();
        TransactionId id = TransactionId.of(begun.getTxId()).orElseThrow();
        running.add(id);
        registry.putResource(TransactionScope.class, new TransactionScope(id));
    }

    /** The participant takes part in the transaction of this thread, if there is one. */
    public void join(Participant participant) {
        scope().ifPresent(scope -> scope.join(participant));
    }

    private Optional<TransactionScope> scope() {
        try {
            return manager.getStatus() == Status.STATUS_NO_TRANSACTION
                    ? Optional.empty()
                    : Optional.ofNullable((TransactionScope) registry.getResource(TransactionScope.class));
        } catch (SystemException e) {
            throw new SeraiException(ErrorCode.DEFECT, "the transaction manager does not know its state", e);
        }
    }

    /** Commits the transaction of this thread. */
    public void commit()
            throws RollbackException, HeuristicMixedException, HeuristicRollbackException, SystemException {
        commit(Optional.empty());
    }

    /**
     * Commits the transaction of this thread, with a last act in the shared database as a part of it. When that or
     * anything before the decision fails, all is rolled back and the failure thrown.
     */
    public void commit(Optional<SqlAction> lastAct)
            throws RollbackException, HeuristicMixedException, HeuristicRollbackException, SystemException {
        Optional<TransactionScope> found = scope();
        if (found.isEmpty()) {
            manager.commit();
            return;
        }
        TransactionScope scope = found.get();
        try {
            if (manager.getStatus() == Status.STATUS_ACTIVE) {
                writeLastActs(scope, lastAct);
            }
            manager.commit();
        } catch (RollbackException | HeuristicMixedException | HeuristicRollbackException e) {
            if (!scope.isCommitted()) {
                throw e;
            }
            LOG.warn(
                    "Transaction {} is committed, and {} have yet to be told ({})",
                    scope.id(),
                    names(scope),
                    e.getMessage());
        } finally {
            running.remove(scope.id());
            if (scope.isDecisionWritten()) {
                onUnfinished.run();
            }
        }
    }

    private void writeLastActs(TransactionScope scope, Optional<SqlAction> lastAct) throws SystemException {
        try {
            boolean several = resources() - (scope.usesSharedDatabase() ? 1 : 0)
                    >= (scope.usesSharedDatabase() || lastAct.isPresent() ? 1 : 2);
            if (several) {
                scope.participants().forEach(Participant::requirePreparation);
            }
            if (several || lastAct.isPresent()) {
                try (Connection connection = shared.getConnection()) {
                    if (lastAct.isPresent()) {
                        lastAct.get().run(connection);
                    } else {
                        FencingToken token = fence.token();
                        NodeFence.guard(connection, token);
                    }
                    if (several) {
                        outcomes.decide(connection, scope.id(), identities(scope));
                        scope.decisionIsWritten();
                    }
                }
            }
        } catch (SQLException e) {
            manager.rollback();
            throw DatabaseErrors.of(e);
        } catch (RuntimeException | Error e) {
            manager.rollback();
            throw e;
        }
    }

    private int resources() throws SystemException {
        return ((TransactionImple) manager.getTransaction()).getResources().size();
    }

    private static List<String> names(TransactionScope scope) {
        return scope.participants().stream().map(Participant::name).toList();
    }

    private static List<String> identities(TransactionScope scope) {
        return scope.participants().stream().map(Participant::identity).toList();
    }

    /** Whether something of this cluster is prepared at the participant, which is asked for it. */
    public boolean hasPrepared(Participant participant) throws Exception {
        try (Participant.Scan scan = participant.scan()) {
            return scan.prepared().stream()
                    .flatMap(branch -> TransactionId.of(branch.xid()).stream())
                    .anyMatch(id -> id.owner().cluster().equals(owner.cluster()));
        }
    }

    /** Rolls the transaction of this thread back. */
    public void rollback() throws SystemException {
        Optional<TransactionScope> scope = scope();
        try {
            manager.rollback();
        } finally {
            scope.ifPresent(known -> running.remove(known.id()));
        }
    }

    /**
     * What became of a commit without an answer. Asks until the database answers: until then nobody may commit or roll
     * back the other parts. When this object is closed meanwhile it never returns, and another boot decides.
     */
    private boolean isCommittedForCertain(TransactionId id) {
        Duration pause = Duration.ofMillis(50);
        boolean interrupted = false;
        while (true) {
            try {
                boolean committed = outcomes.settle(id);
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
                return committed;
            } catch (SeraiException e) {
                LOG.warn("The outcome of transaction {} is not known yet: {}", id, e.text());
            }
            interrupted |= Thread.interrupted();
            LockSupport.parkNanos(pause.toNanos());
            while (closed) {
                LockSupport.park(this);
            }
            pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
        }
    }

    @Override
    public void close() {
        closed = true;
        TransactionReaper.terminate(false);
        shared.close();
    }
}
