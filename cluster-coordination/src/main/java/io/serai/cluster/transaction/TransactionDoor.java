package io.serai.cluster.transaction;

import jakarta.transaction.HeuristicMixedException;
import jakarta.transaction.HeuristicRollbackException;
import jakarta.transaction.InvalidTransactionException;
import jakarta.transaction.NotSupportedException;
import jakarta.transaction.RollbackException;
import jakarta.transaction.SystemException;
import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import jakarta.transaction.UserTransaction;
import org.jspecify.annotations.Nullable;

/** The standard interfaces of JTA to {@link Transactions}, so that what others begin is decided in the same way. */
public final class TransactionDoor implements TransactionManager, UserTransaction {
    private final Transactions transactions;

    TransactionDoor(Transactions transactions) {
        this.transactions = transactions;
    }

    @Override
    public void begin() throws NotSupportedException, SystemException {
        transactions.begin();
    }

    @Override
    public void commit()
            throws RollbackException, HeuristicMixedException, HeuristicRollbackException, SystemException {
        transactions.commit();
    }

    @Override
    public void rollback() throws SystemException {
        transactions.rollback();
    }

    @Override
    public int getStatus() throws SystemException {
        return transactions.manager().getStatus();
    }

    @Override
    public @Nullable Transaction getTransaction() throws SystemException {
        return transactions.manager().getTransaction();
    }

    @Override
    public void setRollbackOnly() throws SystemException {
        transactions.manager().setRollbackOnly();
    }

    @Override
    public void setTransactionTimeout(int seconds) throws SystemException {
        transactions.manager().setTransactionTimeout(seconds);
    }

    @Override
    public @Nullable Transaction suspend() throws SystemException {
        return transactions.manager().suspend();
    }

    @Override
    public void resume(Transaction transaction) throws InvalidTransactionException, SystemException {
        transactions.manager().resume(transaction);
    }
}
