package io.serai.cluster.transaction;

import io.serai.cluster.database.Database;
import io.serai.cluster.database.DatabaseSettings;
import io.serai.cluster.node.Fence;
import io.serai.cluster.node.FencingToken;
import io.serai.config.name.NodeName;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.Statement;
import java.util.UUID;
import javax.sql.DataSource;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;

/**
 * A node of its own process that writes "both" into two databases in one transaction and says where it is: it waits
 * when the other database is prepared and nothing decided ("prepared"), or when all is decided and the other database
 * does not know ("decided"). A line on its standard input lets it go on.
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
        Transactions transactions = new Transactions(new Database(shared), fence, name, UUID.fromString(arguments[4]));
        PostgresParticipant second = new PostgresParticipant("second", other, transactions);
        transactions.begin();
        boolean waitsWhenPrepared = arguments[6].equals("prepared");
        if (!waitsWhenPrepared) {
            enlist(transactions, new Waits("decided"));
        }
        write(second.dataSource());
        write(transactions.dataSource());
        if (waitsWhenPrepared) {
            enlist(transactions, new Waits("prepared"));
        }
        try {
            transactions.commit();
            say("outcome committed");
        } catch (Exception e) {
            say("outcome " + e);
        }
        awaitLine();
    }

    /** Until the test says something, or is gone. */
    private static void awaitLine() throws IOException {
        for (int c = System.in.read(); c != '\n' && c >= 0; ) {
            c = System.in.read();
        }
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

    /** A resource that waits for a line in its prepare or its commit. */
    private record Waits(String where) implements XAResource {
        private void await(String here) {
            if (here.equals(where)) {
                say(here);
                try {
                    awaitLine();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }

        @Override
        public int prepare(Xid xid) {
            await("prepared");
            return XA_OK;
        }

        @Override
        public void commit(Xid xid, boolean onePhase) {
            await("decided");
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
