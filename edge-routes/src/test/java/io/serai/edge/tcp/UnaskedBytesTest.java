package io.serai.edge.tcp;

import static io.serai.edge.link.TestLink.SOON;
import static io.serai.edge.tcp.TcpBench.LIMITS;
import static io.serai.edge.tcp.TcpBench.LOOPBACK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.serai.edge.link.CreditBudget;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.link.StreamKind;
import io.serai.edge.link.TestLink;
import io.serai.edge.message.Method;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.edge.tcp.TcpBench.Carrier;
import io.serai.endpoint.handover.Echoes;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who sends much, ends, and has another who takes nothing: then epoll sockets are read to their end, asked or not. */
@Timeout(60)
class UnaskedBytesTest {
    private static final int SENT_BYTES = 1 << 20;
    private static final int SMALL = 16 << 10;
    private static final int ROOM = 2 << 20;

    private final TcpBench bench = new TcpBench(Carrier.RAW, LIMITS, Optional.empty());
    private final LinkTransport transport = LinkTransport.start(TestLink.QUICK, 1);
    private final Echoes never = new Echoes();
    private final BlockingQueue<Channel> accepted = new ArrayBlockingQueue<>(4);
    private final CountDownLatch done = new CountDownLatch(1);
    private final byte[] sent = new byte[SENT_BYTES];
    private InetSocketAddress listening;

    @BeforeEach
    void start() {
        new Random(3).nextBytes(sent);
        never.manner = Echoes.Manner.NEVER_READS;
        bench.listeners.put("sftp", never);
        listening = (InetSocketAddress) transport
                .relayedListener()
                .childOption(ChannelOption.SO_RCVBUF, ROOM)
                .childOption(ChannelOption.SO_SNDBUF, SMALL)
                .childHandler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public boolean isSharable() {
                        return true;
                    }

                    @Override
                    public void channelActive(ChannelHandlerContext context) {
                        context.pipeline().replace(this, null, new HeldBytes());
                        accepted.add(context.channel());
                    }
                })
                .bind(new InetSocketAddress(LOOPBACK, 0))
                .syncUninterruptibly()
                .channel()
                .localAddress();
    }

    @AfterEach
    void stop() {
        bench.close();
        transport.close();
        never.close();
    }

    /** Its other end is what was accepted last. */
    private Socket dial() throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(SMALL);
        socket.setSoTimeout(10_000);
        socket.connect(listening);
        return socket;
    }

    private Channel accepted() throws InterruptedException {
        return accepted.poll(10, TimeUnit.SECONDS);
    }

    private LinkStream stream() throws Exception {
        InetSocketAddress some = new InetSocketAddress("203.0.113.1", 5);
        LinkStream stream = bench.edge
                .openLater(
                        StreamKind.BOTH,
                        Method.TCP_ACCEPTED,
                        new Accepted("sftp", some, some, Optional.empty()).encode())
                .get();
        stream.awaitOpened(SOON);
        return stream;
    }

    private static TcpLimits limits(CreditBudget unasked) {
        return limits(new TcpLimits.Unasked(unasked, new CreditBudget(0)));
    }

    private static TcpLimits limits(TcpLimits.Unasked unasked) {
        return new TcpLimits(LIMITS.connectWithin(), LIMITS.idle(), LIMITS.halfClosed(), LIMITS.most(), unasked);
    }

    /** A partner and a server whose sockets are joined. */
    private record Pair(Socket partner, Socket server) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            partner.close();
            server.close();
        }
    }

    private Pair joined(TcpLimits limits) throws Exception {
        Socket partner = dial();
        Channel first = accepted();
        Socket server = dial();
        Channel second = accepted();
        LinkStream stream = stream();
        first.eventLoop().execute(() -> SocketRelay.start(first, second, stream, limits, done::countDown));
        return new Pair(partner, server);
    }

    private void relayedByTheLink(CreditBudget unasked) throws Exception {
        Channel first = accepted();
        LinkStream stream = stream();
        first.eventLoop()
                .execute(() -> TcpRelay.start(first, stream, TcpRelay.Side.OPENER, limits(unasked), done::countDown));
    }

    private void send(Socket partner) throws IOException {
        partner.getOutputStream().write(sent);
        partner.shutdownOutput();
    }

    private static void reset(Socket partner) throws IOException {
        try {
            assertThat(partner.getInputStream().read())
                    .as("only a reset is right")
                    .isNull();
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @Test
    void theyAreCountedUntilTheyAreGone() throws Exception {
        CreditBudget unasked = new CreditBudget(ROOM);
        try (Pair pair = joined(limits(unasked))) {
            send(pair.partner());
            await().atMost(SOON).until(() -> unasked.takenBytes() > SENT_BYTES / 2);
            assertThat(pair.server().getInputStream().readNBytes(SENT_BYTES)).isEqualTo(sent);
            assertThat(pair.server().getInputStream().read()).isNegative();
            await().atMost(SOON).until(() -> unasked.takenBytes() == 0);
        }
    }

    /** Nobody who uses up what partners may hold has answers of servers cut. */
    @Test
    void thoseOfServersAreCountedApart() throws Exception {
        CreditBudget ofServers = new CreditBudget(ROOM);
        try (Pair pair = joined(limits(new TcpLimits.Unasked(new CreditBudget(0), ofServers)))) {
            send(pair.server());
            await().atMost(SOON).until(() -> ofServers.takenBytes() > SENT_BYTES / 2);
            assertThat(pair.partner().getInputStream().readNBytes(SENT_BYTES)).isEqualTo(sent);
            await().atMost(SOON).until(() -> ofServers.takenBytes() == 0);
        }
    }

    @Test
    void whereTheyAreTooManyTheConnectionIsCut() throws Exception {
        CreditBudget unasked = new CreditBudget(SENT_BYTES / 4);
        try (Pair pair = joined(limits(unasked))) {
            send(pair.partner());
            assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
            reset(pair.partner());
            await().atMost(SOON).until(() -> unasked.takenBytes() == 0);
        }
    }

    @Test
    void theSameHoldsForThoseThatALinkCarries() throws Exception {
        CreditBudget unasked = new CreditBudget(SENT_BYTES / 4);
        try (Socket partner = dial()) {
            relayedByTheLink(unasked);
            send(partner);
            assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
            reset(partner);
            assertThat(unasked.takenBytes()).isZero();
        }
    }

    @Test
    void thoseThatALinkCarriesAreGivenBackWithTheConnection() throws Exception {
        CreditBudget unasked = new CreditBudget(ROOM);
        try (Socket partner = dial()) {
            relayedByTheLink(unasked);
            send(partner);
            await().atMost(SOON).until(() -> unasked.takenBytes() > SENT_BYTES / 4);
            bench.test.close();
            assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(unasked.takenBytes()).isZero();
        }
    }
}
