package io.serai.edge.component;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Protocol;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/**
 * Ask a server what partners ask at this edge: logins, listings, uploads and downloads, over the links that servers have
 * opened; or, as the beginning of a route, pass partners' connections to a server as they are.
 *
 * <p>The body must be a PartnerOperation; the server's reply becomes the body, and its refusal the exchange's exception. A
 * route that begins here runs once for each connection, before a byte of it is read; its exception refuses the connection.
 */
@UriEndpoint(
        firstVersion = "0.2.0",
        scheme = "relay",
        title = "Relay",
        syntax = "relay:zone",
        category = {Category.FILE, Category.NETWORKING})
public class RelayEndpoint extends DefaultEndpoint {
    @UriPath(description = "The name by which this edge knows its servers")
    @Metadata(required = true)
    private final String zone;

    @UriParam(
            description =
                    "What is relayed: what partners ask (SESSIONS), or their connections as they are (TCP), with which a"
                            + " route begins",
            defaultValue = "SESSIONS")
    private Mode mode = Mode.SESSIONS;

    @UriParam(label = "consumer", description = "The listener's name, by which servers know which of theirs is meant")
    private String listener = "";

    @UriParam(label = "consumer", description = "What partners speak with the server", defaultValue = "SFTP")
    private Protocol protocol = Protocol.SFTP;

    @UriParam(label = "consumer", description = "The address to listen on", defaultValue = "0.0.0.0")
    private String bindAddress = "0.0.0.0";

    @UriParam(label = "consumer", description = "The port to listen on; 0 takes a free one")
    private int port;

    @UriParam(label = "consumer", description = "The most connections at one time", defaultValue = "1000")
    private int maxConnections = 1_000;

    @UriParam(
            label = "consumer",
            description =
                    "The load balancers in front, as networks or addresses separated by commas; then only they may connect,"
                            + " and each connection must begin with a header of the PROXY protocol, version 2")
    private String proxyProtocolFrom = "";

    /** What is relayed. */
    public enum Mode {
        SESSIONS,
        TCP
    }

    public RelayEndpoint(String uri, RelayComponent component, String zone) {
        super(uri, component);
        this.zone = zone;
    }

    public String getZone() {
        return zone;
    }

    @Override
    public Producer createProducer() {
        if (mode == Mode.TCP) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "relay: with mode=TCP passes on connections that it takes itself; begin a route with it");
        }
        return new RelayProducer(this);
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        if (mode != Mode.TCP) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "relay: asks servers and cannot begin a route, but for mode=TCP; use it as the last to: of a listener's"
                            + " route");
        }
        if (listener.isEmpty()) {
            throw new SeraiException(
                    ErrorCode.INVALID, "relay: with mode=TCP needs listener=NAME, the name that servers know it by");
        }
        RelayConsumer consumer = new RelayConsumer(this, processor);
        configureConsumer(consumer);
        return consumer;
    }

    public Mode getMode() {
        return mode;
    }

    public void setMode(Mode mode) {
        this.mode = mode;
    }

    public String getListener() {
        return listener;
    }

    public void setListener(String listener) {
        this.listener = listener;
    }

    public Protocol getProtocol() {
        return protocol;
    }

    public void setProtocol(Protocol protocol) {
        this.protocol = protocol;
    }

    public String getBindAddress() {
        return bindAddress;
    }

    public void setBindAddress(String bindAddress) {
        this.bindAddress = bindAddress;
    }

    public int getPort() {
        return port;
    }

    public void setPort(int port) {
        this.port = port;
    }

    public int getMaxConnections() {
        return maxConnections;
    }

    public void setMaxConnections(int maxConnections) {
        this.maxConnections = maxConnections;
    }

    public String getProxyProtocolFrom() {
        return proxyProtocolFrom;
    }

    public void setProxyProtocolFrom(String proxyProtocolFrom) {
        this.proxyProtocolFrom = proxyProtocolFrom;
    }
}
