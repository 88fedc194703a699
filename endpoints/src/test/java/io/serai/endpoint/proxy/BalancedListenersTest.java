package io.serai.endpoint.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.name.SessionId;
import io.serai.endpoint.InMemoryPartners;
import io.serai.endpoint.ListenerUnderTest;
import io.serai.endpoint.PartnerOperation.OpenSession;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The three listeners behind a load balancer: the client's address comes from the header, and bad headers come nowhere. Most of it
 * waits until a listener has lost its patience, so tests go on side by side.
 */
@Execution(ExecutionMode.CONCURRENT)
class BalancedListenersTest {
    private static final InetSocketAddress CLIENT = new InetSocketAddress("192.0.2.7", 4711);
    private static final int PATIENCE_MILLIS = 20_000;

    @TempDir
    Path folder;

    private InMemoryPartners partners;
    private ListenerUnderTest listener;

    enum Kind {
        SFTP("sftp-server"),
        FTPS("ftp-server"),
        FTPS_IMPLICIT("ftp-server"),
        HTTPS("http-server");

        private final String scheme;

        Kind(String scheme) {
            this.scheme = scheme;
        }
    }

    enum Hostile {
        NO_HEADER("SSH-2.0-OpenSSH_9.2\r\nUSER acme\r\n"),
        VERSION_1("PROXY TCP4 192.0.2.7 192.0.2.8 4711 22\r\nSSH-2.0-x\r\n"),
        CUT_SIGNATURE("\r\n\r\n"),
        UNKNOWN_VERSION("\r\n\r\n\0\r\nQUIT\n\u0031\u0011\0\u000c............"),
        UNKNOWN_FAMILY("\r\n\r\n\0\r\nQUIT\n\u0021\u0012\0\u000c............"),
        TOO_SHORT("\r\n\r\n\0\r\nQUIT\n\u0021\u0011\0\u0004....SSH-2.0-x\r\n"),
        CUT_ADDRESSES("\r\n\r\n\0\r\nQUIT\n\u0021\u0011\0\u000c....");

        private final byte[] bytes;

        Hostile(String text) {
            bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        }
    }

    private void listen(Kind kind, String from) throws Exception {
        partners = new InMemoryPartners(folder).addAccount("acme", "password");
        Map<String, Object> options = new HashMap<>(Map.of("bindAddress", "127.0.0.1", "port", 0));
        options.put("proxyProtocolFrom", from);
        if (kind == Kind.SFTP) {
            options.put("hostKeys", folder.resolve("keys"));
        } else {
            options.put("certificate", folder.resolve("chain.pem"));
            options.put("privateKey", folder.resolve("key.pem"));
        }
        if (kind == Kind.FTPS_IMPLICIT) {
            options.put("tls", "IMPLICIT");
        }
        listener = new ListenerUnderTest(kind.scheme, options, partners);
    }

    @AfterEach
    void stop() {
        listener.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.port());
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    static byte[] header(InetSocketAddress client, int extraBytes) {
        ByteBuffer bytes = ByteBuffer.allocate(28 + extraBytes);
        bytes.put("\r\n\r\n\0\r\nQUIT\n!".getBytes(StandardCharsets.ISO_8859_1));
        bytes.put((byte) 0x11).putShort((short) (12 + extraBytes));
        bytes.put(client.getAddress().getAddress()).put(new byte[] {10, 0, 0, 1});
        bytes.putShort((short) client.getPort()).putShort((short) 22);
        return bytes.array();
    }

