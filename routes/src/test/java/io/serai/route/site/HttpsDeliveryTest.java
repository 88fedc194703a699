package io.serai.route.site;

import static io.serai.route.site.Parcels.bytes;
import static io.serai.route.site.Parcels.event;
import static io.serai.route.site.Parcels.parcel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import io.serai.route.site.InMemoryDeliveries.Death;
import io.serai.route.site.connection.LineWatch;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.StopSwitch;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Deliveries to a real nginx, and to a server of the JDK that answers what a test wants. */
@Timeout(120)
class HttpsDeliveryTest {
    private static NginxServer server;
    private static DefaultCamelContext camel;

    @TempDir
    static Path servers;

    private final InMemoryDeliveries deliveries = new InMemoryDeliveries();
    private LineWatch watch;
    private SiteConnections connections;
    private HttpsDelivery delivery;

    @BeforeAll
    static void startServer() throws IOException {
        server = new NginxServer(servers.resolve("nginx"));
        camel = new DefaultCamelContext();
        camel.start();
    }

    @AfterAll
    static void stopServer() {
        camel.stop();
        server.close();
    }

    @BeforeEach
    void connect() {
        watch = new LineWatch();
        connections = new SiteConnections(camel, watch, new InMemorySiteLimits());
        delivery = new HttpsDelivery(deliveries, connections, "PUT");
    }

    @AfterEach
    void disconnect() {
        connections.close();
        watch.close();
    }

    private Site site(int port, String password, List<String> trust, Duration timeout) {
        return Parcels.site(
                Protocol.HTTPS,
                port,
                "",
                Optional.of("partner"),
                Optional.of(new SecretText(password)),
                Optional.empty(),
                trust,
                timeout);
    }

    private Site site() {
        return site(server.port(), "secret", List.of(server.certificate()), Duration.ofSeconds(20));
    }

    private void deliver(Parcel parcel) {
        delivery.deliver(parcel, new StopSwitch());
    }

    private static java.util.function.Consumer<Throwable> hasCode(ErrorCode code) {
        return failure -> assertThat(((SeraiException) failure).code())
                .as(failure.toString())
                .isEqualTo(code);
    }

    @Test
    void putsTheFileUnderItsName() throws IOException {
        byte[] content = "0123456789abcdef".repeat(100_000).getBytes();
        deliver(parcel(event(1, 1), site(), "ümläut &?#%25 1.csv", IfExists.REPLACE, content));
        assertThat(Files.readAllBytes(server.root().resolve("ümläut &?#%25 1.csv")))
                .isEqualTo(content);
        deliver(parcel(event(2, 1), site(), "empty", IfExists.REPLACE, new byte[0]));
        assertThat(server.root().resolve("empty")).isEmptyFile();
    }

    @Test
    void aLargeFileOfUnknownLengthNeedsNoMoreHeapThanASmallOne() throws Exception {
        long size = 256L << 20;
        LargeUpload.inSmallHeap(site(), servers.resolve("nginx/cert.pem"), size);
        assertThat(server.root().resolve("large")).hasSize(size);
    }

    private static Parcel withBody(Parcel parcel, DeliveredBody body) {
        return new Parcel(
                parcel.event(),
                parcel.stepKey(),
                parcel.site(),
                parcel.folder(),
                parcel.name(),
                parcel.temporaryName(),
                parcel.ifExists(),
                body);
    }

    @ParameterizedTest
    @EnumSource(Death.class)
    void theFileIsThereOnceWhereverANodeDies(Death death) {
        String name = "orders-" + death + ".csv";
        deliveries.death = death;
        try {
            deliver(parcel(event(7, 1, 1), site(), name, IfExists.FAIL, bytes("orders")));
        } catch (InMemoryDeliveries.Killed e) {
            assertThat(death).isNotEqualTo(Death.NEVER);
        }
        deliveries.death = Death.NEVER;
        deliver(parcel(event(7, 2, 2), site(), name, IfExists.FAIL, bytes("orders")));
        assertThat(server.root().resolve(name)).hasContent("orders");
    }

    @Test
    void refusesATakenName() {
        deliver(parcel(event(1, 1), site(), "taken", IfExists.REPLACE, bytes("old")));
        assertThatThrownBy(() -> deliver(parcel(event(2, 1), site(), "taken", IfExists.FAIL, bytes("new"))))
                .satisfies(hasCode(ErrorCode.SITE_REJECTED));
        assertThat(server.root().resolve("taken")).hasContent("old");
    }

