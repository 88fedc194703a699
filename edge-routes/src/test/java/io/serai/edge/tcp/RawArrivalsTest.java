package io.serai.edge.tcp;

import static io.serai.edge.link.TestLink.SOON;
import static io.serai.edge.tcp.TcpBench.LIMITS;
import static io.serai.edge.tcp.TcpBench.LOOPBACK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.nio.NioEventLoopGroup;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.link.StreamKind;
import io.serai.edge.link.TestLink;
import io.serai.edge.message.Method;
import io.serai.edge.message.RawTicket;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.edge.message.TcpMessages.Taken;
import io.serai.edge.tcp.TcpBench.Carrier;
import io.serai.endpoint.handover.Echoes;
import io.serai.endpoint.handover.HandedConnection;
import io.serai.endpoint.handover.HandoverListener;
import io.serai.endpoint.proxy.TrustedBalancers;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Raw connections at the address of an edge's link, among those of the link and of strangers. */
@Timeout(60)
class RawArrivalsTest {
    private static final TcpLimits SHORT =
            new TcpLimits(Duration.ofMillis(1_500), LIMITS.idle(), LIMITS.halfClosed(), LIMITS.most());

    private final TcpBench bench = new TcpBench(Carrier.RAW, SHORT, Optional.empty());
    private final RawArrivals raw = bench.raw.orElseThrow();
    private final LinkTransport transport = LinkTransport.start(TestLink.QUICK, 1);
    private final EventLoop loop =
            (EventLoop) transport.relayed().config().group().next();
    private final Echoes echoes = new Echoes();
    private final PassThroughListener listener = bench.listener("sftp");

    @AfterEach
    void stop() throws Exception {
        listener.stop();
        bench.close();
        transport.close();
        echoes.close();
    }

    private InetSocketAddress listen() throws Exception {
        bench.listeners.put("sftp", echoes);
        return listener.start(new InetSocketAddress(LOOPBACK, 0));
    }

