package io.serai.edge.tcp;

import static io.serai.edge.link.TestLink.SOON;
import static io.serai.edge.tcp.TcpBench.LIMITS;
import static io.serai.edge.tcp.TcpBench.LOOPBACK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.StreamKind;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Accepted;
import io.serai.edge.message.TcpMessages.Connect;
import io.serai.edge.tcp.TcpBench.Carrier;
import io.serai.endpoint.handover.Echoes;
import io.serai.endpoint.proxy.ProxyHeader;
import io.serai.endpoint.proxy.TrustedBalancers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** An edge's listener that hands connections to a server's own, with real sockets at both ends. */
@Timeout(60)
@ParameterizedClass
@EnumSource(Carrier.class)
class PassThroughTest {
    private final TcpBench bench;
    private final PassThroughListener listener;
    private final Echoes own;
    private InetSocketAddress edge;

    PassThroughTest(Carrier carrier) {
        bench = new TcpBench(carrier, LIMITS, Optional.empty(), "127.0.0.0/8:*");
        listener = bench.listener("sftp");
        own = carrier.echoes();
    }

    @BeforeEach
    void start() throws Exception {
        edge = listener.start(new InetSocketAddress(LOOPBACK, 0));
        bench.listeners.put("sftp", own);
    }

    @AfterEach
    void stop() throws Exception {
        listener.stop();
        bench.close();
        own.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(edge.getAddress(), edge.getPort());
        socket.setSoTimeout(10_000);
        return socket;
    }

    @Test
    void aListenerThatIsNotOfferedOrDoesNotAnswerIsAClosedConnection() throws Exception {
        bench.listeners.clear();
        refused();
        bench.listeners.put("sftp", connection -> false);
        refused();
        bench.listeners.put("sftp", connection -> {
            throw new IllegalStateException("as this test wants it");
        });
        refused();
        await().atMost(SOON).until(() -> bench.passThrough.connections() == 0);
        bench.test.close();
        refused();
        await().atMost(SOON).until(() -> listener.connections() == 0);
    }

    @Test
    void aStreamThatCannotBeServedLeavesTheOthersOfItsConnection() throws Exception {
        PassThroughListener broken = bench.listener(TcpBench.BROKEN);
        try (Socket client = connect()) {
            client.setSoTimeout(10_000);
            client.getOutputStream().write(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);
            InetSocketAddress fine = edge;
            edge = broken.start(new InetSocketAddress(LOOPBACK, 0));
            for (int i = 0; i < 4; i++) {
                refused();
            }
            edge = fine;
            client.getOutputStream().write(2);
            assertThat(client.getInputStream().read()).isEqualTo(2);
        } finally {
            broken.stop();
        }
    }

    @Test
    void aBalancerSaysWhoseConnectionItIsAndNobodyElseComesIn() throws Exception {
        List<InetSocketAddress> asked = new CopyOnWriteArrayList<>();
        PassThroughListener behind = new PassThroughListener(
                bench.relays(),
                "sftp",
                TrustedBalancers.parse("127.0.0.1"),
                client -> {
                    asked.add(client);
                    return client.getPort() == 7
                            ? CompletableFuture.failedFuture(new IllegalStateException("not you"))
                            : CompletableFuture.completedFuture(null);
                },
                LIMITS);
        edge = behind.start(new InetSocketAddress(LOOPBACK, 0));
        InetSocketAddress client = new InetSocketAddress("198.51.100.7", 4711);
        for (int cut : new int[] {0, 5, 28}) {
            byte[] header = header(client);
            try (Socket socket = connect()) {
                socket.getOutputStream().write(header, 0, cut);
                socket.getOutputStream().flush();
                socket.getOutputStream().write(header, cut, header.length - cut);
                socket.getOutputStream().write(new byte[] {1, 2, 3});
                socket.shutdownOutput();
                assertThat(socket.getInputStream().readAllBytes()).containsExactly(1, 2, 3);
            }
        }
        assertThat(own.clients()).containsOnly(client).hasSize(3);
        refused(header(new InetSocketAddress("198.51.100.7", 7)));
        refused("SSH-2.0-OpenSSH_9.2\r\n".getBytes());
        assertThat(asked).hasSize(4);
        assertThat(own.clients()).hasSize(3);
        behind.stop();
        PassThroughListener elsewhere = new PassThroughListener(
                bench.relays(),
                "sftp",
                TrustedBalancers.parse("10.0.0.0/8"),
                PassThroughListener.Gatekeeper.OPEN,
                LIMITS);
        edge = elsewhere.start(new InetSocketAddress(LOOPBACK, 0));
        refused(header(client));
        elsewhere.stop();
        await().atMost(SOON).until(() -> behind.connections() == 0 && elsewhere.connections() == 0);
        bench.awaitNothingLeft();
    }