    @Test
    void aWrongPasswordIsAPermanentErrorAlsoForALargeBody() {
        Site wrong = site(server.port(), "wrong", List.of(server.certificate()), Duration.ofSeconds(20));
        assertThatThrownBy(() -> deliver(parcel(event(1, 1), wrong, "a", IfExists.REPLACE, bytes("a"))))
                .satisfies(hasCode(ErrorCode.SITE_LOGIN_REFUSED));
        DeliveredBody large = new DeliveredBody(
                () -> new SftpDeliveryTest.Endless(64L << 20, -1, () -> {}),
                OptionalLong.of(64L << 20),
                Optional.empty());
        assertThatThrownBy(() -> deliver(withBody(parcel(event(2, 1), wrong, "a", IfExists.REPLACE, bytes("")), large)))
                .satisfies(hasCode(ErrorCode.SITE_LOGIN_REFUSED));
    }

    @Test
    void anUntrustedCertificateIsRefused() {
        Site unknown = site(server.port(), "secret", List.of(), Duration.ofSeconds(20));
        assertThatThrownBy(() -> deliver(parcel(event(1, 1), unknown, "a", IfExists.REPLACE, bytes("a"))))
                .satisfies(hasCode(ErrorCode.SITE_UNTRUSTED))
                .hasMessageContaining("sha256/")
                .hasMessageContaining("serai site trust");
    }

    @ParameterizedTest
    @CsvSource({
        "503, SITE_FAILED",
        "507, SITE_FAILED",
        "429, SITE_FAILED",
        "400, SITE_REJECTED",
        "302, SITE_REJECTED",
        "403, SITE_LOGIN_REFUSED"
    })
    void anAnswerDecidesWhetherItIsTriedAgain(int status, ErrorCode code) throws Exception {
        try (AnsweringServer answering = new AnsweringServer(status)) {
            Site site = site(answering.port(), "secret", List.of(server.certificate()), Duration.ofSeconds(20));
            assertThatThrownBy(() -> deliver(parcel(event(1, 1), site, "a", IfExists.REPLACE, bytes("a"))))
                    .satisfies(hasCode(code));
            assertThat(answering.keys).hasSize(1);
        }
    }

    @Test
    void aLostAnswerIsFoundOutAndTheKeyStaysTheSame() throws Exception {
        try (AnsweringServer silent = new AnsweringServer(0)) {
            Site site = site(silent.port(), "secret", List.of(server.certificate()), Duration.ofSeconds(2));
            assertThatThrownBy(() -> deliver(parcel(event(1, 1), site, "a", IfExists.REPLACE, bytes("a"))))
                    .satisfies(hasCode(ErrorCode.SITE_TIMEOUT));
            silent.status.set(201);
            deliver(parcel(event(1, 2), site, "a", IfExists.REPLACE, bytes("a")));
            assertThat(silent.keys).hasSize(2).doesNotContainNull();
            assertThat(silent.keys.get(0)).isEqualTo(silent.keys.get(1));
        }
    }

    /** Takes any PUT, answers HEAD with 404 and PUT with a status; 0 is no answer. */
    private static final class AnsweringServer implements AutoCloseable {
        private final HttpsServer https;
        private final ExecutorService threads = Executors.newCachedThreadPool();
        private final AtomicInteger status;
        private final List<String> keys = new CopyOnWriteArrayList<>();

        AnsweringServer(int status) throws Exception {
            this.status = new AtomicInteger(status);
            https = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            https.setHttpsConfigurator(new HttpsConfigurator(tls()));
            https.setExecutor(threads);
            https.createContext("/", exchange -> {
                if (exchange.getRequestMethod().equals("HEAD")) {
                    exchange.sendResponseHeaders(404, -1);
                    return;
                }
                keys.add(exchange.getRequestHeaders().getFirst("Idempotency-Key"));
                try (InputStream body = exchange.getRequestBody()) {
                    body.readAllBytes();
                }
                int answer = this.status.get();
                if (answer != 0) {
                    exchange.getResponseHeaders().add("Location", "https://127.0.0.1:1/elsewhere");
                    exchange.sendResponseHeaders(answer, -1);
                }
            });
            https.start();
        }

        private static SSLContext tls() throws Exception {
            Path folder = servers.resolve("nginx");
            Path store = folder.resolve("store.p12");
            if (!Files.exists(store)) {
                Programs.run(List.of(
                        "/usr/bin/openssl",
                        "pkcs12",
                        "-export",
                        "-in",
                        folder.resolve("cert.pem").toString(),
                        "-inkey",
                        folder.resolve("key.pem").toString(),
                        "-out",
                        store.toString(),
                        "-passout",
                        "pass:store"));
            }
            KeyStore keys = KeyStore.getInstance(store.toFile(), "store".toCharArray());
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(keys, "store".toCharArray());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(factory.getKeyManagers(), null, null);
            return context;
        }

        int port() {
            return https.getAddress().getPort();
        }

        @Override
        public void close() {
            https.stop(0);
            threads.shutdownNow();
        }
    }
}
