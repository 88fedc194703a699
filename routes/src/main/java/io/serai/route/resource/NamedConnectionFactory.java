package io.serai.route.resource;

import jakarta.jms.Connection;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSContext;
import jakarta.jms.JMSException;

/** The connection factory that has a name when it is used. */
final class NamedConnectionFactory implements ConnectionFactory {
    private final String name;
    private final RouteResources resources;

    NamedConnectionFactory(String name, RouteResources resources) {
        this.name = name;
        this.resources = resources;
    }

    private ConnectionFactory now() {
        return resources.factory(name);
    }

    @Override
    public Connection createConnection() throws JMSException {
        return now().createConnection();
    }

    @Override
    public Connection createConnection(String user, String password) throws JMSException {
        return now().createConnection(user, password);
    }

    @Override
    public JMSContext createContext() {
        return now().createContext();
    }

    @Override
    public JMSContext createContext(String user, String password) {
        return now().createContext(user, password);
    }

    @Override
    public JMSContext createContext(String user, String password, int sessionMode) {
        return now().createContext(user, password, sessionMode);
    }

    @Override
    public JMSContext createContext(int sessionMode) {
        return now().createContext(sessionMode);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NamedConnectionFactory named && named.name.equals(name) && named.resources == resources;
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return "ConnectionFactory " + name;
    }
}