    private static byte[] header(InetSocketAddress client) {
        ByteBuf bytes = ProxyProtocolHeader.of(client, new InetSocketAddress("192.0.2.1", 22));
        byte[] header = new byte[bytes.readableBytes()];
        bytes.readBytes(header).release();
        return header;
    }

    private void refused(byte[] first) throws IOException {
        try (Socket client = connect()) {
            assertThatThrownBy(() -> {
                        client.getOutputStream().write(first);
                        if (client.getInputStream().read() < 0) {
                            throw new SocketException("closed");
                        }
                    })
                    .isInstanceOf(SocketException.class);
        }
    }

    private void refused() throws IOException {
        try (Socket client = connect()) {
            assertThatThrownBy(() -> {
                        if (client.getInputStream().read() < 0) {
                            throw new SocketException("closed");
                        }
                    })
                    .isInstanceOf(SocketException.class);
        }
    }

    @Test
    void anEdgeCannotHaveAServerConnectAnywhereElse() throws Exception {
        byte[] anywhere = new Connect("127.0.0.1", 22, "evil").encode();
        assertThat(verdict(bench.edge, Method.TCP_CONNECT, anywhere)).isEqualTo(Status.UNSUPPORTED);
        InetSocketAddress some = new InetSocketAddress("203.0.113.1", 5);
        byte[] unknown = new Accepted("admin", some, some).encode();
        assertThat(verdict(bench.edge, Method.TCP_ACCEPTED, unknown)).isEqualTo(Status.PERMISSION_DENIED);
        assertThat(verdict(bench.edge, Method.TCP_ACCEPTED, new byte[] {8, 1})).isEqualTo(Status.PROTOCOL);
        Link server = bench.server(java.util.Set.of()).orElseThrow();
        byte[] known = new Accepted("sftp", some, some).encode();
        assertThat(verdict(server, Method.TCP_ACCEPTED, known)).isEqualTo(Status.UNSUPPORTED);
        assertThat(own.clients()).isEmpty();
        bench.awaitNothingLeft();
    }

    private static Status verdict(Link link, Method method, byte[] message) throws Exception {
        LinkStream stream = link.open(StreamKind.BOTH, method, message);
        return stream.awaitEnd(SOON).orElseThrow().status();
    }

    @Test
    void headersAreReadByOurOwnListeners() throws Exception {
        for (String[] pair : new String[][] {
            {"203.0.113.9", "192.0.2.1"}, {"2001:db8::9", "2001:db8::1"}, {"203.0.113.9", "2001:db8::1"}
        }) {
            InetSocketAddress client = new InetSocketAddress(InetAddress.getByName(pair[0]), 4_711);
            InetSocketAddress local = new InetSocketAddress(InetAddress.getByName(pair[1]), 22);
            ByteBuf header = ProxyProtocolHeader.of(client, local);
            assertThat(ProxyHeader.read(header.nioBuffer()).orElseThrow().client())
                    .contains(client);
            header.release();
        }
    }
}
