package io.serai.endpoint.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.InMemoryAccount;
import io.serai.endpoint.InMemoryPartners;
import io.serai.endpoint.ListenerUnderTest;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients that end in the wrong way, or do not end. */
class BrokenRequestsTest {
    private static final String HEAD = "PUT /a HTTP/1.1\r\nHost: x\r\nAuthorization: Basic "
            + Base64.getEncoder().encodeToString("acme:password".getBytes(StandardCharsets.UTF_8)) + "\r\n";

    @TempDir
    Path folder;

    @TempDir
    Path storage;

    private InMemoryAccount acme;
    private InMemoryPartners partners;
    private ListenerUnderTest server;
    private final List<Socket> sockets = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        partners = new InMemoryPartners(storage).addAccount("acme", "password");
        acme = partners.account("acme");
        server = listener(Map.of());
    }

    private ListenerUnderTest listener(Map<String, Object> more) throws Exception {
        Map<String, Object> options = new HashMap<>(Map.of(
                "bindAddress",
                "127.0.0.1",
                "port",
                0,
                "drainTimeout",
                "1s",
                "certificate",
                folder.resolve("chain.pem"),
                "privateKey",
                folder.resolve("key.pem")));
        options.putAll(more);
        return new ListenerUnderTest("http-server", options, partners);
    }

    @AfterEach
    void stop() throws Exception {
        for (Socket socket : sockets) {
            socket.close();
        }
        server.close();
    }

    enum Ending {
        TLS_CLOSE,
        CUT,
        HALF_CLOSE,
        RESET
    }

    private Socket connect() throws IOException {
        Socket tcp = new Socket(InetAddress.getLoopbackAddress(), server.port());
        tcp.setSoTimeout(20_000);
        sockets.add(tcp);
        return tcp;
    }

    private SSLSocket secure(Socket tcp) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustingAll()}, null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(tcp, "localhost", tcp.getPort(), false);
        socket.startHandshake();
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
    }

    private void end(Socket tcp, SSLSocket tls, Ending how) throws IOException {
        switch (how) {
            case TLS_CLOSE -> {
                tls.close();
                tcp.close();
            }
            case CUT -> tcp.close();
            case HALF_CLOSE -> tcp.shutdownOutput();
            case RESET -> {
                tcp.setSoLinger(true, 0);
                tcp.close();
            }
        }
    }

    private void nothingIsTaken(int kept) {
        await().atMost(Duration.ofSeconds(15)).untilAsserted(() -> {
            assertThat(acme.aborts()).hasSize(1);
            assertThat(acme.openUploads()).isZero();
        });
        assertThat(acme.paths()).isEmpty();
        assertThat(acme.arrivals()).isEmpty();
        assertThat(acme.part("/a").orElseThrow()).hasSizeLessThanOrEqualTo(kept);
    }

    @ParameterizedTest
    @EnumSource
    void neverTakesABodyThatIsShorterThanItsLength(Ending how) throws Exception {
        Socket tcp = connect();
        SSLSocket tls = secure(tcp);
        send(tls, HEAD + "Content-Length: 1000\r\n\r\n" + "x".repeat(600));
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(acme.openUploads()).isEqualTo(1));
        end(tcp, tls, how);
        nothingIsTaken(600);
    }

    @ParameterizedTest
    @EnumSource
    void neverTakesAChunkedBodyWithoutItsLastChunk(Ending how) throws Exception {
        Socket tcp = connect();
        SSLSocket tls = secure(tcp);
        send(tls, HEAD + "Transfer-Encoding: chunked\r\n\r\n258\r\n" + "x".repeat(600) + "\r\n");
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(acme.openUploads()).isEqualTo(1));
        end(tcp, tls, how);
        nothingIsTaken(600);
    }

    @Test
    void aSmallBodyMayComeInPieces() throws Exception {
        SSLSocket tls = secure(connect());
        send(tls, HEAD + "Content-Length: 1000\r\n\r\n" + "x".repeat(600));
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(acme.openUploads()).isEqualTo(1));
        send(tls, "y".repeat(400));
        assertThat(statusLine(tls)).startsWith("HTTP/1.1 201");
        assertThat(acme.file("/a")).contains(("x".repeat(600) + "y".repeat(400)).getBytes(StandardCharsets.US_ASCII));
        assertThat(acme.arrivals()).hasSize(1);
    }

    @Test
    void smallBodiesMayFollowEachOther() throws Exception {
        SSLSocket tls = secure(connect());
        String put = HEAD + "Content-Length: 5\r\n\r\n";
        send(tls, put + "hello" + put + "world" + put.replace("5", "0"));
        assertThat(List.of(statusLine(tls), statusLine(tls), statusLine(tls)))
                .containsExactly("HTTP/1.1 201 Created", "HTTP/1.1 204 No Content", "HTTP/1.1 204 No Content");
        assertThat(acme.file("/a")).contains(new byte[0]);
        assertThat(acme.arrivals()).hasSize(3);
        assertThat(acme.aborts()).isEmpty();
    }

    @Test
    void aSmallBodyOfAStrangerIsRefused() throws Exception {
        SSLSocket tls = secure(connect());
        String stranger = HEAD.replaceFirst("Basic \\S+", "Basic YWNtZTp3cm9uZw==");
        send(tls, stranger + "Content-Length: 5\r\n\r\nhello");
        assertThat(statusLine(tls)).startsWith("HTTP/1.1 401");
        assertThat(acme.paths()).isEmpty();
        send(tls, HEAD + "Content-Length: 5\r\n\r\nhello");
        assertThat(statusLine(tls)).startsWith("HTTP/1.1 201");
    }

    /** Of the next answer, whose head and body are read. */
    private static String statusLine(Socket socket) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                throw new EOFException("after: " + head);
            }
            head.append((char) next);
        }
        var length = Pattern.compile("(?i)content-length: (\\d+)").matcher(head);
        socket.getInputStream().readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0);
        return head.substring(0, head.indexOf("\r\n"));
    }

    @Test
    void neverTakesTheUploadOfAKilledClient() throws Exception {
        Process client = ClientProgram.start(
                folder,
                List.of(
                        "bash",
                        "-c",
                        "exec curl -sS -k -u acme:password -T - https://localhost:" + server.port()
                                + "/a < <(head -c 500000 /dev/urandom; sleep 60)"),
                folder.resolve("killed.out"));
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(acme.openUploads()).isEqualTo(1));
        client.destroyForcibly().waitFor();
        nothingIsTaken(500_000);
    }

    @Test
    void breaksOffWhatStillRunsWhenItStops() throws Exception {
        SSLSocket tls = secure(connect());
        send(tls, HEAD + "Content-Length: 1000\r\n\r\n" + "x".repeat(600));
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(acme.openUploads()).isEqualTo(1));
        server.close();
        nothingIsTaken(600);
        assertThat(partners.sessions()).isEmpty();
    }

    @Test
    void servesOthersWhileManyUploadsStall() throws Exception {
        for (int i = 0; i < 40; i++) {
            send(
                    secure(connect()),
                    HEAD.replace("/a", "/stalled" + i) + "Content-Length: 1000000\r\n\r\n" + "x".repeat(1000));
        }
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(acme.openUploads()).isEqualTo(40));
        ClientProgram.Ended listing = ClientProgram.run(
                folder,
                "curl",
                "-sS",
                "-k",
                "--max-time",
                "10",
                "-u",
                "acme:password",
                "https://localhost:" + server.port() + "/");
        assertThat(listing.output()).contains("entries");
    }

    @Test
    void closesConnectionsThatDoNotBringARequest() throws Exception {
        server.close();
        server = listener(Map.of("requestTimeout", "1s"));
        SSLSocket slow = secure(connect());
        send(slow, "GET / HTTP/1.1\r\nHost: x\r\n");
        assertThat(slow.getInputStream().read()).isEqualTo(-1);
    }

    private static final class TrustingAll implements X509TrustManager {
        @Override
        public void checkClientTrusted(java.security.cert.X509Certificate[] chain, String type) {
            // A test client.
        }

        @Override
        public void checkServerTrusted(java.security.cert.X509Certificate[] chain, String type) {
            // The listener's own certificate.
        }

        @Override
        public java.security.cert.X509Certificate[] getAcceptedIssuers() {
            return new java.security.cert.X509Certificate[0];
        }
    }
}
