package io.serai.edge.main;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Protocol;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkSettings;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.message.EdgeMessages.EdgeConfig;
import io.serai.edge.message.EdgeMessages.IdentityFile;
import io.serai.edge.message.EdgeMessages.Offer;
import io.serai.edge.message.EdgeMessages.Servers;
import io.serai.edge.relay.PartnerDesk;
import io.serai.edge.tcp.TcpRelays;
import io.serai.endpoint.ActiveListeners;
import io.serai.endpoint.BoundListener;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.SessionGreeting;
import io.serai.endpoint.sftp.HostKeys;
import io.serai.endpoint.tls.TlsIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EdgeListenersTest {
    private static final Servers NOBODY = new Servers(1, List.of());

    @TempDir
    static Path keys;

    private static List<IdentityFile> hostKeys;
    private static TlsIdentity tls;
    private static TlsIdentity otherTls;

    private final DefaultCamelContext camel = new DefaultCamelContext();
    private final AtomicInteger sessions = new AtomicInteger();
    private EdgeListeners listeners;

    /**
     * Refuses everybody, and counts who gets as far as that. Only FTPS is greeted: it asks as soon as there is a connection, and closes one
     * that is refused at once, whether its TLS handshake is done or not.
     */
    private final class Refusing implements PartnerDesk {
        @Override
        public <R> R answer(PartnerOperation<R> operation) {
            if (operation instanceof OpenSession open) {
                sessions.incrementAndGet();
                if (open.origin().protocol() == Protocol.FTPS) {
                    return operation
                            .replyType()
                            .cast(new SessionGreeting(Optional.of("hello"), 3, Duration.ofSeconds(30)));
                }
            }
            throw new SeraiException(ErrorCode.BUSY, "no server");
        }
    }

    /** Takes any certificate and keeps it for the test to look at. */
    private static final class Anything implements X509TrustManager {
        private volatile X509Certificate shown;

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {
            shown = chain[0];
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    @BeforeAll
    static void makeKeys() throws IOException {
        var made = HostKeys.inFolder(keys.resolve("ssh"));
        hostKeys = new ArrayList<>();
        try (Stream<Path> files = Files.list(keys.resolve("ssh"))) {
            for (Path file : files.sorted().toList()) {
                hostKeys.add(new IdentityFile(String.valueOf(file.getFileName()), Files.readString(file)));
            }
        }
        tls = TlsIdentity.loadOrCreate(keys.resolve("a.pem"), keys.resolve("a.key"), List.of());
        otherTls = TlsIdentity.loadOrCreate(keys.resolve("b.pem"), keys.resolve("b.key"), List.of());
    }

    @BeforeEach
    void start() {
        camel.getRegistry().bind("internal", PartnerDesk.class, new Refusing());
        camel.getShutdownStrategy().setTimeout(5);
        camel.start();
        listeners = new EdgeListeners(camel);
    }

    @AfterEach
    void stop() {
        camel.stop();
    }

    private static EdgeConfig config(TlsIdentity shown, Offer... offers) {
        List<IdentityFile> identity = new ArrayList<>(hostKeys);
        identity.add(new IdentityFile("tls-certificate.pem", shown.chainPem()));
        identity.add(new IdentityFile("tls-key.pem", shown.keyPem()));
        return new EdgeConfig("dmz", 1, NOBODY, List.of(offers), identity);
    }

    private static Offer offer(String name, String protocol, String... more) {
        List<String> options = new ArrayList<>(List.of("bindAddress=127.0.0.1", "port=0"));
        options.addAll(List.of(more));
        return new Offer(name, protocol, options);
    }

    private BoundListener bound(Protocol protocol) {
        return new ActiveListeners(camel)
                .bound().stream()
                        .filter(listener -> listener.protocol() == protocol)
                        .findFirst()
                        .orElseThrow();
    }

    /** What the listener shows, by a handshake that is whole. */
    private static String certificate(BoundListener listener) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        Anything trust = new Anything();
        context.init(null, new TrustManager[] {trust}, null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket(
                        listener.address().getAddress(), listener.address().getPort())) {
            socket.setSoTimeout(10_000);
            socket.startHandshake();
        }
        return "sha256/"
                + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(trust.shown.getEncoded()));
    }

    private static void ask(BoundListener listener) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Anything()}, null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket(
                        listener.address().getAddress(), listener.address().getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readNBytes(9), StandardCharsets.US_ASCII))
                    .isEqualTo("HTTP/1.1 ");
        }
    }

    @Test
    void opensWhatIsOfferedWithKeysFromMemory() throws Exception {
        List<String> problems = listeners.apply(config(
                tls,
                offer("sftp", "sftp", "maxSessions=5"),
                offer("ftps", "ftps", "tls=IMPLICIT", "passivePorts=50000-50010", "maxConnections=5"),
                offer("https", "https", "maxConnections=5")));
        assertThat(problems).isEmpty();
        assertThat(new ActiveListeners(camel).bound()).hasSize(3);
        assertThat(certificate(bound(Protocol.HTTPS))).isEqualTo(tls.fingerprint());
        assertThat(certificate(bound(Protocol.FTPS))).isEqualTo(tls.fingerprint());
        try (Socket socket = new Socket(
                bound(Protocol.SFTP).address().getAddress(),
                bound(Protocol.SFTP).address().getPort())) {
            assertThat(new String(socket.getInputStream().readNBytes(8), StandardCharsets.US_ASCII))
                    .isEqualTo("SSH-2.0-");
        }
    }

    @Test
    void disturbsOnlyWhatChanges() throws Exception {
        assertThat(listeners.apply(config(tls, offer("https", "https"), offer("sftp", "sftp"))))
                .isEmpty();
        BoundListener https = bound(Protocol.HTTPS);
        BoundListener sftp = bound(Protocol.SFTP);
        assertThat(listeners.apply(config(tls, offer("https", "https"), offer("sftp", "sftp", "maxSessions=7"))))
                .isEmpty();
        assertThat(bound(Protocol.HTTPS)).isSameAs(https);
        assertThat(bound(Protocol.SFTP)).isNotSameAs(sftp);

        sftp = bound(Protocol.SFTP);
        assertThat(listeners.apply(config(otherTls, offer("https", "https"), offer("sftp", "sftp", "maxSessions=7"))))
                .isEmpty();
        assertThat(bound(Protocol.SFTP)).as("its keys stayed as they were").isSameAs(sftp);
        assertThat(listeners.apply(config(otherTls, offer("https", "https")))).isEmpty();
        assertThat(new ActiveListeners(camel).bound()).hasSize(1);
        assertThat(certificate(bound(Protocol.HTTPS))).isEqualTo(otherTls.fingerprint());

        assertThat(listeners.apply(config(otherTls))).isEmpty();
        assertThat(new ActiveListeners(camel).bound()).isEmpty();
    }

    @Test
    void admitsWhomTheServersAdmit() throws Exception {
        assertThat(listeners.apply(config(tls, offer("https", "https", "allow=198.51.100.0/24,2001:db8::/32"))))
                .isEmpty();
        ask(bound(Protocol.HTTPS));
        assertThat(sessions).hasValue(0);
        assertThat(listeners.apply(config(tls, offer("https", "https", "allow=127.0.0.0/8", "deny=127.0.0.1"))))
                .isEmpty();
        ask(bound(Protocol.HTTPS));
        assertThat(sessions).hasValue(0);
        assertThat(listeners.apply(config(tls, offer("https", "https", "deny=198.51.100.0/24"))))
                .isEmpty();
        ask(bound(Protocol.HTTPS));
        assertThat(sessions).hasValue(1);
    }

    @Test
    void holdsHowOftenPartnersMayCome() throws Exception {
        assertThat(listeners.apply(config(
                        tls,
                        offer(
                                "https",
                                "https",
                                "connectionRatePerAddress=2/m",
                                "connectionRate=500/s",
                                "loginRate=9/s"))))
                .isEmpty();
        for (int i = 0; i < 5; i++) {
            ask(bound(Protocol.HTTPS));
        }
        assertThat(sessions).hasValue(2);
    }

    @Test
    void aRouteThatCannotBeReplacedRunsOn() throws Exception {
        assertThat(listeners.apply(config(tls, offer("https", "https")))).isEmpty();
        BoundListener former = bound(Protocol.HTTPS);
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Offer moved = new Offer("https", "https", List.of("bindAddress=127.0.0.1", "port=" + taken.getLocalPort()));
            assertThat(listeners.apply(config(tls, moved)))
                    .singleElement()
                    .asString()
                    .contains("is taken", "the former route runs on");
            assertThat(bound(Protocol.HTTPS)).isSameAs(former);
            ask(former);
            taken.close();
            assertThat(listeners.apply(config(tls, moved))).isEmpty();
            assertThat(bound(Protocol.HTTPS).address().getPort()).isEqualTo(taken.getLocalPort());
        }
        Offer broken = new Offer("https", "https", List.of("bindAddress=127.0.0.1", "port=99999"));
        for (int i = 0; i < 2; i++) {
            assertThat(listeners.apply(config(tls, broken)))
                    .singleElement()
                    .asString()
                    .contains("https.yaml", "the former route runs on");
        }
        ask(bound(Protocol.HTTPS));
    }

    @Test
    void anOfferThatCannotBeUsedLeavesTheFormerRoute() throws Exception {
        String networks = "192.0.2.0/24,".repeat(4_900) + "127.0.0.0/8";
        assertThat(listeners.apply(config(tls, offer("https", "https", "allow=" + networks))))
                .isEmpty();
        BoundListener former = bound(Protocol.HTTPS);
        Offer larger = offer("https", "https", "allow=" + networks + ",192.0.2.0/24".repeat(200));
        assertThat(listeners.apply(config(tls, larger)))
                .singleElement()
                .asString()
                .contains("listener https", "expected networks", "the former route runs on");
        assertThat(bound(Protocol.HTTPS)).isSameAs(former);
        ask(former);
    }

    @Test
    void passesConnectionsThroughWithoutAnyKey() throws Exception {
        List<Set<Link>> picked = new CopyOnWriteArrayList<>();
        LinkTransport sockets = LinkTransport.start(LinkSettings.standard(), 1);
        camel.getRegistry()
                .bind(
                        "internal",
                        TcpRelays.class,
                        new TcpRelays(
                                sockets,
                                tried -> {
                                    picked.add(tried);
                                    return Optional.empty();
                                },
                                Optional.empty()));
        EdgeConfig keyless = new EdgeConfig(
                "dmz", 1, NOBODY, List.of(offer("raw", "sftp", "mode=tcp", "maxConnections=9")), List.of());
        assertThat(listeners.apply(keyless)).isEmpty();
        expectCut(bound(Protocol.SFTP));
        assertThat(picked).hasSize(1);
        assertThat(listeners.apply(config(tls, offer("raw", "sftp", "mode=tcp", "deny=127.0.0.0/8"))))
                .isEmpty();
        expectCut(bound(Protocol.SFTP));
        assertThat(picked).as("nobody is asked about whom the route refuses").hasSize(1);
        assertThat(listeners.apply(config(tls, offer("raw", "sftp", "mode=tcp", "connectionRate=1/m"))))
                .isEmpty();
        expectCut(bound(Protocol.SFTP));
        expectCut(bound(Protocol.SFTP));
        assertThat(picked).hasSize(2);
        assertThat(listeners.apply(config(tls, offer("raw", "ftps", "mode=tcp"))))
                .hasSize(1);
        assertThat(listeners.apply(config(tls))).isEmpty();
        assertThat(new ActiveListeners(camel).bound()).isEmpty();
        sockets.close();
    }

    private static void expectCut(BoundListener listener) throws IOException {
        try (Socket socket =
                new Socket(listener.address().getAddress(), listener.address().getPort())) {
            socket.setSoTimeout(10_000);
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @Test
    void doesNotOpenWhatItDoesNotUnderstand() {
        List<String> problems = listeners.apply(config(
                tls,
                offer("new", "as2"),
                offer("strict", "sftp", "onlyOnSundays=true"),
                offer("odd", "sftp", "proxyProtocolFrom=10.0.0.1)&hostKeys=RAW(/etc"),
                offer("../up", "sftp"),
                offer("https", "https")));
        assertThat(problems).hasSize(4);
        assertThat(problems.get(0)).contains("listener new", "protocol as2");
        assertThat(problems.get(1)).contains("listener strict", "onlyOnSundays");
        assertThat(new ActiveListeners(camel).bound()).hasSize(1);
    }

    @Test
    void keysThatCannotBeReadLeaveTheFormerOnes() throws Exception {
        assertThat(listeners.apply(config(tls, offer("https", "https")))).isEmpty();
        EdgeConfig broken = new EdgeConfig(
                "dmz",
                2,
                NOBODY,
                List.of(offer("https", "https")),
                List.of(new IdentityFile("tls-certificate.pem", "x"), new IdentityFile("tls-key.pem", "y")));
        assertThat(listeners.apply(broken)).singleElement().asString().contains("the keys that partners see");
        assertThat(certificate(bound(Protocol.HTTPS))).isEqualTo(tls.fingerprint());
    }
}
