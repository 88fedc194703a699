package io.serai.cluster.transaction;

import io.agroal.api.transaction.TransactionAware;
import io.agroal.api.transaction.TransactionIntegration;
import jakarta.transaction.RollbackException;
import jakarta.transaction.Status;
import jakarta.transaction.Synchronization;
import jakarta.transaction.SystemException;
import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.sql.SQLException;
import java.util.function.Predicate;
import javax.transaction.xa.XAResource;
import org.jboss.tm.TxUtils;
import org.jspecify.annotations.Nullable;

/** Joins connections to the shared database to the transaction of their thread, each transaction at most one. */
final class SharedEnlistment implements TransactionIntegration {
    private final TransactionManager transactions;
    private final TransactionSynchronizationRegistry registry;
    private final Predicate<TransactionId> outcome;

    SharedEnlistment(
            TransactionManager transactions,
            TransactionSynchronizationRegistry registry,
            Predicate<TransactionId> outcome) {
        this.transactions = transactions;
        this.registry = registry;
        this.outcome = outcome;
    }

    @Override
    public @Nullable TransactionAware getTransactionAware() throws SQLException {
        return switch (status()) {
            case Status.STATUS_ACTIVE, Status.STATUS_MARKED_ROLLBACK -> (TransactionAware) registry.getResource(this);
            case Status.STATUS_ROLLEDBACK -> throw new SQLException("The transaction was rolled back");
            default -> null;
        };
    }

    @Override
    public void associate(TransactionAware connection, @Nullable XAResource unused) throws SQLException {
        int status = status();
        if (status == Status.STATUS_ACTIVE || status == Status.STATUS_MARKED_ROLLBACK) {
            if (registry.getResource(this) == null) {
                enlist(connection);
            } else {
                connection.transactionStart();
            }
        }
        connection.transactionCheckCallback(this::isRunning);
    }

    private void enlist(TransactionAware connection) throws SQLException {
        TransactionScope scope = (TransactionScope) registry.getResource(TransactionScope.class);
        if (scope == null) {
            throw new SQLException("The transaction was not begun by Serai's transaction manager");
        }
        registry.registerInterposedSynchronization(new ReturnConnection(connection));
        registry.putResource(this, connection);
        SharedBranch branch = new SharedBranch(connection, scope, outcome);
        try {
            if (!transactions.getTransaction().enlistResource(branch)) {
                throw new SQLException("The connection could not join the transaction");
            }
        } catch (SystemException | RollbackException | IllegalStateException e) {
            throw new SQLException("The connection could not join the transaction: " + e.getMessage(), e);
        }
        scope.enlisted(branch);
    }

    @Override
    public boolean disassociate(TransactionAware connection) throws SQLException {
        if (status() == Status.STATUS_ACTIVE) {
            registry.putResource(this, null);
        }
        return true;
    }

    private boolean isRunning() throws SQLException {
        return switch (status()) {
            case Status.STATUS_ACTIVE,
                    Status.STATUS_MARKED_ROLLBACK,
                    Status.STATUS_PREPARING,
                    Status.STATUS_PREPARED,
                    Status.STATUS_COMMITTING,
                    Status.STATUS_ROLLING_BACK -> true;
            default -> false;
        };
    }

    private int status() throws SQLException {
        try {
            Transaction transaction = transactions.getTransaction();
            if (transaction == null && TxUtils.isTransactionManagerTimeoutThread()) {
                return Status.STATUS_ROLLING_BACK;
            }
            return transaction == null ? Status.STATUS_NO_TRANSACTION : transaction.getStatus();
        } catch (SystemException e) {
            throw new SQLException("The transaction cannot be asked for its state", e);
        }
    }

    @Override
    public void addResourceRecoveryFactory(ResourceRecoveryFactory factory) {
        // Nothing of this database is ever prepared.
    }

    @Override
    public void removeResourceRecoveryFactory(ResourceRecoveryFactory factory) {
        // Nothing was added.
    }

    private record ReturnConnection(TransactionAware connection) implements Synchronization {
        @Override
        public void beforeCompletion() {
            // The connection is used until the end.
        }

        @Override
        public void afterCompletion(int status) {
            try {
                connection.transactionEnd();
            } catch (SQLException e) {
                connection.setFlushOnly();
            }
        }
    }
}
