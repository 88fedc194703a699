package io.serai.endpoint.handover;

import com.jcraft.jsch.Proxy;
import com.jcraft.jsch.SocketFactory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;

/**
 * A connection in memory whose other end is JSch's, a socket's, or any user's of streams. Holds little each way, and takes what
 * is written by pieces.
 */
public final class PipedConnection implements HandedConnection, Proxy {
    public static final InetSocketAddress CLIENT = new InetSocketAddress("203.0.113.9", 40_001);
    public static final InetSocketAddress LOCAL = new InetSocketAddress("192.0.2.1", 22);

    public static final int MOST = 50_000;
    private static final int PIECE = 7_000;

    private final InetSocketAddress from;
    private final ArrayDeque<byte[]> toServer = new ArrayDeque<>();
    private final ArrayDeque<byte[]> toClient = new ArrayDeque<>();
    private int heldByServer;
    private int heldByClient;
    private int mostHeld;
    private boolean inputEnded;
    private boolean outputEnded;
    private boolean gone;
    private boolean closed;
    private Runnable changed = () -> {};

    public PipedConnection() {
        this(CLIENT);
    }

    /** @param from the client's address */
    public PipedConnection(InetSocketAddress from) {
        this.from = from;
    }

    /** The most bytes that the server was sent without having said that they are consumed. */
    public synchronized int mostHeld() {
        return mostHeld;
    }

    public synchronized boolean isClosed() {
        return closed;
    }

    /** The line breaks. */
    public void tear() {
        synchronized (this) {
            gone = true;
            notifyAll();
        }
        tell();
    }

    private void tell() {
        Runnable action;
        synchronized (this) {
            action = changed;
        }
        action.run();
    }

    // ---- the server's end ----

    @Override
    public InetSocketAddress client() {
        return from;
    }

    @Override
    public InetSocketAddress local() {
        return LOCAL;
    }

    @Override
    public void start(Runnable action) {
        synchronized (this) {
            changed = action;
        }
        action.run();
    }

    @Override
    public synchronized boolean hasInput() {
        return gone || inputEnded || !toServer.isEmpty();
    }

    @Override
    public synchronized Optional<ByteBuf> poll() {
        return Optional.ofNullable(toServer.poll()).map(Unpooled::wrappedBuffer);
    }

    @Override
    public synchronized void consumed(int bytes) {
        heldByServer -= bytes;
        notifyAll();
    }

    @Override
    public synchronized boolean isInputEnded() {
        return inputEnded && toServer.isEmpty();
    }

    @Override
    public synchronized boolean isGone() {
        return gone;
    }

    @Override
    public synchronized int write(ByteBuffer bytes) {
        if (closed || outputEnded) {
            return 0;
        }
        byte[] taken = new byte[Math.min(Math.min(PIECE, MOST - heldByClient), bytes.remaining())];
        bytes.get(taken);
        if (taken.length > 0) {
            toClient.add(taken);
            heldByClient += taken.length;
            notifyAll();
        }
        return taken.length;
    }

    @Override
    public synchronized void endOutput() {
        outputEnded = true;
        notifyAll();
    }

    @Override
    public synchronized void close() {
        closed = true;
        outputEnded = true;
        notifyAll();
    }

    // ---- the client's end ----

    @Override
    public void connect(SocketFactory factory, String host, int port, int timeout) {
        // It is connected as soon as it was handed over.
    }

    @Override
    public InputStream getInputStream() {
        return new FromServer();
    }

    @Override
    public OutputStream getOutputStream() {
        return new ToServer();
    }

    @Override
    public Socket getSocket() {
        return new Socket();
    }

    /** Hands a listener what comes at a free port of this host, until it is closed. */
    public static ServerSocket gateway(HandoverListener listener) throws IOException {
        ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> {
            try {
                while (true) {
                    Socket inner = listening.accept();
                    PipedConnection connection = new PipedConnection();
                    if (listener.take(connection)) {
                        copy(inner.getInputStream(), connection.getOutputStream(), inner);
                        copy(connection.getInputStream(), inner.getOutputStream(), inner);
                    } else {
                        inner.close();
                    }
                }
            } catch (IOException e) {
                // It was closed.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return listening;
    }

    /** A socket that leads to the client's end. */
    public Socket socket() throws IOException {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Socket outer = new Socket(listening.getInetAddress(), listening.getLocalPort());
            Socket inner = listening.accept();
            copy(inner.getInputStream(), getOutputStream(), inner);
            copy(getInputStream(), inner.getOutputStream(), inner);
            return outer;
        }
    }

    private static void copy(InputStream in, OutputStream out, Socket inner) {
        Thread thread = new Thread(() -> {
            try (inner;
                    in;
                    out) {
                byte[] bytes = new byte[8_192];
                for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                    out.write(bytes, 0, count);
                    out.flush();
                }
            } catch (IOException e) {
                // The test sees it at its own end.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private final class FromServer extends InputStream {
        private byte[] current = new byte[0];
        private int at;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (at == current.length && !next()) {
                return -1;
            }
            int count = Math.min(length, current.length - at);
            System.arraycopy(current, at, target, offset, count);
            at += count;
            return count;
        }

        private boolean next() throws IOException {
            synchronized (PipedConnection.this) {
                while (toClient.isEmpty()) {
                    if (gone) {
                        throw new SocketException("it is torn");
                    }
                    if (outputEnded) {
                        return false;
                    }
                    await();
                }
                current = toClient.remove();
                at = 0;
                heldByClient -= current.length;
            }
            tell();
            return true;
        }
    }

    private final class ToServer extends OutputStream {
        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            for (int sent = 0; sent < length; ) {
                synchronized (PipedConnection.this) {
                    while (heldByServer >= MOST && !gone && !closed) {
                        await();
                    }
                    if (gone || closed) {
                        throw new SocketException("the other end is closed");
                    }
                    int count = Math.min(length - sent, MOST - heldByServer);
                    toServer.add(Arrays.copyOfRange(source, offset + sent, offset + sent + count));
                    heldByServer += count;
                    mostHeld = Math.max(mostHeld, heldByServer);
                    sent += count;
                }
                tell();
            }
        }

        @Override
        public void close() {
            synchronized (PipedConnection.this) {
                inputEnded = true;
            }
            tell();
        }
    }

    private void await() throws InterruptedIOException {
        try {
            wait();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        }
    }
}
