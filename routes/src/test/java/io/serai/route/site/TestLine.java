package io.serai.route.site;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A port that leads to a server, for as long as a test wants it to. */
final class TestLine implements AutoCloseable {
    /** What is at the port. */
    enum Mode {
        LEADS_THERE,
        /** Takes connections and never says a word. */
        SILENT,
        /** Says that it is busy and ends the connection. */
        BUSY
    }

    private final int target;
    private final int port;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    final AtomicInteger taken = new AtomicInteger();
    volatile Mode mode = Mode.LEADS_THERE;
    private volatile ServerSocket listening;
    private volatile Thread accepting = Thread.currentThread();

    TestLine(int target) {
        this.target = target;
        this.listening = bind(0);
        this.port = listening.getLocalPort();
        serve(listening);
    }

    private static ServerSocket bind(int port) {
        try {
            ServerSocket socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return socket;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return port;
    }

    /** Nobody is there any more; what is open breaks. */
    void cut() {
        try {
            listening.close();
            // Until the thread is out of accept, the port takes connections.
            accepting.join();
            for (Socket socket : open) {
                socket.close();
            }
            open.clear();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    void mend() {
        mode = Mode.LEADS_THERE;
        listening = bind(port);
        serve(listening);
    }

    private void serve(ServerSocket socket) {
        accepting = start(() -> {
            while (true) {
                Socket client = socket.accept();
                open.add(client);
                taken.incrementAndGet();
                switch (mode) {
                    case LEADS_THERE -> lead(client);
                    case SILENT -> {}
                    case BUSY -> {
                        client.getOutputStream().write("421 too many\r\n".getBytes(StandardCharsets.US_ASCII));
                        client.close();
                    }
                }
            }
        });
    }

    private void lead(Socket client) throws IOException {
        Socket there = new Socket(InetAddress.getLoopbackAddress(), target);
        open.add(there);
        start(() -> pump(client, there));
        start(() -> pump(there, client));
    }

    private static void pump(Socket from, Socket to) throws IOException {
        try (from;
                to;
                InputStream in = from.getInputStream()) {
            in.transferTo(to.getOutputStream());
        }
    }

    /** May fail, which then is seen at the other end. */
    private interface Action {
        void run() throws IOException;
    }

    private static Thread start(Action action) {
        Thread thread = new Thread(() -> {
            try {
                action.run();
            } catch (IOException e) {
                // Cut by the test or by either end.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Override
    public void close() {
        cut();
    }
}
