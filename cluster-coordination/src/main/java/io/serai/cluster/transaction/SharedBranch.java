package io.serai.cluster.transaction;

import io.agroal.api.transaction.TransactionAware;
import io.serai.cluster.database.DatabaseErrors;
import io.serai.config.error.ErrorCode;
import java.sql.SQLException;
import java.util.function.Predicate;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.jboss.tm.LastResource;

/**
 * The shared database's part in a transaction: never prepared, and committed after all others are. Its commit is the
 * decision. A commit without an answer is asked about until the database says what happened, for the others must neither
 * be committed nor rolled back before.
 */
final class SharedBranch implements XAResource, LastResource {
    private final TransactionAware connection;
    private final TransactionScope scope;
    private final Predicate<TransactionId> outcome;
    private boolean committed;

    /** @param outcome whether a transaction was committed; returns when that is certain */
    SharedBranch(TransactionAware connection, TransactionScope scope, Predicate<TransactionId> outcome) {
        this.connection = connection;
        this.scope = scope;
        this.outcome = outcome;
    }

    boolean isCommitted() {
        return committed;
    }

    @Override
    public void start(Xid xid, int flags) throws XAException {
        if (flags == TMNOFLAGS) {
            try {
                connection.transactionStart();
            } catch (SQLException e) {
                connection.setFlushOnly();
                throw failure(XAException.XAER_RMFAIL, e);
            }
        }
    }

    @Override
    public void end(Xid xid, int flags) {
        // Nothing is prepared, so there is nothing to tell the database.
    }

    @Override
    public int prepare(Xid xid) {
        return XA_OK;
    }

    @Override
    public void commit(Xid xid, boolean onePhase) throws XAException {
        try {
            connection.transactionBeforeCompletion(true);
            connection.transactionCommit();
        } catch (SQLException e) {
            connection.setFlushOnly();
            boolean unknown = DatabaseErrors.ofCommit(e).code() == ErrorCode.UNKNOWN_OUTCOME;
            if (!unknown || !scope.isDecisionWritten() || !outcome.test(scope.id())) {
                throw failure(XAException.XA_RBROLLBACK, e);
            }
        }
        committed = true;
    }

    @Override
    public void rollback(Xid xid) throws XAException {
        try {
            connection.transactionBeforeCompletion(false);
            connection.transactionRollback();
        } catch (SQLException e) {
            connection.setFlushOnly();
            throw failure(XAException.XAER_RMFAIL, e);
        }
    }

    @Override
    public void forget(Xid xid) {
        // There are no heuristic outcomes here.
    }

    @Override
    public Xid[] recover(int flag) {
        return new Xid[0];
    }

    @Override
    public boolean isSameRM(XAResource other) {
        return this == other;
    }

    @Override
    public int getTransactionTimeout() {
        return 0;
    }

    @Override
    public boolean setTransactionTimeout(int seconds) {
        return false;
    }

    private static XAException failure(int code, SQLException cause) {
        XAException failure = new XAException(code);
        failure.initCause(cause);
        return failure;
    }
}