    private static byte[] random(int count) {
        byte[] bytes = new byte[count];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    private Socket dial(byte[] first) throws IOException {
        Socket socket = new Socket(bench.test.address.getAddress(), bench.test.address.getPort());
        socket.setSoTimeout(10_000);
        socket.getOutputStream().write(first);
        return socket;
    }

    private void closed(byte[] first) throws IOException {
        try (Socket socket = dial(first)) {
            closed(socket);
        }
    }

    private static void closed(Socket socket) throws IOException {
        try {
            assertThat(socket.getInputStream().read()).isNegative();
        } catch (SocketException e) {
            // So it is.
        }
    }

    private RawArrivals.Expected expect() throws Exception {
        return loop.submit(() -> raw.expect(loop)).get();
    }

    private Optional<Channel> take(RawArrivals.Expected one) throws Exception {
        return loop.submit(one::take).get();
    }

    @Test
    void whoShowsATicketIsAnsweredOnce() throws Exception {
        RawArrivals.Expected one = expect();
        byte[] greeting = RawArrivals.greeting(one.ticket());
        try (Socket socket = dial(Arrays.copyOf(greeting, 1))) {
            OutputStream out = socket.getOutputStream();
            out.write(greeting, 1, 12);
            out.flush();
            out.write(greeting, 13, greeting.length - 13);
            assertThat(socket.getInputStream().readNBytes(RawTicket.HALF_BYTES))
                    .isEqualTo(one.ticket().answer());
            assertThat(raw.waitedFor()).isZero();
            closed(greeting);
            Channel channel = take(one).orElseThrow();
            assertThat(channel.eventLoop()).isSameAs(loop);
            assertThat(channel.config().isAutoRead()).isFalse();
            channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {7}));
            assertThat(socket.getInputStream().read()).isEqualTo(7);
            assertThat(take(one)).isEmpty();
            channel.close();
            closed(socket);
        }
    }

    @Test
    void whoShowsNoneThatIsWaitedForIsToldNothing() throws Exception {
        RawArrivals.Expected one = expect();
        closed(RawArrivals.greeting(RawTicket.random()));
        byte[] other = RawArrivals.greeting(one.ticket());
        other[3]++;
        closed(other);
        byte[] more = Arrays.copyOf(RawArrivals.greeting(one.ticket()), 41);
        closed(more);
        closed("SSH-2.0-OpenSSH_9.2\r\n0123456789012345678901234567890".getBytes());
        // Slow, and silent.
        closed("SERAI".getBytes());
        closed(new byte[0]);
        loop.submit(one::cancel).get();
        closed(RawArrivals.greeting(one.ticket()));
        assertThat(raw.waitedFor()).isZero();
        assertThat(take(one)).isEmpty();
        assertThat(bench.edge.isUsable()).isTrue();
        assertThat(bench.test.edgeEar.violations).isEmpty();
    }

    @Test
    void oneThatCameIsClosedWhenItIsGivenUp() throws Exception {
        RawArrivals.Expected one = expect();
        try (Socket socket = dial(RawArrivals.greeting(one.ticket()))) {
            assertThat(socket.getInputStream().readNBytes(RawTicket.HALF_BYTES)).hasSize(RawTicket.HALF_BYTES);
            loop.submit(one::cancel).get();
            closed(socket);
        }
    }

    @Test
    void strangersWhoSayNothingDoNotKeepServersAway() throws Exception {
        List<Socket> strangers = new ArrayList<>();
        try {
            for (int i = 0; i < 80; i++) {
                strangers.add(dial(new byte[0]));
            }
            closed(strangers.get(79));
            RawArrivals.Expected one = expect();
            await().atMost(SOON).until(() -> {
                try (Socket socket = dial(RawArrivals.greeting(one.ticket()))) {
                    return socket.getInputStream().read() >= 0;
                } catch (SocketException e) {
                    return false;
                }
            });
        } finally {
            for (Socket stranger : strangers) {
                stranger.close();
            }
        }
        await().atMost(SOON).until(() -> raw.undecided() == 0);
    }

    @Test
    void bytesDoNotGoOverTheLink() throws Exception {
        InetSocketAddress at = listen();
        byte[] sent = random(8 << 20);
        long before = carried();
        try (Socket client = new Socket(at.getAddress(), at.getPort())) {
            FutureTask<byte[]> back =
                    new FutureTask<>(() -> client.getInputStream().readAllBytes());
            TcpBench.start(back::run);
            client.getOutputStream().write(sent);
            client.shutdownOutput();
            assertThat(back.get()).isEqualTo(sent);
        }
        assertThat(carried() - before).isLessThan(1 << 20);
        bench.awaitNothingLeft();
    }

    @Test
    void theSocketGoesToTheThreadThatReadsIt() throws Exception {
        try (Echoes onLoop = Echoes.onLoop()) {
            bench.listeners.put("sftp", onLoop);
            InetSocketAddress at = listener.start(new InetSocketAddress(LOOPBACK, 0));
            byte[] sent = random(100_000);
            try (Socket client = new Socket(at.getAddress(), at.getPort())) {
                client.getOutputStream().write(sent);
                assertThat(client.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
                Thread reads = onLoop.thread().get();
                assertThat(onLoop.all.get(0).told).isSameAs(reads);
            }
            bench.awaitNothingLeft();
        }
    }

    private long carried() {
        return bench.edge.figures().stream()
                .mapToLong(Link.ConnectionFigures::bytesRead)
                .sum();
    }

    /** The server has ended in both directions when the partner reads the rest. */
    @Test
    void whoReadsSlowlyGetsAllOfIt() throws Exception {
        InetSocketAddress at = listen();
        byte[] sent = random(32 << 20);
        try (Socket client = slow(at)) {
            TcpBench.start(() -> {
                client.getOutputStream().write(sent);
                client.shutdownOutput();
            });
            assertThat(readSlowly(client, sent.length, this::hasEnded)).isEqualTo(sent);
        }
        bench.awaitNothingLeft();
    }

    /** As when it is stopped, with its event loops, and the partner has not ended. */
    @Test
    void whoReadsSlowlyGetsAllOfItWhenTheListenerIsGone() throws Exception {
        byte[] sent = random(16 << 20);
        Sends sends = new Sends(sent);
        bench.listeners.put("sftp", sends);
        InetSocketAddress at = listener.start(new InetSocketAddress(LOOPBACK, 0));
        try (Socket client = slow(at)) {
            assertThat(readSlowly(client, sent.length, sends.loop::isTerminated))
                    .isEqualTo(sent);
        }
        bench.awaitNothingLeft();
    }

    /** A listener that sends what it has, closes the connection, and ends its event loop. */
    private static final class Sends implements HandoverListener {
        private final NioEventLoopGroup loop = new NioEventLoopGroup(1);
        private final ByteBuffer left;
        private boolean closed;

        Sends(byte[] bytes) {
            left = ByteBuffer.wrap(bytes);
        }

        @Override
        public boolean take(HandedConnection connection) {
            EventLoop own = loop.next();
            own.execute(() -> connection.start(() -> own.execute(() -> step(connection)), own));
            return true;
        }

        private void step(HandedConnection connection) {
            while (left.hasRemaining() && connection.write(left) > 0) {}
            if (!left.hasRemaining() && !closed) {
                closed = true;
                connection.close();
                loop.next().execute(() -> loop.shutdownGracefully(0, 2, TimeUnit.SECONDS));
            }
        }
    }

    private static Socket slow(InetSocketAddress at) throws IOException {
        Socket client = new Socket();
        client.setReceiveBufferSize(32 << 10);
        client.connect(at);
        return client;
    }

    private static byte[] readSlowly(Socket client, int count, BooleanSupplier ended) throws IOException {
        byte[] back = new byte[count];
        int place = 0;
        while (place < back.length && !ended.getAsBoolean()) {
            place += client.getInputStream().readNBytes(back, place, 128 << 10);
        }
        while (place < back.length) {
            int wanted = Math.min(16 << 10, back.length - place);
            int read = client.getInputStream().readNBytes(back, place, wanted);
            assertThat(read).isEqualTo(wanted);
            place += read;
        }
        assertThat(client.getInputStream().read()).isNegative();
        return back;
    }

    @Test
    void bytesOnTheStreamOfARawConnectionEndIt() throws Exception {
        bench.listeners.put("sftp", echoes);
        RawArrivals.Expected one = expect();
        InetSocketAddress some = new InetSocketAddress("203.0.113.1", 5);
        byte[] message = new Accepted("sftp", some, some, Optional.of(one.ticket())).encode();
        LinkStream stream = bench.edge
                .openLater(StreamKind.BOTH, Method.TCP_ACCEPTED, message)
                .get();
        assertThat(Taken.decode(stream.awaitOpened(SOON)).raw()).isTrue();
        Channel channel = take(one).orElseThrow();
        stream.send(ByteBuffer.wrap(new byte[1_000]), 0, SOON);
        assertThat(stream.awaitEnd(SOON).orElseThrow().isSuccess()).isFalse();
        await().atMost(SOON).until(() -> echoes.all.get(0).gone);
        channel.close();
        bench.awaitNothingLeft();
    }

    /** Whether the server's listener has closed the connection. */
    private boolean hasEnded() {
        return !echoes.all.isEmpty() && echoes.all.get(0).isClosed();
    }

    /** Such as something between server and edge that lets TLS alone through. */
    @Test
    void whereNoRawConnectionComesAboutTheLinkCarriesAll() throws Exception {
        try (TcpBench plain = new TcpBench(LIMITS, Optional.empty())) {
            plain.listeners.put("sftp", echoes);
            PassThroughListener other = new PassThroughListener(
                    new TcpRelays(plain.sockets, tried -> plain.test.acceptor.pick(tried), Optional.of(raw)),
                    "sftp",
                    TrustedBalancers.parse(""),
                    PassThroughListener.Gatekeeper.OPEN,
                    LIMITS);
            InetSocketAddress at = other.start(new InetSocketAddress(LOOPBACK, 0));
            for (int i = 0; i < 3; i++) {
                try (Socket client = new Socket(at.getAddress(), at.getPort())) {
                    client.setSoTimeout(10_000);
                    client.getOutputStream().write(i);
                    assertThat(client.getInputStream().read()).isEqualTo(i);
                }
            }
            await().atMost(SOON).until(() -> other.connections() == 0);
            assertThat(raw.waitedFor()).isZero();
            other.stop();
            plain.awaitNothingLeft();
        }
    }

    @Test
    void aTicketDoesNotShowItself() {
        assertThat(RawTicket.random()).hasToString("raw ticket");
    }
}
