package io.serai.cluster.transaction;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.config.name.NodeName;
import io.serai.config.secret.SecretText;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import javax.sql.DataSource;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;

/**
 * A node of its own process that writes "both" into two databases in one transaction and says where it is: it waits
 * when the other database is prepared and nothing decided ("prepared"), or when all is decided and the other database
 * does not know ("decided").
 */
final class TransactingNode {
    private TransactingNode() {}

    public static void main(String[] arguments) throws Exception {
        SecretText password = new SecretText(System.getenv("DATABASE_PASSWORD"));
        DatabaseSettings shared = DatabaseSettings.of(arguments[0], arguments[2], password, "child");
        DatabaseSettings other = DatabaseSettings.of(arguments[1], arguments[2], password, "child");
        NodeName name = new NodeName(arguments[3]);
        FencingToken token = new FencingToken(name, Long.parseLong(arguments[5]));
        Fence fence = () -> token;
        Duration wait = Duration.parse(arguments[7]);
        Transactions transactions = new Transactions(new Database(shared), fence, name, UUID.fromString(arguments[4]));
        PostgresParticipant second = new PostgresParticipant("second", other, transactions);
        transactions.begin();
        boolean waitsWhenPrepared = arguments[6].equals("prepared");
        if (!waitsWhenPrepared) {
            enlist(transactions, new Waits(Duration.ZERO, wait));
        }
        write(second.dataSource());
        write(transactions.dataSource());
        if (waitsWhenPrepared) {
            enlist(transactions, new Waits(wait, Duration.ZERO));
        }
        try {
            transactions.commit();
            say("outcome committed");
        } catch (Exception e) {
            say("outcome " + e);
        }
        Thread.sleep(Duration.ofMinutes(1).toMillis());
    }

    private static void enlist(Transactions transactions, XAResource resource) throws Exception {
        transactions.manager().getTransaction().enlistResource(resource);
    }

    private static void write(DataSource source) throws Exception {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("insert into note values ('both')");
        }
    }

    private static void say(String line) {
        System.out.println(line);
    }

    private record Waits(Duration inPrepare, Duration inCommit) implements XAResource {
        private static void await(String where, Duration time) {
            if (!time.isZero()) {
                say(where);
                try {
                    Thread.sleep(time.toMillis());
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }

        @Override
        public int prepare(Xid xid) {
            await("prepared", inPrepare);
            return XA_OK;
        }

        @Override
        public void commit(Xid xid, boolean onePhase) {
            await("decided", inCommit);
        }

        @Override
        public void start(Xid xid, int flags) {}

        @Override
        public void end(Xid xid, int flags) {}

        @Override
        public void rollback(Xid xid) {}

        @Override
        public void forget(Xid xid) {}

        @Override
        public Xid[] recover(int flag) {
            return new Xid[0];
        }

        @Override
        public boolean isSameRM(XAResource other) {
            return false;
        }

        @Override
        public int getTransactionTimeout() {
            return 0;
        }

        @Override
        public boolean setTransactionTimeout(int seconds) {
            return false;
        }
    }
}
