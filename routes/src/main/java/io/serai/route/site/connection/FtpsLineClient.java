package io.serai.route.site.connection;

import io.serai.config.object.Site;
import java.io.IOException;
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

/**
 * The FTPS client that Camel's endpoint is given: all its sockets are the line's, and its data connections resume the
 * control connection's TLS session, which servers ask for so that nobody else can take a data connection over.
 */
final class FtpsLineClient extends FTPSClient {
    private final Site site;
    private final SSLContext context;
    private final LineSockets sockets;

    FtpsLineClient(Site site, SSLContext context, Line line) {
        super(site.tlsMode() == Site.TlsMode.IMPLICIT, context);
        this.site = site;
        this.context = context;
        this.sockets = new LineSockets(line);
        setSocketFactory(sockets);
        setEndpointCheckingEnabled(true);
        setControlEncoding("UTF-8");
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
        return wrapped;
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
