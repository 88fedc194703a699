package io.serai.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.ZoneName;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.edge.relay.EdgeAlarms;
import io.serai.edge.relay.EdgeLimits;
import io.serai.edge.relay.PartnerService;
import io.serai.edge.relay.PassedSessions;
import io.serai.edge.relay.UploadVerdicts;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.SessionGreeting;
import io.serai.endpoint.handover.HandoverListener;
import io.serai.endpoint.handover.PipedConnection;
import io.serai.endpoint.tls.TlsIdentity;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PassedListenersTest {
    private static final int FAILED_OF_NETWORK = 5;
    private static final int FAILED_OF_USER = 3;
    private static final EdgeName EDGE = new EdgeName("edge1");

    @TempDir
    Path folder;

    private final DefaultCamelContext camel = new DefaultCamelContext();
    private final List<Origin> origins = new CopyOnWriteArrayList<>();
    private final List<LoginByPassword> logins = new CopyOnWriteArrayList<>();
    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final PartnerService service = new PartnerService(
            workers,
            clock,
            new UploadVerdicts(Duration.ofMinutes(5)),
            Optional.empty(),
            new EdgeLimits(5, 4, FAILED_OF_NETWORK, 30, FAILED_OF_USER, Duration.ofHours(5), 2, 2),
            EdgeAlarms.NONE);
    private volatile List<Zone> zones = List.of();
    private volatile Runnable whileFollowing = () -> {};
    private volatile String identity = "tls";
    private volatile boolean down;
    private PassedListeners listeners;

    @BeforeEach
    void start() throws Exception {
        camel.getRegistry()
                .bind(
                        "tls",
                        TlsIdentity.class,
                        TlsIdentity.loadOrCreate(folder.resolve("a.pem"), folder.resolve("a.key"), List.of()));
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:desk")
                        .errorHandler(noErrorHandler())
                        .process(exchange -> exchange.getMessage()
                                .setBody(answer(exchange.getIn().getBody(PartnerOperation.class))));
            }
        });
        camel.start();
        listeners = new PassedListeners(
                () -> camel,
                () -> {
                    whileFollowing.run();
                    return zones;
                },
                new PassedListeners.Parts(
                        (listener, place) -> "http-server:" + listener.name() + "?tlsIdentity=#bean:" + identity
                                + "&handedOver=RAW(" + place + ")",
                        (zone, edge) -> new PassedSessions(service, edge.value()),
                        "direct:desk"));
    }

    @AfterEach
    void stop() {
        camel.stop();
        workers.shutdownNow();
        clock.shutdownNow();
    }

    private Object answer(PartnerOperation<?> operation) {
        if (operation instanceof OpenSession open) {
            origins.add(open.origin());
            return new SessionGreeting(Optional.empty(), 3, Duration.ofMinutes(1));
        }
        if (operation instanceof LoginByPassword login) {
            logins.add(login);
            if (down) {
                throw new SeraiException(ErrorCode.BUSY, "The desk is at rest");
            }
            if (login.password().reveal().equals("right")) {
                return new LoginResult.Accepted(new AccountName(login.user()), Set.of(), Duration.ofMinutes(1));
            }
            return new LoginResult.Refused();
        }
        return PartnerOperation.Done.class.getEnumConstants()[0];
    }

    private static Zone zone(String name, String listener, String... edges) {
        return new Zone(
                new ZoneName(name),
                "",
                Stream.of(edges)
                        .map(edge -> new Zone.Edge(
                                new EdgeName(edge),
                                List.of(new HostPort("10.0.0.1", 7443)),
                                Set.of(),
                                Optional.empty(),
                                Optional.empty()))
                        .toList(),
                List.of(new Zone.Listener(
                        listener,
                        Protocol.HTTPS,
                        Zone.Mode.TCP,
                        "0.0.0.0",
                        443,
                        Site.TlsMode.EXPLICIT,
                        Optional.empty(),
                        OptionalInt.empty(),
                        List.of(),
                        Zone.Admission.EVERYWHERE)),
                new Zone.Outbound(false, false, Zone.WhenDown.REFUSE));
    }

    private Optional<HandoverListener> listener(String zone, String edge, String listener) {
        return listeners.listener(new ZoneName(zone), new EdgeName(edge), listener);
    }

    /** A request with a password that is wrong, over a connection of an edge. */
    private String ask(HandoverListener own, String user) throws Exception {
        return ask(own, user, "wrong", 9);
    }

    /** @param client the last byte of where it comes from */
    private String ask(HandoverListener own, String user, String password, int client) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Anything()}, new SecureRandom());
        PipedConnection connection = new PipedConnection(new InetSocketAddress("203.0.113." + client, 4711));
        assertThat(own.take(connection)).isTrue();
        try (Socket plain = connection.socket()) {
            plain.setSoTimeout(10_000);
            try (SSLSocket socket =
                    (SSLSocket) context.getSocketFactory().createSocket(plain, "localhost", 443, true)) {
                String login =
                        Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.US_ASCII));
                socket.getOutputStream()
                        .write(("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic " + login
                                        + "\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
            }
        }
    }

    @Test
    void oneThatStopsTakesNothingAndHoldsUpNobodyWhoLooks() throws Exception {
        zones = List.of(zone("dmz", "web", "edge1"));
        listeners.follow();
        assertThat(listener("dmz", "edge1", "web")).isPresent();
        // As Camel stops a route: its consumer first, and its status last.
        camel.getRoute("serai-passed-dmz/edge1/web").getConsumer().stop();
        assertThat(listener("dmz", "edge1", "web").orElseThrow().take(new PipedConnection()))
                .isFalse();

        CountDownLatch following = new CountDownLatch(1);
        CountDownLatch enough = new CountDownLatch(1);
        whileFollowing = () -> {
            following.countDown();
            try {
                assertThat(enough.await(20, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        CompletableFuture<Void> followed = CompletableFuture.runAsync(listeners::follow);
        assertThat(following.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(CompletableFuture.supplyAsync(listeners::troubles).get(5, TimeUnit.SECONDS))
                .isEmpty();
        enough.countDown();
        followed.get(20, TimeUnit.SECONDS);
    }

    private static final class Anything implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    @Test
    void listenersOfOneNameAreApartInEachZoneAndForEachEdge() {
        zones = List.of(
                zone("dmz", "web", "edge1", "edge2"), zone("other", "web", "edge3"), zone("dmz-eu", "sftp", "e"));
        listeners.follow();
        assertThat(listeners.troubles()).isEmpty();
        assertThat(Stream.of(
                                listener("dmz", "edge1", "web"),
                                listener("dmz", "edge2", "web"),
                                listener("other", "edge3", "web"),
                                listener("dmz-eu", "e", "sftp"))
                        .map(Optional::orElseThrow))
                .doesNotHaveDuplicates()
                .hasSize(4);
        assertThat(listener("dmz", "edge3", "web"))
                .as("an edge of another zone")
                .isEmpty();
        assertThat(listener("dmz", "e", "eu-sftp"))
                .as("names that run together")
                .isEmpty();
        assertThat(listener("dmz", "eu-e", "sftp")).isEmpty();

        zones = List.of(zone("dmz", "web", "edge2"));
        listeners.follow();
        assertThat(listener("dmz", "edge1", "web")).isEmpty();
        assertThat(listener("dmz", "edge2", "web")).isPresent();
        assertThat(PassedListeners.of(camel)).hasSize(1);
    }

    @Test
    void aListenerThatCouldNotBeOpenedIsShownAndTriedAgain() throws Exception {
        zones = List.of(zone("dmz", "web", "edge1"));
        identity = "nobody";
        listeners.follow();
        listeners.retry();
        assertThat(listeners.troubles())
                .hasSize(1)
                .extractingByKey("dmz/edge1/web")
                .asString()
                .contains("the listener web", "the edge edge1", "tried again");
        assertThat(listener("dmz", "edge1", "web")).isEmpty();
        identity = "tls";
        listeners.retry();
        assertThat(listeners.troubles()).isEmpty();
        assertThat(listener("dmz", "edge1", "web")).isPresent();
    }

    @Test
    void sessionsAreMarkedWithTheirEdgeAndItsGuessesAreBounded() throws Exception {
        zones = List.of(zone("dmz", "web", "edge1"));
        listeners.follow();
        HandoverListener own = listener("dmz", "edge1", "web").orElseThrow();
        for (int i = 0; i < FAILED_OF_USER + 3; i++) {
            assertThat(ask(own, "acme")).isEqualTo("HTTP/1.1 401");
        }
        assertThat(logins).hasSize(FAILED_OF_USER);
        assertThat(origins)
                .isNotEmpty()
                .allSatisfy(origin -> assertThat(origin.shownClient()).isEqualTo("203.0.113.9:4711 via edge1"))
                .allSatisfy(origin -> assertThat(origin.listener()).isEqualTo("web"));
        assertThat(ask(own, "other")).isEqualTo("HTTP/1.1 401");
        assertThat(logins).hasSize(FAILED_OF_USER + 1);
        // The network has tried four, and one is left to it; another one is not concerned.
        for (int i = 0; i < 3; i++) {
            assertThat(ask(own, "third")).isEqualTo("HTTP/1.1 401");
        }
        assertThat(logins).hasSize(FAILED_OF_NETWORK);
        assertThat(ask(own, "third", "wrong", 10)).isEqualTo("HTTP/1.1 401");
        assertThat(logins).hasSize(FAILED_OF_NETWORK + 1);
        PassedSessions share = new PassedSessions(service, EDGE.value());
        int passed = 0;
        while (passed < 10 && share.mayConnect()) {
            passed++;
        }
        assertThat(passed).isBetween(4, 6);
        assertThat(new PassedSessions(service, "edge2").mayConnect()).isTrue();
    }

    @Test
    void whatTheDeskCouldNotDecideIsNoGuess() throws Exception {
        zones = List.of(zone("dmz", "web", "edge1"));
        listeners.follow();
        HandoverListener own = listener("dmz", "edge1", "web").orElseThrow();
        down = true;
        int tries = 30 + FAILED_OF_NETWORK;
        for (int i = 0; i < tries; i++) {
            ask(own, "acme", "right", 9);
        }
        assertThat(logins).as("each was tried").hasSize(tries);
        down = false;
        assertThat(ask(own, "acme", "right", 9)).isNotEqualTo("HTTP/1.1 401");
        assertThat(logins).hasSize(tries + 1);
    }
}
