package io.serai.route.site;

import static io.serai.route.site.Parcels.STEP;
import static io.serai.route.site.Parcels.bytes;
import static io.serai.route.site.Parcels.event;
import static io.serai.route.site.Parcels.parcel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.ledger.Deliveries.Stage;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.HostPort;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import io.serai.route.site.InMemoryDeliveries.Death;
import io.serai.route.site.connection.LineWatch;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.SiteInspection;
import io.serai.route.site.connection.StopSwitch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * A site and its stand-in, which share nothing, when the line to either breaks in the middle of a delivery. Half of it waits for
 * times that are over, so tests go on side by side.
 */
@Timeout(60)
@Execution(ExecutionMode.CONCURRENT)
class RecoveryAddressTest {
    private static final String NAME = "orders.csv";

    @TempDir
    Path folder;

    private final InMemoryDeliveries deliveries = new InMemoryDeliveries();
    private final DefaultCamelContext camel = new DefaultCamelContext();
    private Path there;
    private Path instead;
    private OddSite primary;
    private OddSite standIn;
    private TestLine toPrimary;
    private TestLine toStandIn;
    private LineWatch watch;
    private SiteConnections connections;
    private FileDelivery delivery;

    @BeforeEach
    void start() throws IOException {
        camel.start();
        there = Files.createDirectory(folder.resolve("there"));
        instead = Files.createDirectory(folder.resolve("instead"));
        primary = new OddSite(there, Map.of());
        standIn = new OddSite(instead, Map.of());
        toPrimary = new TestLine(primary.site().port());
        toStandIn = new TestLine(standIn.site().port());
        watch = new LineWatch();
        reconnect();
    }

    /** No connection is left over from before. */
    private void reconnect() {
        if (connections != null) {
            connections.close();
        }
        connections = new SiteConnections(camel, watch, new InMemorySiteLimits());
        delivery = new FileDelivery(deliveries, connections);
    }

    @AfterEach
    void stop() {
        connections.close();
        watch.close();
        toPrimary.close();
        toStandIn.close();
        primary.close();
        standIn.close();
        camel.stop();
    }

    private Site site(Duration timeout) {
        Site plain = Parcels.site(
                Protocol.SFTP,
                toPrimary.port(),
                "",
                Optional.of("partner"),
                Optional.of(new SecretText("secret")),
                Optional.empty(),
                List.of(primary.site().trust().get(0), standIn.site().trust().get(0)),
                timeout);
        return Parcels.recovering(plain, List.of(new HostPort("127.0.0.1", toStandIn.port())));
    }

    private Site site() {
        return site(Duration.ofSeconds(10));
    }

    private void deliver(int attempt, Site to, byte[] content) {
        reconnect();
        delivery.deliver(parcel(event(1, attempt), to, NAME, IfExists.REPLACE, content), new StopSwitch());
    }

    private void deliver(int attempt) {
        deliver(attempt, site(), bytes("orders"));
    }

