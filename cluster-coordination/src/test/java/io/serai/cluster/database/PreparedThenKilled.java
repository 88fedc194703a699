package io.serai.cluster.database;

import io.serai.config.name.NodeName;
import io.serai.config.secret.SecretText;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;

/** A program that writes with two resources and dies when both are prepared and the log is written. */
final class PreparedThenKilled {
    private PreparedThenKilled() {}

    public static void main(String[] arguments) throws Exception {
        DatabaseSettings settings = DatabaseSettings.of(
                arguments[0], arguments[1], new SecretText(System.getenv("DATABASE_PASSWORD")), "child");
        Transactions transactions =
                new Transactions(settings, Path.of(arguments[2]), new NodeName("node"), Duration.ofSeconds(10));
        transactions.transactionManager().begin();
        // Enlisted first, so it is committed first: the database is still prepared when this process dies.
        transactions.transactionManager().getTransaction().enlistResource(new DiesAtCommit());
        try (Connection connection = transactions.xaDataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("insert into note values ('survives')");
        }
        transactions.transactionManager().commit();
    }

    private static final class DiesAtCommit implements XAResource {
        @Override
        public void commit(Xid xid, boolean onePhase) {
            Runtime.getRuntime().halt(9);
        }

        @Override
        public void end(Xid xid, int flags) {}

        @Override
        public void forget(Xid xid) {}

        @Override
        public int getTransactionTimeout() {
            return 0;
        }

        @Override
        public boolean isSameRM(XAResource other) {
            return false;
        }

        @Override
        public int prepare(Xid xid) {
            return XA_OK;
        }

        @Override
        public Xid[] recover(int flag) {
            return new Xid[0];
        }

        @Override
        public void rollback(Xid xid) throws XAException {
            throw new XAException(XAException.XAER_RMERR);
        }

        @Override
        public boolean setTransactionTimeout(int seconds) {
            return false;
        }

        @Override
        public void start(Xid xid, int flags) {}
    }
}
