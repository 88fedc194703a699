package io.serai.route.site;

import static io.serai.route.site.Parcels.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.event.EventKind;
import io.serai.cluster.event.EventQueue.EventFilter;
import io.serai.cluster.ledger.Ledger.TransferFilter;
import io.serai.cluster.ledger.TransferKind;
import io.serai.cluster.ledger.TransferRow;
import io.serai.cluster.ledger.TransferState;
import io.serai.config.name.HostPort;
import io.serai.config.name.RouteId;
import io.serai.config.name.SiteName;
import io.serai.config.object.Protocol;
import io.serai.config.object.Route;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import io.serai.route.RunningNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** From a site's folder through a YAML route to another site, on a real database, storage and real servers. */
@Timeout(120)
class PullRouteTest {
    private static final RouteId ROUTE = new RouteId("bank-reports");
    private static OpenSshServer sshd;
    private static VsftpdServer vsftpd;

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    static Path servers;

    @TempDir
    Path folder;

    private Path out;
    private Path in;
    private RunningNode node;

    @BeforeAll
    static void startServers() throws IOException {
        sshd = new OpenSshServer(servers.resolve("sshd"));
        vsftpd = new VsftpdServer(servers.resolve("vsftpd"), false);
    }

    @AfterAll
    static void stopServers() {
        sshd.close();
        vsftpd.close();
    }

    @BeforeEach
    void startNode() throws Exception {
        DATABASE.truncate(
                "event",
                "event_attempt",
                "event_history",
                "transfer",
                "node",
                "delivery",
                "pulled_file",
                "schedule_fire");
        out = Files.createDirectories(folder.resolve("site/out"));
        in = Files.createDirectories(folder.resolve("site/in"));
        node = new RunningNode(DATABASE.database(), folder, folder.resolve("area"));
        Site site = Parcels.sftp(
                sshd.port(),
                folder.resolve("site").toString(),
                sshd.privateKey(),
                List.of(sshd.hostKeyLine()),
                Duration.ofSeconds(20));
        node.objects.put(site, named("bank", site));
    }

    @AfterEach
    void stopNode() {
        node.close();
    }

    private static Site named(String name, Site like) {
        return new Site(
                new SiteName(name),
                "",
                like.protocol(),
                like.host(),
                like.port(),
                like.folder(),
                like.user(),
                like.password(),
                like.privateKey(),
                like.privateKeyPassphrase(),
                like.bearerToken(),
                like.trust(),
                like.tlsMode(),
                like.connectTimeout(),
                like.timeout(),
                like.maxParallel(),
                like.bandwidthBytes());
    }

    private void start(String parameters) {
        node.objects.put(new Route(ROUTE, Route.Dsl.YAML, """
                - route:
                    id: bank-reports
                    from:
                      uri: site:bank
                      parameters: { path: /out, every: 1s, stable: "0", %s }
                      steps:
                        - to: site:warehouse?path=/in
                """.formatted(parameters)));
        node.start();
    }

