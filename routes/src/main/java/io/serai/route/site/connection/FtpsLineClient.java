package io.serai.route.site.connection;

import io.serai.config.object.Site;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.apache.commons.net.ftp.FTPSClient;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The FTPS client that Camel's endpoint is given: all its sockets are the line's, and its data connections resume the
 * control connection's TLS session, which servers ask for so that nobody else can take a data connection over.
 */
final class FtpsLineClient extends FTPSClient {
    private static final Logger LOG = LoggerFactory.getLogger(FtpsLineClient.class);
    private static final int WAIT_FOR_TICKET_MILLIS = 5_000;

    private final Site site;
    private final SSLContext context;
    private final LineSockets sockets;
    private @Nullable SSLSocket data;

    FtpsLineClient(Site site, SSLContext context, Line line) {
        super(site.tlsMode() == Site.TlsMode.IMPLICIT, context);
        this.site = site;
        this.context = context;
        this.sockets = new LineSockets(line);
        setSocketFactory(sockets);
        setEndpointCheckingEnabled(true);
        setControlEncoding("UTF-8");
    }

    /** Behind a proxy the name is not resolved here, and data connections go to where the control connection went. */
    @Override
    public void connect(String hostname, int port) throws IOException {
        if (sockets.line.isDirect()) {
            super.connect(hostname, port);
        } else {
            setUseEPSVwithIPv4(true);
            connect(sockets.line.standIn(), port);
        }
    }

    /** The library forgets where its sockets come from here, and the next ones would leave by no proxy and no line. */
    @Override
    public void disconnect() throws IOException {
        try {
            super.disconnect();
        } finally {
            setSocketFactory(sockets);
        }
    }

    /** The name that the certificate must bear, however the connection was made. */
    @Override
    protected void _connectAction_() throws IOException {
        _hostname_ = site.host();
        super._connectAction_();
    }

    /** Data connections begin as plain sockets of the line here and are wrapped when they are connected. */
    @Override
    public void execPROT(String level) throws SSLException, IOException {
        super.execPROT(level);
        setSocketFactory(sockets);
    }

    @Override
    protected @Nullable Socket _openDataConnection_(String command, String argument) throws IOException {
        Socket plain = super._openDataConnection_(command, argument);
        if (plain == null) {
            return null;
        }
        // Under the control connection's host and port the session is found and resumed.
        sockets.line.showPort(plain, site.port());
        SSLSocket wrapped = (SSLSocket) context.getSocketFactory().createSocket(plain, site.host(), site.port(), true);
        wrapped.setUseClientMode(true);
        SSLParameters parameters = wrapped.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        wrapped.setSSLParameters(parameters);
        wrapped.setSoTimeout(Math.toIntExact(site.timeout().toMillis()));
        wrapped.startHandshake();
        data = wrapped;
        return wrapped;
    }

    /**
     * Ends the sending direction of the data connection and reads the other one to its end. TLS 1.3 resumes a session
     * by a ticket that is good for once, and the ticket for the next data connection is among what the server sent on
     * this one, where an upload reads nothing else.
     */
    void endUpload() {
        SSLSocket socket = data;
        if (socket == null || !socket.getSession().getProtocol().equals("TLSv1.3")) {
            return;
        }
        try {
            socket.shutdownOutput();
            socket.setSoTimeout(WAIT_FOR_TICKET_MILLIS);
            InputStream rest = socket.getInputStream();
            byte[] ignored = new byte[1024];
            while (rest.read(ignored) >= 0) {
                LOG.debug("Site {} sends on a data connection that it should only read", site.name());
            }
        } catch (IOException e) {
            // Whether the file arrived is what the server's reply says; without a ticket it may refuse the next one.
            LOG.debug("Site {} did not end the data connection", site.name(), e);
        }
    }

    /** Hands out sockets of the line, which the client connects itself. */
    private static final class LineSockets extends SocketFactory {
        private final Line line;

        LineSockets(Line line) {
            this.line = line;
        }

        @Override
        public Socket createSocket() throws IOException {
            return line.newSocket();
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            throw new UnknownHostException("sockets are connected by the client");
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
            throw new UnknownHostException("sockets are connected by the client");
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            throw new UnknownHostException("sockets are connected by the client");
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
            throw new UnknownHostException("sockets are connected by the client");
        }
    }
}
