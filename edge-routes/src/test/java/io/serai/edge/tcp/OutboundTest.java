package io.serai.edge.tcp;

import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static io.serai.edge.tcp.TcpBench.LIMITS;
import static io.serai.edge.tcp.TcpBench.LOOPBACK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.edge.link.Breaking;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections that servers make through an edge, with real sockets at both ends. */
@Timeout(60)
class OutboundTest {
    private static final String LOCAL = "127.0.0.0/8:*";

    private static TcpBench bench(TcpLimits limits, String... rules) {
        return new TcpBench(limits, Optional.empty(), rules);
    }

    private static byte[] random(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    /** Sends back what comes, and a word after its end. */
    private static void echo(Socket socket) throws IOException {
        try (socket) {
            socket.getInputStream().transferTo(socket.getOutputStream());
            socket.getOutputStream().write("bye".getBytes(StandardCharsets.US_ASCII));
        }
    }

    @Test
    void bytesGoBothWaysAndEachDirectionEndsByItself() throws Exception {
        byte[] sent = random(20 << 20);
        try (TcpBench bench = bench(LIMITS, LOCAL);
                ServerSocket peer = TcpBench.listen(LOOPBACK, OutboundTest::echo);
                Socket socket = bench.connect("127.0.0.1", peer.getLocalPort())) {
            TcpBench.start(() -> {
                socket.getOutputStream().write(sent);
                socket.shutdownOutput();
            });
            byte[] back = socket.getInputStream().readAllBytes();
            assertThat(back).hasSize(sent.length + 3);
            assertThat(Arrays.equals(back, 0, sent.length, sent, 0, sent.length))
                    .isTrue();
            bench.awaitNothingLeft();
        }
    }

    @Test
    void anEndInTheOtherDirectionFirstLeavesOursOpen() throws Exception {
        CountDownLatch got = new CountDownLatch(1);
        byte[] sent = random(3 << 20);
        try (TcpBench bench = bench(LIMITS, LOCAL);
                ServerSocket peer = TcpBench.listen(LOOPBACK, socket -> {
                    socket.getOutputStream().write(new byte[] {1, 2, 3});
                    socket.shutdownOutput();
                    if (Arrays.equals(socket.getInputStream().readAllBytes(), sent)) {
                        got.countDown();
                    }
                    socket.close();
                });
                Socket socket = bench.connect("127.0.0.1", peer.getLocalPort())) {
            assertThat(socket.getInputStream().readAllBytes()).containsExactly(1, 2, 3);
            socket.getOutputStream().write(sent);
            socket.shutdownOutput();
            assertThat(got.await(10, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
            bench.awaitNothingLeft();
        }
    }

    @Test
    void aResetComesThroughAsOneInBothDirections() throws Exception {
        CountDownLatch seen = new CountDownLatch(1);
        try (TcpBench bench = bench(LIMITS, LOCAL);
                ServerSocket resetting = TcpBench.listen(LOOPBACK, socket -> {
                    socket.getInputStream().read();
                    socket.setSoLinger(true, 0);
                    socket.close();
                });
                ServerSocket watching = TcpBench.listen(LOOPBACK, socket -> {
                    try {
                        socket.getInputStream().readAllBytes();
                    } catch (SocketException e) {
                        seen.countDown();
                    }
                })) {
            try (Socket socket = bench.connect("127.0.0.1", resetting.getLocalPort())) {
                socket.getOutputStream().write(1);
                assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
            }
            Socket socket = bench.connect("127.0.0.1", watching.getLocalPort());
            socket.getOutputStream().write(1);
            socket.setSoLinger(true, 0);
            socket.close();
            assertThat(seen.await(10, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
            bench.awaitNothingLeft();
        }
    }

    @Test
    void aLostLinkIsAResetAndNoEnd() throws Exception {
        try (TcpBench bench = bench(LIMITS, LOCAL);
                ServerSocket peer = TcpBench.listen(LOOPBACK, OutboundTest::echo);
                Socket socket = bench.connect("127.0.0.1", peer.getLocalPort())) {
            socket.getOutputStream().write(7);
            assertThat(socket.getInputStream().read()).isEqualTo(7);
            Breaking.all(bench.edge);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
            bench.awaitNothingLeft();
        }
    }

    @Test
    void whoeverDoesNotReadHoldsAWindowAndNothingElse() throws Exception {
        AtomicLong written = new AtomicLong();
        try (TcpBench bench = bench(LIMITS, LOCAL);
                ServerSocket endless = TcpBench.listen(LOOPBACK, socket -> {
                    byte[] block = new byte[65_536];
                    while (true) {
                        socket.getOutputStream().write(block);
                        written.addAndGet(block.length);
                    }
                });
                ServerSocket quick = TcpBench.listen(LOOPBACK, OutboundTest::echo);
                Socket stalled = bench.connect("127.0.0.1", endless.getLocalPort())) {
            await().during(Duration.ofMillis(700)).atMost(SOON).until(standsStill(written));
            // What is under way: one window, two blocks, and what the kernel keeps for the two sockets.
            assertThat(written.get()).isLessThan(32L << 20);
            assertThat(bench.test.serverBudget.takenBytes() + bench.test.edgeBudget.takenBytes())
                    .isLessThanOrEqualTo(2L * QUICK.flow().maxWindow());
            try (Socket other = bench.connect("127.0.0.1", quick.getLocalPort())) {
                byte[] sent = random(1 << 20);
                TcpBench.start(() -> {
                    other.getOutputStream().write(sent);
                    other.shutdownOutput();
                });
                assertThat(other.getInputStream().readAllBytes()).hasSize(sent.length + 3);
            }
            // It goes on when it is read.
            long before = written.get();
            InputStream in = stalled.getInputStream();
            for (long read = 0; read < before + (4L << 20); ) {
                read += in.readNBytes(65_536).length;
            }
            stalled.setSoLinger(true, 0);
            stalled.close();
            bench.awaitNothingLeft();
        }
    }

    private static java.util.concurrent.Callable<Boolean> standsStill(AtomicLong count) {
        AtomicLong last = new AtomicLong(-1);
        return () -> {
            long now = count.get();
            return last.getAndSet(now) == now && now > 0;
        };
    }

    @Test
    void aConnectionOnWhichNothingMovesIsCut() throws Exception {
        TcpLimits brief = new TcpLimits(Duration.ofSeconds(3), Duration.ofMillis(600), Duration.ofMillis(300), 50);
        try (TcpBench bench = bench(brief, LOCAL);
                ServerSocket silent = TcpBench.listen(
                        LOOPBACK, socket -> socket.getInputStream().read());
                ServerSocket halfOpen = TcpBench.listen(LOOPBACK, Socket::shutdownOutput)) {
            try (Socket socket = bench.connect("127.0.0.1", silent.getLocalPort())) {
                long start = System.nanoTime();
                assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
                assertThat(Duration.ofNanos(System.nanoTime() - start))
                        .isBetween(Duration.ofMillis(400), Duration.ofSeconds(5));
            }
            // Its peer has said its last word, and we say none: the kernel has nothing to tell anybody any more.
            try (Socket socket = bench.connect("127.0.0.1", halfOpen.getLocalPort())) {
                assertThat(socket.getInputStream().read()).isEqualTo(-1);
                bench.awaitNothingLeft();
            }
        }
    }

    @Test
    void aConnectionIsNotIdleWhileOneThatBelongsToItMoves() throws Exception {
        TcpLimits brief = new TcpLimits(Duration.ofSeconds(3), Duration.ofSeconds(2), Duration.ofMillis(300), 50);
        OneWay way = new OneWay();
        try (TcpBench bench = bench(brief, LOCAL);
                ServerSocket peer = TcpBench.listen(LOOPBACK, OutboundTest::echo);
                Socket control = bench.connect("127.0.0.1", peer.getLocalPort(), way);
                Socket data = bench.connect("127.0.0.1", peer.getLocalPort(), way);
                Socket stranger = bench.connect("127.0.0.1", peer.getLocalPort(), new OneWay())) {
            AtomicBoolean moving = new AtomicBoolean(true);
            Thread mover = TcpBench.start(() -> {
                while (moving.get()) {
                    data.getOutputStream().write(7);
                    assertThat(data.getInputStream().read()).isEqualTo(7);
                }
            });
            assertThatThrownBy(() -> stranger.getInputStream().read()).isInstanceOf(SocketException.class);
            // The control connection has been silent for as long as the stranger, and then for longer.
            mover.join(500);
            control.getOutputStream().write(8);
            assertThat(control.getInputStream().read()).isEqualTo(8);
            moving.set(false);
            assertThatThrownBy(() -> control.getInputStream().read())
                    .as("idle together")
                    .isInstanceOf(SocketException.class);
            bench.awaitNothingLeft();
        }
    }

    @Test
    void whatBelongsTogetherGoesToOneAddressOfAName() throws Exception {
        InetAddress one = InetAddress.getByName("127.0.0.1");
        InetAddress other = InetAddress.getByName("127.0.0.2");
        AtomicLong atOther = new AtomicLong();
        try (TcpBench bench = bench(LIMITS, LOCAL);
                ServerSocket first = TcpBench.listen(one, OutboundTest::echo);
                ServerSocket second = new ServerSocket(first.getLocalPort(), 50, other)) {
            TcpBench.start(() -> {
                while (true) {
                    Socket socket = second.accept();
                    atOther.incrementAndGet();
                    TcpBench.start(() -> echo(socket));
                }
            });
            OneWay way = new OneWay();
            for (int i = 0; i < 4; i++) {
                bench.names.put(
                        "ftp.partner.example", i == 0 ? new InetAddress[] {one} : new InetAddress[] {other, one});
                try (Socket socket = bench.connect("ftp.partner.example", first.getLocalPort(), way)) {
                    socket.getOutputStream().write(i);
                    assertThat(socket.getInputStream().read()).isEqualTo(i);
                }
            }
            assertThat(atOther).hasValue(0);
            // An address that the name does not have any more is not taken.
            bench.names.put("ftp.partner.example", new InetAddress[] {other});
            try (Socket socket = bench.connect("ftp.partner.example", first.getLocalPort(), way)) {
                socket.getOutputStream().write(5);
                assertThat(socket.getInputStream().read()).isEqualTo(5);
            }
            assertThat(atOther).hasValue(1);
        }
    }

    @Test
    void whatIsNotAllowedIsNotConnectedToNorLookedUp() throws Exception {
        AtomicLong connections = new AtomicLong();
        try (TcpBench bench = bench(LIMITS, "*:1-65535", "*.partner.example:22");
                ServerSocket inside = TcpBench.listen(LOOPBACK, socket -> connections.incrementAndGet())) {
            bench.names.put("rebound.example", new InetAddress[] {LOOPBACK});
            for (String host :
                    new String[] {"127.0.0.1", "localhost", "rebound.example", "::1", "0.0.0.0", "2130706433"}) {
                assertThatThrownBy(() -> bench.connect(host, inside.getLocalPort()))
                        .as(host)
                        .isInstanceOf(SocketException.class);
            }
            assertThat(connections).hasValue(0);
            bench.awaitNothingLeft();
        }
        try (TcpBench bench = bench(LIMITS, "*.partner.example:22")) {
            assertThatThrownBy(() -> bench.connect("secret.tunnel.example", 22)).isInstanceOf(SocketException.class);
            assertThatThrownBy(() -> bench.connect("sftp.partner.example", 23)).isInstanceOf(SocketException.class);
            assertThat(bench.asked).isEmpty();
            assertThatThrownBy(() -> bench.connect("sftp.partner.example", 22)).isInstanceOf(SocketException.class);
            assertThat(bench.asked).containsExactly("sftp.partner.example");
        }
    }

    @Test
    void ofANameWithSeveralAddressesAnyThatAnswersIsGood() throws Exception {
        try (TcpBench bench = bench(LIMITS, LOCAL, "[::1]:*");
                ServerSocket peer = TcpBench.listen(LOOPBACK, OutboundTest::echo)) {
            bench.names.put("both.example", new InetAddress[] {
                InetAddress.getByName("::1"), InetAddress.getByName("10.9.9.9"), InetAddress.getByName("127.0.0.1")
            });
            try (Socket socket = bench.connect("both.example", peer.getLocalPort())) {
                socket.shutdownOutput();
                assertThat(socket.getInputStream().readAllBytes()).hasSize(3);
            }
        }
    }

    @Test
    void moreConnectionsThanAllowedAreRefused() throws Exception {
        TcpLimits few = new TcpLimits(Duration.ofSeconds(3), Duration.ofSeconds(9), Duration.ofSeconds(9), 2);
        try (TcpBench bench = bench(few, LOCAL);
                ServerSocket peer = TcpBench.listen(LOOPBACK, OutboundTest::echo);
                Socket one = bench.connect("127.0.0.1", peer.getLocalPort());
                Socket two = bench.connect("127.0.0.1", peer.getLocalPort())) {
            assertThatThrownBy(() -> bench.connect("127.0.0.1", peer.getLocalPort()))
                    .isInstanceOf(IOException.class);
            one.close();
            two.close();
            bench.awaitNothingLeft();
            bench.connect("127.0.0.1", peer.getLocalPort()).close();
        }
    }

    @Test
    void aServerThatGoesAwayWhileTheEdgeConnectsLeavesNothing() throws Exception {
        CountDownLatch resolving = new CountDownLatch(1);
        try (TcpBench bench = bench(LIMITS, LOCAL);
                ServerSocket peer = TcpBench.listen(LOOPBACK, OutboundTest::echo)) {
            bench.names.put("slow.example", new InetAddress[] {LOOPBACK});
            Socket raw = new Socket(bench.proxy.getAddress(), bench.proxy.getPort());
            OutputStream out = raw.getOutputStream();
            out.write(new byte[] {5, 1, 0});
            assertThat(raw.getInputStream().readNBytes(2)).containsExactly(5, 0);
            bench.workers.execute(() -> {
                try {
                    resolving.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            bench.workers.execute(() -> {
                try {
                    resolving.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            out.write(new byte[] {5, 1, 0, 3, 12});
            out.write("slow.example".getBytes(StandardCharsets.US_ASCII));
            out.write(new byte[] {(byte) (peer.getLocalPort() >> 8), (byte) peer.getLocalPort()});
            await().atMost(SOON).until(() -> bench.outbound.connections() == 1);
            Breaking.all(bench.edge);
            resolving.countDown();
            raw.close();
            bench.awaitNothingLeft();
        }
    }
}
