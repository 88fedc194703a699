package io.serai.server.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Stands between a server and an edge as a firewall does that forgets a connection when nothing has passed for a time: from
 * then on its bytes are dropped without a word, in both directions, while both ends think that it stands.
 */
final class ForgetfulWall implements AutoCloseable {
    private static final int BLOCK_BYTES = 64 << 10;

    private final ServerSocket listening;
    private final int target;
    private final Duration forgetsAfter;
    private final AtomicInteger dialled = new AtomicInteger();
    private final AtomicInteger forgotten = new AtomicInteger();

    private ForgetfulWall(ServerSocket listening, int target, Duration forgetsAfter) {
        this.listening = listening;
        this.target = target;
        this.forgetsAfter = forgetsAfter;
    }

    /** Passes what comes to {@link #port} on to this port. */
    static ForgetfulWall before(int target, Duration forgetsAfter) throws IOException {
        ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        ForgetfulWall wall = new ForgetfulWall(listening, target, forgetsAfter);
        wall.start("wall", wall::accept);
        return wall;
    }

    int port() {
        return listening.getLocalPort();
    }

    /** How many connections have come so far. */
    int dialled() {
        return dialled.get();
    }

    /** How many connections it has forgotten so far. */
    int forgotten() {
        return forgotten.get();
    }

    private void start(String name, Runnable work) {
        Thread thread = new Thread(work, "bench-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket near = listening.accept();
                dialled.incrementAndGet();
                Socket far = new Socket();
                try {
                    far.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 5_000);
                } catch (IOException e) {
                    near.close();
                    continue;
                }
                near.setTcpNoDelay(true);
                far.setTcpNoDelay(true);
                Passage passage = new Passage(new AtomicLong(System.nanoTime()), near, far);
                start("wall-in", () -> pass(passage, near, far));
                start("wall-out", () -> pass(passage, far, near));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    /** A connection, and when something has passed last. */
    private record Passage(AtomicLong passed, Socket near, Socket far) {
        void close() {
            for (Socket socket : new Socket[] {near, far}) {
                try {
                    socket.close();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
        }
    }

    private void pass(Passage passage, Socket from, Socket to) {
        byte[] block = new byte[BLOCK_BYTES];
        boolean known = true;
        try {
            for (int n = from.getInputStream().read(block);
                    n >= 0;
                    n = from.getInputStream().read(block)) {
                long now = System.nanoTime();
                if (known && now - passage.passed().get() > forgetsAfter.toNanos()) {
                    known = false;
                    forgotten.incrementAndGet();
                }
                if (known) {
                    passage.passed().set(now);
                    to.getOutputStream().write(block, 0, n);
                }
            }
        } catch (IOException e) {
            passage.close();
            return;
        }
        passage.close();
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