    private static List<String> names(Path of) {
        try (Stream<Path> files = Files.list(of)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private List<TransferRow> transfers(TransferKind kind) {
        return node.ledger.find(new TransferFilter(
                Optional.empty(),
                Optional.of(TransferState.COMPLETED),
                Optional.of(kind),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                100,
                0));
    }

    private void awaitNames(Path of, String... names) {
        await().atMost(Duration.ofSeconds(40))
                .untilAsserted(() -> assertThat(names(of)).containsExactly(names));
    }

    @Test
    void eachFileIsPulledOnceAndAgainWhenItChanges() throws IOException {
        Files.writeString(out.resolve("a.csv"), "first");
        Files.writeString(out.resolve("b.txt"), "not wished");
        start("include: \"*.csv\"");
        awaitNames(in, "a.csv");
        Files.writeString(out.resolve("c.csv"), "later");
        awaitNames(in, "a.csv", "c.csv");
        assertThat(transfers(TransferKind.PULL)).hasSize(2);
        Files.writeString(out.resolve("a.csv"), "changed");
        await().atMost(Duration.ofSeconds(40))
                .untilAsserted(() -> assertThat(in.resolve("a.csv")).hasContent("changed"));
        assertThat(transfers(TransferKind.PULL)).hasSize(3);
        assertThat(transfers(TransferKind.DELIVERY))
                .allSatisfy(row -> assertThat(row.sha256()).hasSize(64));
        assertThat(names(out)).as("pulled files are kept").containsExactly("a.csv", "b.txt", "c.csv");
    }

    /** What was fetched there, and what is to be deleted there, is not known by the names and times of another server. */
    @Test
    void aStandInIsNotPulledFrom() throws IOException {
        Files.writeString(out.resolve("a.csv"), "first");
        Site site = node.objects.find(Site.class, "bank").orElseThrow();
        HostPort nobody = new HostPort("127.0.0.1", Programs.freePort());
        node.objects.put(Parcels.recovering(site.at(nobody), List.of(new HostPort(site.host(), site.port()))));
        start("afterwards: delete");
        await().during(Duration.ofSeconds(5))
                .atMost(Duration.ofSeconds(20))
                .until(() -> names(in).isEmpty() && names(out).equals(List.of("a.csv")));
        assertThat(transfers(TransferKind.PULL)).isEmpty();
    }

    @Test
    void aPulledFileIsDeletedAtTheSite() throws IOException {
        Files.writeString(out.resolve("a.csv"), "first");
        start("afterwards: delete");
        awaitNames(in, "a.csv");
        awaitNames(out);
    }

    @Test
    void aPulledFileIsMovedAtTheSiteWhenItsFolderIsThere() throws IOException {
        Files.writeString(out.resolve("a.csv"), "first");
        start("afterwards: move, moveTo: /done");
        awaitNames(in, "a.csv");
        assertThat(names(out)).as("owed, because the folder is missing").containsExactly("a.csv");
        Path done = Files.createDirectories(folder.resolve("site/done"));
        awaitNames(done, "a.csv");
        awaitNames(out);
        assertThat(transfers(TransferKind.PULL)).hasSize(1);
    }

    @Test
    void namesThatAreNoFileNamesAreLeftOut() throws IOException {
        Files.writeString(out.resolve("good.csv"), "good");
        Files.writeString(out.resolve("C:\\x"), "bad");
        Files.writeString(out.resolve("line\nbreak"), "bad");
        Files.writeString(out.resolve("star*.csv"), "star");
        Files.createSymbolicLink(out.resolve("link.csv"), Path.of("/etc/passwd"));
        Files.createDirectories(out.resolve("folder.csv"));
        start("afterwards: keep");
        awaitNames(in, "good.csv", "star*.csv");
        assertThat(transfers(TransferKind.PULL)).hasSize(2);
    }

    @Test
    void oneUnreadablePartyDoesNotMakeAHeapOfPulls() {
        Site bank = node.objects.find(Site.class, "bank").orElseThrow();
        node.objects.put(Parcels.with(bank, Optional.of(new SecretText("wrong")), bank.trust(), bank.tlsMode()));
        start("afterwards: keep");
        await().atMost(Duration.ofSeconds(40)).until(() -> pulls("parked") == 1);
        await().during(Duration.ofSeconds(3)).atMost(Duration.ofSeconds(10)).until(() -> pulls("parked") == 1);
        assertThat(node.queue.depth()).containsEntry("parked", 1L);
    }

    private long pulls(String state) {
        return node
                .queue
                .find(new EventFilter(Optional.of(state), Optional.of(ROUTE), Optional.empty(), Optional.empty(), 100))
                .stream()
                .filter(event -> event.kind() == EventKind.PULL)
                .count();
    }

    @Test
    void pullsByFtpsToo() throws IOException {
        Path remote = Files.createTempDirectory(vsftpd.root(), "out");
        remote.toFile().setReadable(true, false);
        Files.writeString(remote.resolve("a b.csv"), "by ftps");
        Files.setLastModifiedTime(
                remote.resolve("a b.csv"),
                java.nio.file.attribute.FileTime.from(Instant.parse("2020-02-03T04:05:06Z")));
        Site ftps = Parcels.site(
                Protocol.FTPS,
                vsftpd.port(),
                "",
                Optional.of(VsftpdServer.USER),
                Optional.of(new SecretText("guest")),
                Optional.empty(),
                List.of(vsftpd.certificate()),
                Duration.ofSeconds(20));
        node.objects.put(named("bank", ftps));
        node.objects.put(new Route(ROUTE, Route.Dsl.YAML, """
                - route:
                    id: bank-reports
                    from:
                      uri: site:bank
                      parameters: { path: /%s, every: 1s, stable: "0", afterwards: delete }
                      steps:
                        - to: site:warehouse?path=/in
                """.formatted(remote.getFileName())));
        node.start();
        awaitNames(in, "a b.csv");
        assertThat(in.resolve("a b.csv")).hasContent("by ftps");
        awaitNames(remote);
        assertThat(transfers(TransferKind.PULL)).hasSize(1);
        assertThat(bytes("by ftps"))
                .hasSize((int) transfers(TransferKind.PULL).get(0).sizeBytes());
    }
}
