package io.serai.endpoint.ftp;

import io.serai.endpoint.tls.TlsIdentity;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data connection of one transfer: a passive port that waits for the client and, after {@link #open}, the stream.
 *
 * <p>Some clients (curl) connect and begin TLS as soon as they know the port, and go on with SIZE and RETR only when they
 * have looked in vain for an answer for a while; hence {@link #expect} takes the connection, and answers its TLS, before
 * the command that uses it. Others begin TLS only after the reply 150, and come later all the same.
 *
 * <p>Used by the transfer's thread, and before by that of {@link #expect}; {@link #breakOff} and {@link #close} may be
 * called by any.
 */
final class DataConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DataConnection.class);
    private static final int LINGER_MILLIS = 5_000;

    private final ServerSocket waiting;
    private final BalancedClients clients;
    private final InetAddress client;
    private final Duration timeout;
    private volatile @Nullable Socket tcp;
    private volatile boolean isBroken;
    private volatile @Nullable EndNotingSocket noting;
    private volatile @Nullable Socket stream;
    private volatile @Nullable CompletableFuture<SSLSocket> early;

    DataConnection(ServerSocket waiting, BalancedClients clients, InetAddress client, Duration timeout) {
        this.waiting = waiting;
        this.clients = clients;
        this.client = client;
        this.timeout = timeout;
    }

    int port() {
        return waiting.getLocalPort();
    }

    /**
     * Waits for the client's connection and its TLS handshake on a thread of this executor; when it has none free, {@link
     * #open} does all of it.
     *
     * @param patience how long the client may keep an open connection before it uses it
     */
    void expect(SSLContext tls, Duration patience, Executor threads) {
        CompletableFuture<SSLSocket> coming = new CompletableFuture<>();
        early = coming;
        try {
            threads.execute(() -> {
                try {
                    coming.complete(handshake(tls, accept(patience), patience));
                } catch (IOException | RuntimeException e) {
                    coming.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            early = null;
        }
    }

    /**
     * Waits for the client's connection, and for its TLS handshake if there is a context. Connections from elsewhere than
     * the control connection are closed.
     */
    void open(Optional<SSLContext> tls) throws IOException {
        CompletableFuture<SSLSocket> coming = early;
        if (coming != null && tls.isEmpty()) {
            throw new SocketException("The data connection was prepared for TLS");
        }
        if (coming != null) {
            stream = await(coming);
        } else {
            Socket accepted = accept(timeout);
            stream = tls.isPresent() ? handshake(tls.get(), accepted, timeout) : accepted;
        }
        if (isBroken) {
            throw new SocketException("Broken off");
        }
        Socket connection = tcp;
        if (connection != null) {
            connection.setSoTimeout((int) timeout.toMillis());
        }
    }

    private SSLSocket await(CompletableFuture<SSLSocket> coming) throws IOException {
        try {
            return coming.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException("The data connection failed: " + e.getMessage(), e);
        } catch (TimeoutException e) {
            throw new SocketTimeoutException("No data connection");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SocketException("Interrupted");
        }
    }

    private Socket accept(Duration patience) throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        Socket accepted;
        while (true) {
            waiting.setSoTimeout((int) Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
            accepted = waiting.accept();
            if (isTheClients(accepted)) {
                break;
            }
            accepted.close();
        }
        tcp = accepted;
        waiting.close();
        if (isBroken) {
            closeQuietly(accepted);
            throw new SocketException("Broken off");
        }
        accepted.setTcpNoDelay(true);
        return accepted;
    }

    private boolean isTheClients(Socket accepted) {
        try {
            return clients.dataClient(accepted).equals(client);
        } catch (IOException e) {
            LOG.info("A data connection from {} is refused: {}", accepted.getInetAddress(), e.getMessage());
            return false;
        }
    }

    private SSLSocket handshake(SSLContext context, Socket accepted, Duration patience) throws IOException {
        accepted.setSoTimeout((int) patience.toMillis());
        EndNotingSocket noted = new EndNotingSocket(accepted);
        noting = noted;
        SSLSocket socket = (SSLSocket)
                context.getSocketFactory().createSocket(noted, client.getHostAddress(), accepted.getPort(), true);
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
        EndNotingSocket noted = noting;
        return !isBroken && (noted == null || !noted.hasEnded());
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
        Socket opened = stream;
        if (opened != null) {
            closeQuietly(opened);
        }
        isBroken = true; // a connection that comes at this moment is dropped by whoever accepts it
        Socket connection = tcp;
        if (connection != null) {
            closeQuietly(connection);
        }
    }

    private Socket opened() {
        Socket opened = stream;
        if (opened == null) {
            throw new IllegalStateException("The data connection is not open");
        }
        return opened;
    }

    private static void closeQuietly(AutoCloseable socket) {
        try {
            socket.close();
        } catch (Exception e) {
            LOG.debug("Closing a data connection: {}", e.toString());
        }
    }
}