    /** What a client sends first, after the header; then the session is known to the answering side. */
    private void beginSession(Kind kind, Socket socket) throws Exception {
        switch (kind) {
            case SFTP -> socket.getOutputStream().write("SSH-2.0-test\r\n".getBytes(StandardCharsets.US_ASCII));
            case FTPS -> assertThat(socket.getInputStream().read()).isEqualTo('2');
            case FTPS_IMPLICIT ->
                assertThat(tls(socket).getInputStream().read()).isEqualTo('2');
            case HTTPS -> {
                SSLSocket tls = tls(socket);
                String login = Base64.getEncoder().encodeToString("acme:password".getBytes(StandardCharsets.UTF_8));
                tls.getOutputStream()
                        .write(("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + login + "\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                assertThat(tls.getInputStream().read()).isEqualTo('H');
            }
        }
    }

    private static SSLSocket tls(Socket socket) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustAll()}, null);
        SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(socket, "localhost", 0, true);
        tls.startHandshake();
        return tls;
    }

    private static final class TrustAll implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    private InetSocketAddress toldClient() {
        SessionId session = await("a session")
                .atMost(Duration.ofSeconds(20))
                .until(() -> partners.operations(OpenSession.class), found -> !found.isEmpty())
                .get(0)
                .session();
        return partners.origin(session).orElseThrow().client();
    }

    @ParameterizedTest
    @EnumSource(value = Kind.class, names = "SFTP", mode = EnumSource.Mode.EXCLUDE)
    void theHeaderTellsTheClient(Kind kind) throws Exception {
        listen(kind, "10.0.0.0/8,127.0.0.1");
        try (Socket socket = connect()) {
            byte[] header = header(CLIENT, 300);
            // In two pieces, for networks cut where they like.
            socket.getOutputStream().write(header, 0, 14);
            socket.getOutputStream().flush();
            socket.getOutputStream().write(header, 14, header.length - 14);
            beginSession(kind, socket);
            assertThat(toldClient()).isEqualTo(CLIENT);
        }
    }

    /** By a whole client, since an SSH session begins after the key exchange. */
    @Test
    void theHeaderTellsTheClientOfSftp() throws Exception {
        listen(Kind.SFTP, "127.0.0.1");
        com.jcraft.jsch.Session client = new com.jcraft.jsch.JSch().getSession("acme", "127.0.0.1", listener.port());
        client.setPassword("password");
        client.setConfig("StrictHostKeyChecking", "no");
        client.setSocketFactory(new BalancedSockets());
        client.connect(PATIENCE_MILLIS);
        assertThat(toldClient()).isEqualTo(CLIENT);
        client.disconnect();
    }

    /** Sockets that send the header first. */
    private static final class BalancedSockets implements com.jcraft.jsch.SocketFactory {
        @Override
        public Socket createSocket(String host, int port) throws IOException {
            Socket socket = new Socket(host, port);
            socket.getOutputStream().write(header(CLIENT, 0));
            return socket;
        }

        @Override
        public java.io.InputStream getInputStream(Socket socket) throws IOException {
            return socket.getInputStream();
        }

        @Override
        public java.io.OutputStream getOutputStream(Socket socket) throws IOException {
            return socket.getOutputStream();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void badHeadersGetNowhere(Kind kind) throws Exception {
        listen(kind, "127.0.0.1");
        for (Hostile hostile : Hostile.values()) {
            if (kind == Kind.HTTPS && hostile == Hostile.VERSION_1) {
                continue; // Netty reads version 1 as well
            }
            try (Socket socket = connect()) {
                socket.getOutputStream().write(hostile.bytes);
                expectClosed(socket, hostile.name());
            }
        }
        try (Socket socket = connect()) {
            byte[] oversized = header(CLIENT, 60_000);
            oversized[14] = (byte) 0xff;
            try {
                socket.getOutputStream().write(oversized);
            } catch (IOException e) {
                assertThat(kind).as("who closes before all has come").isNotEqualTo(Kind.HTTPS);
            }
            expectClosed(socket, "oversized");
        }
        assertThat(partners.operations(OpenSession.class)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aConnectionWithoutAnyByteIsClosed(Kind kind) throws Exception {
        listen(kind, "127.0.0.1");
        try (Socket socket = connect()) {
            long began = System.nanoTime();
            expectClosed(socket, "silence");
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(12));
        }
        assertThat(partners.operations(OpenSession.class)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void nobodyElseMayPretend(Kind kind) throws Exception {
        listen(kind, "10.0.0.0/8");
        try (Socket socket = connect()) {
            socket.getOutputStream().write(header(CLIENT, 0));
            expectClosed(socket, "a header from elsewhere");
        } catch (IOException e) {
            assertThat(e).as("closed before the header was sent").hasMessageContaining("Broken pipe");
        }
        assertThat(partners.operations(OpenSession.class)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void withoutBalancersAHeaderIsNoise(Kind kind) throws Exception {
        listen(kind, "");
        try (Socket socket = connect()) {
            socket.getOutputStream().write(header(CLIENT, 0));
            socket.getOutputStream().flush();
            ByteArrayOutputStream answered = new ByteArrayOutputStream();
            socket.setSoTimeout(2_000);
            try {
                socket.getInputStream().transferTo(answered);
            } catch (IOException e) {
                assertThat(e).isNotNull();
            }
        }
        assertThat(partners.operations(OpenSession.class))
                .allSatisfy(
                        open -> assertThat(open.origin().client().getAddress().isLoopbackAddress())
                                .isTrue());
    }

    private static void expectClosed(Socket socket, String what) {
        try {
            // The SSH server may have introduced itself.
            String said = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(said).as(what).doesNotContain("220");
        } catch (java.net.SocketTimeoutException e) {
            throw new AssertionError(what + " was not closed", e);
        } catch (IOException e) {
            assertThat(e).as(what).hasMessageMatching("(?i).*(reset|broken pipe).*");
        }
    }
}