    private static List<String> names(Path root) throws IOException {
        try (Stream<Path> files = Files.list(root)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private void failsAsUnreachable(int attempt) {
        assertThatThrownBy(() -> deliver(attempt))
                .isInstanceOfSatisfying(
                        SeraiException.class,
                        failure -> assertThat(failure.code())
                                .as(failure.toString())
                                .isEqualTo(ErrorCode.SITE_UNREACHABLE));
        assertThat(deliveries.stage(event(1, attempt), STEP)).isEqualTo(Stage.RENAMING);
    }

    @Test
    void whetherTheRenameHappenedIsAskedWhereItWasToHappen() throws Exception {
        deliveries.afterRenaming.set(toPrimary::cut);
        assertThatThrownBy(() -> deliver(1)).isInstanceOf(SeraiException.class);
        failsAsUnreachable(2);
        assertThat(names(instead)).isEmpty();
        toPrimary.mend();
        deliver(3);
        assertThat(names(there)).containsExactly(NAME);
        assertThat(names(instead)).isEmpty();
    }

    @Test
    void aRenameAtTheStandInIsNotAskedOfThePrimary() throws Exception {
        toPrimary.cut();
        deliveries.afterRenaming.set(toStandIn::cut);
        assertThatThrownBy(() -> deliver(1)).isInstanceOf(SeraiException.class);
        toPrimary.mend();
        failsAsUnreachable(2);
        assertThatThrownBy(() -> deliver(3, Parcels.recovering(site(), List.of()), bytes("orders")))
                .isInstanceOfSatisfying(SeraiException.class, failure -> {
                    assertThat(failure.code()).isEqualTo(ErrorCode.SITE_UNREACHABLE);
                    assertThat(failure.text()).contains("127.0.0.1:" + toStandIn.port(), "recovery", "resubmit");
                });
        toStandIn.mend();
        deliver(4);
        assertThat(names(instead)).containsExactly(NAME);
        assertThat(names(there)).isEmpty();
    }

    @Test
    void aRenameIsNotAskedOfAHostThatTheSiteWasGivenLater() throws Exception {
        Site before = Parcels.recovering(site(), List.of());
        deliveries.afterRenaming.set(toPrimary::cut);
        assertThatThrownBy(() -> deliver(1, before, bytes("orders"))).isInstanceOf(SeraiException.class);
        Site after = before.at(new HostPort("127.0.0.1", toStandIn.port()));
        assertThatThrownBy(() -> deliver(2, after, bytes("orders")))
                .isInstanceOfSatisfying(SeraiException.class, failure -> {
                    assertThat(failure.code()).isEqualTo(ErrorCode.SITE_UNREACHABLE);
                    assertThat(failure.text()).contains("127.0.0.1:" + toPrimary.port(), "recovery", "resubmit");
                });
        assertThat(deliveries.stage(event(1, 2), STEP)).isEqualTo(Stage.RENAMING);
        Site both = Parcels.recovering(after, before.addresses());
        assertThatThrownBy(() -> deliver(3, both, bytes("orders"))).isInstanceOf(SeraiException.class);
        assertThat(deliveries.stage(event(1, 3), STEP)).isEqualTo(Stage.RENAMING);
        toPrimary.mend();
        deliver(4, both, bytes("orders"));
        assertThat(names(there)).containsExactly(NAME);
        assertThat(names(instead)).isEmpty();
    }

    @Test
    void aRequestIsNotMadeAtAHostThatTheSiteWasGivenLater() throws Exception {
        try (NginxServer a = new NginxServer(folder.resolve("a"));
                NginxServer b = new NginxServer(folder.resolve("b"))) {
            Site before = Parcels.site(
                    Protocol.HTTPS,
                    a.port(),
                    "",
                    Optional.of("partner"),
                    Optional.of(new SecretText("secret")),
                    Optional.empty(),
                    List.of(a.certificate(), b.certificate()),
                    Duration.ofSeconds(10));
            deliveries.death = Death.BEFORE_DELIVERED;
            assertThatThrownBy(() -> put(1, 1, before, NAME)).isInstanceOf(InMemoryDeliveries.Killed.class);
            deliveries.death = Death.NEVER;
            Site after = before.at(new HostPort("127.0.0.1", b.port()));
            assertThatThrownBy(() -> put(1, 2, after, NAME))
                    .isInstanceOfSatisfying(
                            SeraiException.class,
                            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.SITE_UNREACHABLE));
            assertThat(b.root().resolve(NAME)).doesNotExist();
            put(1, 3, before, NAME);
            assertThat(deliveries.stage(event(1, 3), STEP)).isEqualTo(Stage.DELIVERED);
        }
    }

    @Test
    void whatEarlierAttemptsLeftIsKnownByItsAddress() throws Exception {
        byte[] content = new byte[5 << 20];
        new Random(3).nextBytes(content);
        deliveries.death = Death.BEFORE_RENAMING;
        assertThatThrownBy(() -> deliver(1, site(), content)).isInstanceOf(InMemoryDeliveries.Killed.class);
        toPrimary.cut();
        deliveries.death = Death.NEVER;
        standIn.space = 1 << 20;
        assertThatThrownBy(() -> deliver(2, site(), content)).isInstanceOf(SeraiException.class);
        assertThat(names(there)).hasSize(1).doesNotContain(NAME);
        assertThat(names(instead)).isEmpty();
        toPrimary.mend();
        deliver(3, site(), content);
        assertThat(names(there)).containsExactly(NAME);
        assertThat(there.resolve(NAME)).hasBinaryContent(content);
        assertThat(names(instead)).isEmpty();
    }

    @Test
    void aRequestThatMayHaveHadItsEffectIsNotMadeElsewhere() throws Exception {
        try (NginxServer a = new NginxServer(folder.resolve("a"));
                NginxServer b = new NginxServer(folder.resolve("b"));
                TestLine toA = new TestLine(a.port());
                TestLine toB = new TestLine(b.port())) {
            Site https = Parcels.recovering(
                    Parcels.site(
                            Protocol.HTTPS,
                            toA.port(),
                            "",
                            Optional.of("partner"),
                            Optional.of(new SecretText("secret")),
                            Optional.empty(),
                            List.of(a.certificate(), b.certificate()),
                            Duration.ofSeconds(10)),
                    List.of(new HostPort("127.0.0.1", toB.port())));
            expectOneRequest(https, toA, a.root(), b.root());
            toA.cut();
            try {
                expectOneRequest(https, toB, b.root(), a.root());
            } finally {
                toA.mend();
            }
        }
    }

    private long events = 10;

    private void expectOneRequest(Site https, TestLine line, Path root, Path other) {
        long id = events++;
        String name = "orders-" + id;
        deliveries.death = Death.BEFORE_DELIVERED;
        assertThatThrownBy(() -> put(id, 1, https, name)).isInstanceOf(InMemoryDeliveries.Killed.class);
        assertThat(root.resolve(name)).exists();
        deliveries.death = Death.NEVER;
        line.cut();
        assertThatThrownBy(() -> put(id, 2, https, name)).isInstanceOf(SeraiException.class);
        assertThat(other.resolve(name)).doesNotExist();
        line.mend();
        put(id, 3, https, name);
        assertThat(other.resolve(name)).doesNotExist();
        assertThat(deliveries.stage(event(id, 3), STEP)).isEqualTo(Stage.DELIVERED);
    }

    private void put(long id, int attempt, Site https, String name) {
        reconnect();
        new HttpsDelivery(deliveries, connections, "PUT")
                .deliver(parcel(event(id, attempt), https, name, IfExists.REPLACE, bytes("orders")), new StopSwitch());
    }

    @Test
    void aSiteThatIsBusyIsNotLeftForItsStandIn() throws Exception {
        try (VsftpdServer ftps = new VsftpdServer(folder.resolve("vsftpd"), false);
                NginxServer https = new NginxServer(folder.resolve("nginx"))) {
            Site toFtps = behindTheLine(Protocol.FTPS, ftps.port(), VsftpdServer.USER, "guest", ftps.certificate());
            Site toHttps = behindTheLine(Protocol.HTTPS, https.port(), "partner", "secret", https.certificate());
            for (Site site : List.of(site(Duration.ofSeconds(6)), toFtps, toHttps)) {
                toPrimary.mode = TestLine.Mode.BUSY;
                assertThatThrownBy(() -> test(site)).as("%s", site.protocol()).isInstanceOf(SeraiException.class);
                toPrimary.mode = TestLine.Mode.SILENT;
                assertThat(test(site))
                        .contains("127.0.0.1:" + site.recovery().get(0).port());
            }
        }
    }

    private Site behindTheLine(Protocol protocol, int standInPort, String user, String password, String certificate) {
        return Parcels.recovering(
                Parcels.site(
                        protocol,
                        toPrimary.port(),
                        "",
                        Optional.of(user),
                        Optional.of(new SecretText(password)),
                        Optional.empty(),
                        List.of(certificate),
                        Duration.ofSeconds(6)),
                List.of(new HostPort("127.0.0.1", standInPort)));
    }

    private String test(Site site) {
        try (SiteInspection inspection = new SiteInspection(camel)) {
            return inspection.test(site);
        }
    }

    @Test
    void addressesThatDoNotAnswerMayTakeLongerTogetherThanTheTimeout() throws IOException {
        List<Socket> held = new ArrayList<>();
        try (ServerSocket full = full(held);
                ServerSocket fullToo = full(held)) {
            Site patient = Parcels.recovering(
                    site(Duration.ofSeconds(6)).at(new HostPort("127.0.0.1", full.getLocalPort())),
                    List.of(
                            new HostPort("127.0.0.1", fullToo.getLocalPort()),
                            new HostPort("127.0.0.1", toStandIn.port())));
            assertThat(test(patient)).contains("127.0.0.1:" + toStandIn.port());
        } finally {
            for (Socket socket : held) {
                socket.close();
            }
        }
    }

    /** A port that answers nobody any more, as one does that packets do not get to. */
    private static ServerSocket full(List<Socket> held) throws IOException {
        ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        for (int i = 0; i < 4; i++) {
            Socket socket = new Socket();
            held.add(socket);
            try {
                socket.connect(listening.getLocalSocketAddress(), 300);
            } catch (SocketTimeoutException e) {
                return listening;
            }
        }
        throw new AssertionError("the port still takes connections");
    }

    @Test
    void aPullAsksTheSiteAndNotItsStandIn() {
        toPrimary.cut();
        try (SiteConnections.Place place = connections.enter(site(), new StopSwitch());
                SiteConnections.Lease lease = place.connect(new StopSwitch(), Optional.empty())) {
            assertThat(lease.address().port()).isEqualTo(toStandIn.port());
            lease.keep();
        }
        Optional<HostPort> only = Optional.of(site().addresses().get(0));
        assertThatThrownBy(() -> connections.take(site(), new StopSwitch(), only))
                .isInstanceOf(SeraiException.class);
        toPrimary.mend();
        try (SiteConnections.Lease lease = connections.take(site(), new StopSwitch(), only)) {
            assertThat(lease.address().port()).isEqualTo(toPrimary.port());
        }
    }
}
