package io.serai.server;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A line between two programs of a test, that can be cut or go silent, and be mended. Its state is guarded by
 * {@code this}.
 */
final class Relay implements AutoCloseable {
    private static final int BLOCK_BYTES = 16 * 1024;

    private final ServerSocket listener;
    private final int target;
    private final Set<Closeable> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong allPassed = new AtomicLong();
    private boolean cut;
    private boolean closed;
    private long passedBytes = Long.MAX_VALUE;

    Relay(int target) {
        this.target = target;
        try {
            listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** How many bytes have passed, of all connections and both directions. */
    long passed() {
        return allPassed.get();
    }

    /** Breaks all connections, and new ones at once. */
    synchronized void cut() {
        cut = true;
        notifyAll();
        open.forEach(Relay::close);
        open.clear();
    }

    /** Nothing passes any more, and nobody is told: a lost route, a frozen machine. */
    void silence() {
        silenceAfter(0);
    }

    /** As {@link #silence()}, after so many bytes of one direction of one connection. */
    synchronized void silenceAfter(long bytes) {
        passedBytes = bytes;
    }

    /** All is well again; what stood still goes on. */
    synchronized void mend() {
        cut = false;
        passedBytes = Long.MAX_VALUE;
        notifyAll();
    }

    private void accept() {
        while (true) {
            try {
                Socket client = listener.accept();
                if (isCut()) {
                    client.setSoLinger(true, 0);
                    client.close();
                } else {
                    connect(client);
                }
            } catch (IOException e) {
                if (listener.isClosed()) {
                    return;
                }
            }
        }
    }

    private synchronized boolean isCut() {
        return cut;
    }

    private void connect(Socket client) throws IOException {
        open.add(client);
        try {
            Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            open.add(server);
            daemon(() -> pass(client, server));
            daemon(() -> pass(server, client));
        } catch (IOException e) {
            open.remove(client);
            client.setSoLinger(true, 0);
            client.close();
        }
    }

    private void pass(Socket from, Socket to) {
        byte[] block = new byte[BLOCK_BYTES];
        long passed = 0;
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(block); count >= 0; count = in.read(block)) {
                awaitMend(passed);
                out.write(block, 0, count);
                passed += count;
                allPassed.addAndGet(count);
            }
            to.shutdownOutput();
        } catch (IOException e) {
            // One end is gone, and so is the connection.
            close(from);
            close(to);
        } finally {
            if (to.isOutputShutdown() && from.isOutputShutdown()) {
                close(from);
                close(to);
            }
            open.remove(from);
        }
    }

    private synchronized void awaitMend(long passed) throws IOException {
        try {
            while (passed >= passedBytes && !cut && !closed) {
                wait();
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        if (cut || closed) {
            throw new IOException("the line is cut");
        }
    }

    private static void close(Closeable socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It was closed by its other end.
            return;
        }
    }

    private static void daemon(Runnable body) {
        Thread thread = new Thread(body, "relay");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
        close(listener);
        open.forEach(Relay::close);
    }
}
