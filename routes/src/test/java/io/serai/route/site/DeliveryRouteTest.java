package io.serai.route.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.event.EventQueue.EventFilter;
import io.serai.cluster.event.EventQueue.EventView;
import io.serai.cluster.ledger.Ledger.TransferFilter;
import io.serai.cluster.ledger.TransferKind;
import io.serai.cluster.ledger.TransferRow;
import io.serai.config.name.RouteId;
import io.serai.config.name.SessionId;
import io.serai.config.name.SiteName;
import io.serai.config.object.Protocol;
import io.serai.config.object.Route;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import io.serai.route.RunningNode;
import io.serai.route.TestAccounts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** From a partner's upload through a YAML route to sites of all three protocols, all of it real. */
@Timeout(120)
class DeliveryRouteTest {
    private static final RouteId ROUTE = new RouteId("orders");
    private static OpenSshServer sshd;
    private static VsftpdServer vsftpd;
    private static NginxServer nginx;

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    static Path servers;

    @TempDir
    Path folder;

    private Path in;
    private RunningNode node;
    private SessionId acme;

    @BeforeAll
    static void startServers() throws IOException {
        sshd = new OpenSshServer(servers.resolve("sshd"));
        vsftpd = new VsftpdServer(servers.resolve("vsftpd"), false);
        nginx = new NginxServer(servers.resolve("nginx"));
    }

    @AfterAll
    static void stopServers() {
        sshd.close();
        vsftpd.close();
        nginx.close();
    }

    @BeforeEach
    void startNode() throws Exception {
        DATABASE.truncate("event", "event_attempt", "event_history", "transfer", "node", "delivery");
        in = Files.createDirectories(folder.resolve("site/in"));
        node = new RunningNode(DATABASE.database(), folder, folder.resolve("area"));
        node.objects.put(TestAccounts.named("acme").build(), sftp(sshd.hostKeyLine()), ftps(), https());
    }

    private Site sftp(String hostKey) {
        return Parcels.sftp(
                sshd.port(),
                folder.resolve("site").toString(),
                sshd.privateKey(),
                List.of(hostKey),
                Duration.ofSeconds(20));
    }

    private static Site ftps() {
        return renamed(
                "bank",
                Parcels.site(
                        Protocol.FTPS,
                        vsftpd.port(),
                        "",
                        Optional.of(VsftpdServer.USER),
                        Optional.of(new SecretText("guest")),
                        Optional.empty(),
                        List.of(vsftpd.certificate()),
                        Duration.ofSeconds(20)));
    }

    private static Site https() {
        return renamed(
                "insurer",
                Parcels.site(
                        Protocol.HTTPS,
                        nginx.port(),
                        "",
                        Optional.of("partner"),
                        Optional.of(new SecretText("secret")),
                        Optional.empty(),
                        List.of(nginx.certificate()),
                        Duration.ofSeconds(20)));
    }

    private static Site renamed(String name, Site site) {
        return new Site(
                new SiteName(name),
                "",
                site.protocol(),
                site.host(),
                site.port(),
                site.folder(),
                site.user(),
                site.password(),
                site.privateKey(),
                site.privateKeyPassphrase(),
                site.bearerToken(),
                site.trust(),
                site.tlsMode(),
                site.connectTimeout(),
                site.timeout(),
                site.maxParallel(),
                site.bandwidthBytes());
    }

    @AfterEach
    void stopNode() {
        node.close();
    }

    private void start(String steps) {
        node.objects.put(new Route(ROUTE, Route.Dsl.YAML, """
                - route:
                    id: orders
                    from:
                      uri: arrival:acme/outbox
                      steps:
                """ + steps.indent(8)));
        node.start();
        acme = node.session("acme");
    }

    private List<TransferRow> deliveries() {
        return node.ledger.find(new TransferFilter(
                Optional.empty(),
                Optional.empty(),
                Optional.of(TransferKind.DELIVERY),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                100,
                0));
    }

    @Test
    void oneFileGoesToSitesOfAllProtocolsAndCompressedToOne() throws IOException {
        start("""
                - to: site:warehouse?path=/in
                - marshal:
                    gzipDeflater: {}
                - to: "site:bank?fileName=${header.CamelSeraiFileName}.gz"
                - to: "site:insurer?fileName=${header.CamelSeraiFileName}.gz"
                """);
        byte[] content = new byte[2 << 20];
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) ('a' + random.nextInt(4));
        }
        node.put(acme, "/outbox/orders $1 *.csv", content);
        Path zipped = nginx.root().resolve("orders $1 *.csv.gz");
        await().atMost(Duration.ofSeconds(30)).until(() -> Files.exists(zipped));
        assertThat(in.resolve("orders $1 *.csv")).hasBinaryContent(content);
        for (Path compressed : List.of(zipped, vsftpd.root().resolve("orders $1 *.csv.gz"))) {
            try (InputStream stream = new GZIPInputStream(Files.newInputStream(compressed))) {
                assertThat(stream.readAllBytes()).isEqualTo(content);
            }
        }
        await().atMost(Duration.ofSeconds(10))
                .until(() -> node.queue.depth().values().stream().allMatch(n -> n == 0));
        assertThat(deliveries())
                .hasSize(3)
                .allSatisfy(row -> assertThat(row.sha256()).hasSize(64));
    }

    @Test
    void anUntrustedSiteParksTheEventAtOnceAndARetryAfterTheMendDelivers() {
        node.objects.put(sftp("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
        start("- to: site:warehouse?path=/in");
        node.put(acme, "/outbox/a.csv", Parcels.bytes("a"));
        await().atMost(Duration.ofSeconds(30)).until(() -> !parked().isEmpty());
        EventView event = parked().get(0);
        assertThat(event.attempts()).isEqualTo(1);
        assertThat(event.error()).hasValueSatisfying(error -> assertThat(error).contains("serai site trust warehouse"));
        node.objects.put(sftp(sshd.hostKeyLine()));
        node.queue.retryNow(event.id());
        await().atMost(Duration.ofSeconds(30)).until(() -> Files.exists(in.resolve("a.csv")));
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(deliveries()).singleElement().satisfies(row -> {
                    assertThat(row.attempts()).isEqualTo(2);
                    assertThat(row.errorCode()).isNull();
                }));
    }

    private List<EventView> parked() {
        return node.queue.find(
                new EventFilter(Optional.of("parked"), Optional.of(ROUTE), Optional.empty(), Optional.empty(), 10));
    }
}
