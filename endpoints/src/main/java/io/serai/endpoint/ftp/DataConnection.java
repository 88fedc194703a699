package io.serai.endpoint.ftp;

import io.serai.endpoint.tls.TlsIdentity;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data connection of one transfer: a passive port that waits for the client and, after {@link #open}, the stream.
 * Used by the transfer's thread; {@link #breakOff} may be called by any.
 */
final class DataConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DataConnection.class);
    private static final int LINGER_MILLIS = 5_000;

    private final ServerSocket waiting;
    private final InetAddress client;
    private final Duration timeout;
    private volatile @Nullable Socket tcp;
    private volatile boolean isBroken;
    private @Nullable EndNotingSocket noting;
    private @Nullable Socket stream;

    DataConnection(ServerSocket waiting, InetAddress client, Duration timeout) {
        this.waiting = waiting;
        this.client = client;
        this.timeout = timeout;
    }

    int port() {
        return waiting.getLocalPort();
    }

    /**
     * Waits for the client's connection, and for its TLS handshake if there is a context. Connections from elsewhere than
     * the control connection are closed.
     */
    void open(Optional<SSLContext> tls) throws IOException {
        int millis = (int) timeout.toMillis();
        long deadline = System.nanoTime() + timeout.toNanos();
        Socket accepted;
        while (true) {
            waiting.setSoTimeout((int) Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
            accepted = waiting.accept();
            if (accepted.getInetAddress().equals(client)) {
                break;
            }
            accepted.close();
        }
        tcp = accepted;
        waiting.close();
        if (isBroken) {
            throw new SocketException("Broken off");
        }
        accepted.setTcpNoDelay(true);
        accepted.setSoTimeout(millis);
        stream = tls.isPresent() ? handshake(tls.get(), accepted) : accepted;
    }

    private SSLSocket handshake(SSLContext context, Socket accepted) throws IOException {
        noting = new EndNotingSocket(accepted);
        SSLSocket socket = (SSLSocket)
                context.getSocketFactory().createSocket(noting, client.getHostAddress(), accepted.getPort(), true);
        socket.setUseClientMode(false);
        socket.setEnabledProtocols(TlsIdentity.protocols().toArray(String[]::new));
        socket.setEnabledCipherSuites(TlsIdentity.suites().toArray(String[]::new));
        socket.startHandshake();
        return socket;
    }

    InputStream in() throws IOException {
        return opened().getInputStream();
    }

    OutputStream out() throws IOException {
        return opened().getOutputStream();
    }

    /** After the end of {@link #in}: whether the client ended the stream, rather than someone cut it off. */
    boolean wasEndedByClient() {
        return !isBroken && (noting == null || !noting.hasEnded());
    }

    /** Says that everything was sent, and gives the client a moment to take it before the connection is gone. */
    void finish() throws IOException {
        Socket socket = opened();
        socket.shutdownOutput();
        Socket connection = tcp;
        if (connection != null) {
            try {
                connection.setSoTimeout(LINGER_MILLIS);
                // What the client still sends says nothing: it ends TLS in its own way, or just hangs up.
                byte[] ignored = new byte[1024];
                InputStream rest = connection.getInputStream();
                for (int reads = 0; reads < 16 && rest.read(ignored) >= 0; reads++) {
                    continue;
                }
            } catch (IOException e) {
                return;
            }
        }
    }

    /** Ends the connection at once, whatever its thread is doing. */
    void breakOff() {
        isBroken = true;
        closeQuietly(waiting);
        Socket connection = tcp;
        if (connection != null) {
            closeQuietly(connection);
        }
    }

    @Override
    public void close() {
        closeQuietly(waiting);
        if (stream != null) {
            closeQuietly(stream);
        }
        Socket connection = tcp;
        if (connection != null) {
            closeQuietly(connection);
        }
    }

    private Socket opened() {
        if (stream == null) {
            throw new IllegalStateException("The data connection is not open");
        }
        return stream;
    }

    private static void closeQuietly(AutoCloseable socket) {
        try {
            socket.close();
        } catch (Exception e) {
            LOG.debug("Closing a data connection: {}", e.toString());
        }
    }
}
