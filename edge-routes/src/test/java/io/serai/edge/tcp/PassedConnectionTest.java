package io.serai.edge.tcp;

import static io.serai.edge.link.TestLink.SOON;
import static io.serai.edge.tcp.TcpBench.LIMITS;
import static io.serai.edge.tcp.TcpBench.LOOPBACK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.edge.link.LinkStream;
import io.serai.edge.link.StreamKind;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.edge.tcp.TcpBench.Carrier;
import io.serai.endpoint.handover.Echoes;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** An edge's listener whose connections a server's own takes without a socket, with real sockets at the edge. */
@Timeout(60)
@ParameterizedClass
@EnumSource(Carrier.class)
class PassedConnectionTest {
    private static final TcpLimits SHORT =
            new TcpLimits(LIMITS.connectWithin(), LIMITS.idle(), Duration.ofMillis(700), LIMITS.most());

    private final TcpBench bench;
    private final PassThroughListener listener;
    private final Echoes echoes;
    private InetSocketAddress edge;

    PassedConnectionTest(Carrier carrier) {
        bench = new TcpBench(carrier, SHORT, Optional.empty(), "127.0.0.0/8:*");
        listener = bench.listener("sftp");
        echoes = carrier.echoes();
    }

    @BeforeEach
    void start() {
        edge = listener.start(new InetSocketAddress(LOOPBACK, 0));
        bench.listeners.put("sftp", echoes);
    }

    @AfterEach
    void stop() throws Exception {
        listener.stop();
        bench.close();
        echoes.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(edge.getAddress(), edge.getPort());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private void awaitNothingLeft() {
        bench.awaitNothingLeft();
        await().atMost(SOON).until(() -> listener.connections() == 0);
        await().atMost(SOON).until(() -> bench.passThrough.connections() == 0);
    }

    @Test
    void aConnectionComesThroughWithItsOwnAddress() throws Exception {
        byte[] sent = new byte[10 << 20];
        new Random(1).nextBytes(sent);
        try (Socket client = connect()) {
            TcpBench.start(() -> {
                client.getOutputStream().write(sent);
                client.shutdownOutput();
            });
            assertThat(client.getInputStream().readAllBytes()).isEqualTo(sent);
            assertThat(echoes.all).singleElement().satisfies(echo -> {
                assertThat(echo.connection.client()).isEqualTo(client.getLocalSocketAddress());
                assertThat(echo.connection.local()).isEqualTo(edge);
                assertThat(echo.gone).isFalse();
            });
        }
        awaitNothingLeft();
    }

    @Test
    void whatIsSentAndEndedAtOnceArrivesWhole() throws Exception {
        for (int i = 0; i < 200; i++) {
            try (Socket client = connect()) {
                client.getOutputStream().write(new byte[] {1, 2, (byte) i});
                client.shutdownOutput();
                assertThat(client.getInputStream().readAllBytes()).containsExactly(1, 2, i);
            }
        }
        awaitNothingLeft();
        // An answer that overtakes the end of the bytes would have cost the link.
        assertThat(bench.test.serverEar.up).hasSize(1);
        assertThat(echoes.all).noneMatch(echo -> echo.gone);
    }

    @Test
    void whoClosesFirstSaysItsLastWordsAndIsAnEndForTheClient() throws Exception {
        echoes.manner = Echoes.Manner.CLOSES_AT_FIRST;
        for (int i = 0; i < 50; i++) {
            try (Socket client = connect()) {
                client.getOutputStream().write(new byte[5]);
                assertThat(client.getInputStream().readAllBytes()).containsExactly(9);
            }
        }
        awaitNothingLeft();
        assertThat(bench.test.serverEar.up).hasSize(1);
    }

    @Test
    void aClientThatKeepsItsSideOpenIsCutOff() throws Exception {
        echoes.manner = Echoes.Manner.CLOSES_AT_FIRST;
        try (Socket client = connect()) {
            client.getOutputStream().write(1);
            assertThat(client.getInputStream().readAllBytes()).containsExactly(9);
            assertThatThrownBy(() -> {
                        while (true) {
                            client.getOutputStream().write(1);
                        }
                    })
                    .isInstanceOf(SocketException.class);
        }
        awaitNothingLeft();
    }

    @Test
    void aResetOfTheClientIsNoEnd() throws Exception {
        try (Socket client = connect()) {
            client.getOutputStream().write(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);
            client.setSoLinger(true, 0);
        }
        await().atMost(SOON).until(() -> echoes.all.get(0).gone);
        awaitNothingLeft();
    }

    @Test
    void aLinkThatBreaksIsNoEnd() throws Exception {
        try (Socket client = connect()) {
            client.getOutputStream().write(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);
            bench.test.close();
            await().atMost(SOON).until(() -> echoes.all.get(0).gone);
            assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
        }
        await().atMost(SOON).until(() -> bench.passThrough.connections() == 0);
    }

    @Test
    void whoDoesNotReadHoldsUpTheClientAndNoMore() throws Exception {
        echoes.manner = Echoes.Manner.NEVER_READS;
        try (Socket client = connect()) {
            Thread writer = TcpBench.start(() -> client.getOutputStream().write(new byte[64 << 20]));
            writer.join(1_500);
            assertThat(writer.isAlive()).isTrue();
            echoes.all.get(0).connection.close();
            writer.join(10_000);
            assertThat(writer.isAlive()).isFalse();
        }
        awaitNothingLeft();
    }

    @Test
    void aListenerThatTakesNoMoreIsAClosedConnection() throws Exception {
        bench.listeners.put("sftp", connection -> false);
        try (Socket client = connect()) {
            assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
        }
        awaitNothingLeft();
    }

    @Test
    void anEndThatDoesNotSayHowMuchWasSentIsNone() throws Exception {
        byte[] message = new Accepted("sftp", edge, edge).encode();
        LinkStream stream = bench.edge
                .openLater(StreamKind.BOTH, Method.TCP_ACCEPTED, message)
                .get();
        stream.awaitOpened(SOON);
        stream.send(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0, SOON);
        assertThat(stream.end(ByteBuffer.allocate(8).putLong(7).array(), 0)).isTrue();
        assertThat(stream.awaitEnd(SOON))
                .hasValueSatisfying(end -> assertThat(end.status()).isEqualTo(Status.PROTOCOL));
        await().atMost(SOON).until(() -> bench.passThrough.connections() == 0);
    }
}
