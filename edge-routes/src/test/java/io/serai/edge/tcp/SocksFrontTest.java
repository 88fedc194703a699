package io.serai.edge.tcp;

import static io.serai.edge.tcp.TcpBench.LIMITS;
import static io.serai.edge.tcp.TcpBench.LOOPBACK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.serai.config.error.SeraiException;
import io.serai.config.secret.SecretText;
import io.serai.edge.message.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The SOCKS5 front, asked by curl and by hand. */
@Timeout(60)
class SocksFrontTest {
    private static final String PAGE = "through the edge";
    /** curl's code for a proxy that refuses. */
    private static final int REFUSED_BY_PROXY = 97;

    private record Outcome(int code, String text) {}

    private static Outcome curl(String... arguments) throws Exception {
        assertThat(Path.of("/usr/bin/curl"))
                .as("curl is missing; install it: apt-get install -y curl")
                .exists();
        List<String> command = new ArrayList<>(List.of("/usr/bin/curl", "-sS", "--max-time", "20"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Outcome(process.exitValue(), output);
    }

    private static HttpServer web(InetAddress at) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(at, 0), 10);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, PAGE.length());
            exchange.getResponseBody().write(PAGE.getBytes());
            exchange.close();
        });
        server.start();
        return server;
    }

    private static String at(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    @Test
    void curlGetsAPageByANameThatOnlyTheEdgeKnows() throws Exception {
        HttpServer web = web(LOOPBACK);
        HttpServer six = web(InetAddress.getByName("::1"));
        try (TcpBench bench = new TcpBench(LIMITS, Optional.empty(), "127.0.0.0/8:*", "[::1]:*")) {
            bench.names.put("files.partner.example", new InetAddress[] {LOOPBACK});
            bench.names.put("six.partner.example", new InetAddress[] {InetAddress.getByName("::1")});
            String proxy = at(bench.proxy);
            int port = web.getAddress().getPort();
            assertThat(curl("--socks5-hostname", proxy, "http://files.partner.example:" + port + "/"))
                    .isEqualTo(new Outcome(0, PAGE));
            assertThat(curl("--socks5", proxy, "http://127.0.0.1:" + port + "/"))
                    .isEqualTo(new Outcome(0, PAGE));
            int sixth = six.getAddress().getPort();
            assertThat(curl("--socks5-hostname", proxy, "http://six.partner.example:" + sixth + "/"))
                    .isEqualTo(new Outcome(0, PAGE));
            assertThat(curl("--socks5-hostname", proxy, "http://[::1]:" + sixth + "/"))
                    .isEqualTo(new Outcome(0, PAGE));
            bench.awaitNothingLeft();
        } finally {
            web.stop(0);
            six.stop(0);
        }
    }

    @Test
    void curlIsToldWhatIsRefusedAndWhy() throws Exception {
        HttpServer web = web(LOOPBACK);
        int port = web.getAddress().getPort();
        try (TcpBench bench = new TcpBench(LIMITS, Optional.empty(), "*:*", "127.0.0.0/8:1")) {
            String proxy = at(bench.proxy);
            Outcome forbidden = curl("--socks5-hostname", proxy, "http://127.0.0.1:" + port + "/");
            assertThat(forbidden.code()).isEqualTo(REFUSED_BY_PROXY);
            assertThat(forbidden.text()).contains("(2)");
            Outcome unknown = curl("--socks5-hostname", proxy, "http://nowhere.example:" + port + "/");
            assertThat(unknown.text()).contains("(4)");
            Outcome closed = curl("--socks5-hostname", proxy, "http://127.0.0.1:1/");
            assertThat(closed.text()).contains("(5)");
            bench.awaitNothingLeft();
        } finally {
            web.stop(0);
        }
    }

    @Test
    void whereALoginIsAskedForNothingWorksWithoutIt() throws Exception {
        HttpServer web = web(LOOPBACK);
        String url = "http://127.0.0.1:" + web.getAddress().getPort() + "/";
        SocksFront.Login login = new SocksFront.Login("node", new SecretText("s3cret"));
        try (TcpBench bench = new TcpBench(LIMITS, Optional.of(login), "127.0.0.0/8:*")) {
            String proxy = at(bench.proxy);
            assertThat(curl("--proxy", "socks5h://node:s3cret@" + proxy, url)).isEqualTo(new Outcome(0, PAGE));
            assertThat(curl("--proxy", "socks5h://" + proxy, url).code()).isEqualTo(REFUSED_BY_PROXY);
            assertThat(curl("--proxy", "socks5h://node:other@" + proxy, url).code())
                    .isEqualTo(REFUSED_BY_PROXY);
            assertThat(talk(bench, new byte[] {5, 1, 2}, 2)).containsExactly(5, 2);
            // A command where a login is due.
            assertThat(talk(bench, new byte[] {5, 1, 2, 5, 1, 0, 1, 127, 0, 0, 1, 0, 80}, 9))
                    .hasSizeLessThanOrEqualTo(4);
            bench.awaitNothingLeft();
        } finally {
            web.stop(0);
        }
    }

    @Test
    void theWordsOfAFailureAreThereForWhoeverAskedAndOnce() throws Exception {
        try (TcpBench bench = new TcpBench(LIMITS, Optional.empty(), "127.0.0.0/8:1")) {
            try (Socket socket = new Socket(bench.proxy.getAddress(), bench.proxy.getPort())) {
                socket.getOutputStream().write(new byte[] {5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, 0, 80});
                assertThat(socket.getInputStream().readNBytes(4)).containsExactly(5, 0, 5, 2);
                TcpFailure failure =
                        bench.front.takeFailure(socket.getLocalPort()).orElseThrow();
                assertThat(failure.status()).isEqualTo(Status.PERMISSION_DENIED);
                assertThat(failure.text()).contains("127.0.0.1 port 80").startsWith("edge");
                assertThat(bench.front.takeFailure(socket.getLocalPort())).isEmpty();
            }
            bench.test.close();
            assertThat(talk(bench, new byte[] {5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, 0, 1}, 4))
                    .as("no edge is no answer of the destination")
                    .containsExactly(5, 0, 5, 1);
        }
    }

    @Test
    void everythingButConnectIsRefusedAndNonsenseIsCut() throws Exception {
        try (TcpBench bench = new TcpBench(LIMITS, Optional.empty(), "127.0.0.0/8:*")) {
            for (int command : new int[] {2, 3}) {
                byte[] asked = {5, 1, 0, 5, (byte) command, 0, 1, 127, 0, 0, 1, 0, 80};
                assertThat(talk(bench, asked, 4)).containsExactly(5, 0, 5, 7);
            }
            assertThat(talk(bench, new byte[] {4, 1, 0, 80, 127, 0, 0, 1, 0}, 1))
                    .isEmpty();
            assertThat(talk(bench, "GET / HTTP/1.1\r\n\r\n".getBytes(), 1)).isEmpty();
            assertThat(talk(bench, new byte[] {5, 1, 1}, 2)).containsExactly(5, (byte) 0xff);
            assertThat(talk(bench, new byte[] {5, 1, 0, 5, 1, 0, 9, 1, 1}, 4)).hasSizeLessThanOrEqualTo(4);
            bench.awaitNothingLeft();
        }
    }

    @Test
    void whoeverIsSlowToAskIsCut() throws Exception {
        try (TcpBench bench = new TcpBench(LIMITS, Optional.empty(), "127.0.0.0/8:*");
                Socket socket = new Socket(bench.proxy.getAddress(), bench.proxy.getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(5);
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            bench.awaitNothingLeft();
        }
    }

    /** Sends all at once and reads so many bytes, or what comes before the end. */
    private static byte[] talk(TcpBench bench, byte[] sent, int count) throws IOException {
        try (Socket socket = new Socket(bench.proxy.getAddress(), bench.proxy.getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(sent);
            return socket.getInputStream().readNBytes(count);
        } catch (java.net.SocketException e) {
            return new byte[0];
        }
    }

    @Test
    void itListensOnLoopbackAlone() throws Exception {
        try (TcpBench bench = new TcpBench(LIMITS, Optional.empty())) {
            SocksFront other = new SocksFront(bench.sockets, bench.front.outbound(), LIMITS, Optional.empty());
            assertThatThrownBy(() -> other.start(new InetSocketAddress("0.0.0.0", 0)))
                    .isInstanceOf(SeraiException.class);
        }
    }
}
