package io.serai.route.resource;

import io.serai.cluster.transaction.Participant;
import io.serai.cluster.transaction.Transactions;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.RouteResource;
import io.serai.config.secret.SecretText;
import jakarta.jms.Connection;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSContext;
import jakarta.jms.JMSException;
import jakarta.jms.XAConnection;
import jakarta.jms.XASession;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory;
import org.apache.activemq.artemis.jms.client.ActiveMQXAConnectionFactory;
import org.jspecify.annotations.Nullable;
import org.messaginghub.pooled.jms.JmsPoolConnectionFactory;
import org.messaginghub.pooled.jms.JmsPoolXAConnectionFactory;

/** An Artemis message broker: a bounded pool of connections whose sessions join the transaction of their thread. */
final class ArtemisBroker implements Participant, AutoCloseable {
    private static final int SESSIONS_A_CONNECTION = 100;

    private final String name;
    private final RouteResource resource;
    private final Transactions transactions;
    private final JmsPoolConnectionFactory pool;

    /** @throws SeraiException INVALID when the broker's client does not understand the address; nothing connects */
    static void requireAddress(String url) {
        int end = url.indexOf(')');
        boolean several = url.startsWith("(") && end > 0;
        List<String> brokers = several ? List.of(url.substring(1, end).split(",", -1)) : List.of(url);
        try {
            new ActiveMQConnectionFactory(url).close();
            if (brokers.stream().map(URI::create).allMatch(ArtemisBroker::namesABroker)) {
                return;
            }
        } catch (RuntimeException e) { // whatever the parser thinks of it
            throw notUnderstood(url, e);
        }
        throw notUnderstood(url, null);
    }

    /** The client itself takes an address without a host, and fails when it connects. */
    private static boolean namesABroker(URI address) {
        return "tcp".equals(address.getScheme())
                && address.getHost() != null
                && address.getPort() > 0
                && address.getPort() <= 65_535;
    }

    private static SeraiException notUnderstood(String url, @Nullable Throwable cause) {
        return new SeraiException(
                ErrorCode.INVALID,
                "the Artemis client does not understand \"" + url
                        + "\"; write tcp://HOST:61616, with several brokers (tcp://HOST:61616,tcp://HOST:61616)",
                cause);
    }

    /** Nothing connects before it is used. */
    ArtemisBroker(String name, RouteResource resource, Transactions transactions) {
        this.name = name;
        this.resource = resource;
        this.transactions = transactions;
        this.pool = resource.xa() ? xaPool(transactions) : new JmsPoolConnectionFactory();
        pool.setConnectionFactory(resource.xa() ? xaFactory() : factoryOfBroker());
        pool.setMaxConnections(resource.connections());
        pool.setMaxSessionsPerConnection(SESSIONS_A_CONNECTION);
        pool.setBlockIfSessionPoolIsFull(true);
        pool.setBlockIfSessionPoolIsFullTimeout(resource.timeout().toMillis());
        pool.start();
    }

    private static JmsPoolXAConnectionFactory xaPool(Transactions transactions) {
        JmsPoolXAConnectionFactory made = new JmsPoolXAConnectionFactory();
        made.setTransactionManager(transactions.manager());
        return made;
    }

    private ActiveMQConnectionFactory factoryOfBroker() {
        return limited(new ActiveMQConnectionFactory(
                resource.url(),
                resource.user().orElse(null),
                resource.password().map(SecretText::reveal).orElse(null)));
    }

    private ActiveMQXAConnectionFactory xaFactory() {
        ActiveMQXAConnectionFactory made = new ActiveMQXAConnectionFactory(resource.url());
        resource.user().ifPresent(made::setUser);
        resource.password().map(SecretText::reveal).ifPresent(made::setPassword);
        return limited(made);
    }

    private <T extends ActiveMQConnectionFactory> T limited(T made) {
        made.setCallTimeout(resource.timeout().toMillis());
        made.setDeserializationAllowList("java.lang.String");
        return made;
    }

    ConnectionFactory factory() {
        return resource.xa() ? new JoiningFactory() : pool;
    }

    /** Tells who joins the transaction of a thread. */
    private final class JoiningFactory implements ConnectionFactory {
        private ConnectionFactory joined() {
            transactions.join(ArtemisBroker.this);
            return pool;
        }

        @Override
        public Connection createConnection() throws JMSException {
            return joined().createConnection();
        }

        @Override
        public Connection createConnection(String user, String password) throws JMSException {
            return joined().createConnection(user, password);
        }

        @Override
        public JMSContext createContext() {
            return joined().createContext();
        }

        @Override
        public JMSContext createContext(String user, String password) {
            return joined().createContext(user, password);
        }

        @Override
        public JMSContext createContext(String user, String password, int sessionMode) {
            return joined().createContext(user, password, sessionMode);
        }

        @Override
        public JMSContext createContext(int sessionMode) {
            return joined().createContext(sessionMode);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String identity() {
        return name + " at " + resource.url();
    }

    @Override
    public void requirePreparation() {
        // A broker can always prepare.
    }

    @Override
    public Scan scan() throws JMSException {
        ActiveMQXAConnectionFactory single = xaFactory();
        try {
            XAConnection connection = single.createXAConnection();
            try {
                return new BrokerScan(single, connection, connection.createXASession());
            } catch (JMSException e) {
                connection.close();
                throw e;
            }
        } catch (JMSException e) {
            single.close();
            throw e;
        }
    }

    private record BrokerScan(ActiveMQXAConnectionFactory factory, XAConnection connection, XASession session)
            implements Scan {
        @Override
        public List<Branch> prepared() throws XAException {
            Xid[] found = session.getXAResource().recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN);
            return Stream.of(found)
                    .map(xid -> new Branch(xid, Optional.empty()))
                    .toList();
        }

        @Override
        public void commit(Xid branch) throws XAException {
            session.getXAResource().commit(branch, false);
        }

        @Override
        public void rollback(Xid branch) throws XAException {
            session.getXAResource().rollback(branch);
        }

        @Override
        public void close() {
            try {
                session.close();
                connection.close();
            } catch (JMSException e) {
                throw new SeraiException(ErrorCode.SITE_FAILED, "the broker's connection did not close", e);
            } finally {
                factory.close();
            }
        }
    }

    @Override
    public void close() {
        pool.stop();
    }
}
