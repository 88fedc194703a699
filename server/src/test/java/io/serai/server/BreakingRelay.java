package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Passes one connection on until so many bytes of the client have gone through, and then breaks it. */
final class BreakingRelay implements AutoCloseable {
    private final ServerSocket listener;
    private final int serverPort;
    private final int bytes;
    private final BrokenClient.Breaker how;
    private final CountDownLatch broken = new CountDownLatch(1);

    BreakingRelay(int serverPort, int bytes, BrokenClient.Breaker how) throws IOException {
        this.listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        this.serverPort = serverPort;
        this.bytes = bytes;
        this.how = how;
        Thread relay = new Thread(this::relay, "breaking-relay");
        relay.setDaemon(true);
        relay.start();
    }

    int port() {
        return listener.getLocalPort();
    }

    void awaitBreak(Duration limit) {
        try {
            assertThat(broken.await(limit.toMillis(), TimeUnit.MILLISECONDS))
                    .as("the client sent %d bytes", bytes)
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void relay() {
        try (Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort)) {
            Thread back = new Thread(() -> pass(server, client, Integer.MAX_VALUE), "breaking-relay-back");
            back.setDaemon(true);
            back.start();
            pass(client, server, bytes);
            how.breakOff(server, server);
            broken.countDown();
            if (how == BrokenClient.Break.HALF_CLOSE) {
                back.join(Duration.ofSeconds(5).toMillis());
            }
        } catch (IOException e) {
            // The test sees that nothing broke.
            listenerClose();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void pass(Socket from, Socket to, int most) {
        byte[] block = new byte[8192];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            int left = most;
            while (left > 0) {
                int count = in.read(block, 0, Math.min(left, block.length));
                if (count < 0) {
                    return;
                }
                out.write(block, 0, count);
                left -= count;
            }
        } catch (IOException e) {
            // One side is gone, and so the connection is at its end.
            return;
        }
    }

    private void listenerClose() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        listenerClose();
    }
}
