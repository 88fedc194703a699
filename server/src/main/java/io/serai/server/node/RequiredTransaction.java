package io.serai.server.node;

import jakarta.transaction.Status;
import jakarta.transaction.TransactionManager;
import org.apache.camel.jta.JtaTransactionPolicy;

/**
 * What {@code transacted()} means in a route: the steps join the transaction of the thread, or have one of their own that
 * is committed when they succeed and rolled back when they fail.
 */
final class RequiredTransaction extends JtaTransactionPolicy {
    private final TransactionManager transactions;

    RequiredTransaction(TransactionManager transactions) {
        this.transactions = transactions;
    }

    @Override
    public void run(Runnable steps) throws Throwable {
        if (transactions.getStatus() != Status.STATUS_NO_TRANSACTION) {
            steps.run();
            return;
        }
        transactions.begin();
        try {
            steps.run();
        } catch (Throwable failure) { // whatever the steps threw, the transaction must not stay on this thread
            transactions.rollback();
            throw failure;
        }
        if (transactions.getStatus() == Status.STATUS_MARKED_ROLLBACK) {
            transactions.rollback();
            throw new IllegalStateException("a step marked the transaction for rollback");
        }
        transactions.commit();
    }
}
