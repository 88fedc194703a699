package io.serai.route.site;

import static io.serai.route.site.Parcels.STEP;
import static io.serai.route.site.Parcels.bytes;
import static io.serai.route.site.Parcels.event;
import static io.serai.route.site.Parcels.parcel;
import static io.serai.route.site.Parcels.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.event.ClaimedEvent;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Deliveries to a real vsftpd, explicit and implicit TLS. */
@Timeout(120)
class FtpsDeliveryTest {
    private static VsftpdServer server;
    private static VsftpdServer implicitServer;
    private static DefaultCamelContext camel;

    @TempDir
    static Path servers;

    private final InMemoryDeliveries deliveries = new InMemoryDeliveries();
    private Path inbox;
    private final InMemorySiteLimits limits = new InMemorySiteLimits();
    private LineWatch watch;
    private SiteConnections connections;
    private FileDelivery delivery;

    @BeforeAll
    static void startServers() throws IOException {
        server = new VsftpdServer(servers.resolve("explicit"), false);
        implicitServer = new VsftpdServer(servers.resolve("implicit"), true);
        camel = new DefaultCamelContext();
        camel.start();
    }

    @AfterAll
    static void stopServers() {
        camel.stop();
        server.close();
        implicitServer.close();
    }

    @BeforeEach
    void connect() throws IOException {
        inbox = Files.createTempDirectory(server.root(), "in");
        watch = new LineWatch();
        connections = new SiteConnections(camel, watch, limits);
        delivery = new FileDelivery(deliveries, connections);
    }

    @AfterEach
    void disconnect() {
        connections.close();
        watch.close();
    }

    private Site site(VsftpdServer at, String folder, List<String> trust, Duration timeout) {
        return Parcels.site(
                Protocol.FTPS,
                at.port(),
                folder,
                Optional.of(VsftpdServer.USER),
                Optional.of(new SecretText("guest")),
                Optional.empty(),
                trust,
                timeout);
    }

    private Site site() {
        return site(server, inbox.getFileName().toString(), List.of(server.certificate()), Duration.ofSeconds(20));
    }

    private void deliver(Parcel parcel) {
        delivery.deliver(parcel, new StopSwitch());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(inbox)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static java.util.function.Consumer<Throwable> hasCode(ErrorCode code) {
        return failure -> assertThat(((SeraiException) failure).code())
                .as(failure.toString())
                .isEqualTo(code);
    }

    @Test
    void deliversUnderTheFinalNameWithItsChecksum() throws IOException {
        byte[] content = "0123456789abcdef".repeat(100_000).getBytes();
        ClaimedEvent event = event(1, 1);
        deliver(parcel(event, site(), "ord ers*.csv", IfExists.REPLACE, content));
        assertThat(names()).containsExactly("ord ers*.csv");
        assertThat(Files.readAllBytes(inbox.resolve("ord ers*.csv"))).isEqualTo(content);
        assertThat(deliveries.sha256(event, STEP)).isEqualTo(sha256(content));
    }

    @Test
    void oneConnectionTakesManyFilesOfASiteThatInsistsOnResumedSessions() throws IOException {
        for (int number = 0; number < 60; number++) {
            deliver(parcel(event(100 + number, 1), site(), "file-" + number, IfExists.REPLACE, bytes("x" + number)));
        }
        assertThat(names()).hasSize(60);
        assertThat(server.sessions())
                .as("one session process, and perhaps its parent")
                .hasSizeLessThan(4);
    }

    @Test
    void deliversByImplicitTls() throws IOException {
        Site implicit = Parcels.with(
                site(implicitServer, "", List.of(implicitServer.certificate()), Duration.ofSeconds(20)),
                Optional.of(new SecretText("guest")),
                List.of(implicitServer.certificate()),
                Site.TlsMode.IMPLICIT);
        deliver(parcel(event(1, 1), implicit, "orders.csv", IfExists.REPLACE, bytes("orders")));
        assertThat(implicitServer.root().resolve("orders.csv")).hasContent("orders");
    }

    @ParameterizedTest
    @EnumSource(Death.class)
    void deliversOnceWhereverANodeDiesAndThePartnerTakesTheFileAtOnce(Death death) throws IOException {
        List<String> taken = new ArrayList<>();
        deliveries.death = death;
        try {
            deliver(parcel(event(7, 1, 1), site(), "orders.csv", IfExists.REPLACE, bytes("orders")));
        } catch (InMemoryDeliveries.Killed e) {
            assertThat(death).isNotEqualTo(Death.NEVER);
        }
        deliveries.death = Death.NEVER;
        for (int attempt = 2; attempt <= 3; attempt++) {
            take(taken);
            deliver(parcel(event(7, attempt, attempt), site(), "orders.csv", IfExists.REPLACE, bytes("orders")));
        }
        take(taken);
        assertThat(taken).containsExactly("orders");
        assertThat(names()).as("no temporary file is left").isEmpty();
    }

    private void take(List<String> taken) throws IOException {
        Path file = inbox.resolve("orders.csv");
        if (Files.exists(file)) {
            taken.add(Files.readString(file));
            Files.delete(file);
        }
    }

    @Test
    void replacesRefusesOrRenamesWhenTheNameIsTaken() throws IOException {
        Files.writeString(inbox.resolve("orders.csv"), "old");
        deliver(parcel(event(1, 1), site(), "orders.csv", IfExists.RENAME, bytes("renamed")));
        assertThatThrownBy(() -> deliver(parcel(event(2, 1), site(), "orders.csv", IfExists.FAIL, bytes("no"))))
                .satisfies(hasCode(ErrorCode.SITE_REJECTED));
        deliver(parcel(event(3, 1), site(), "orders.csv", IfExists.REPLACE, bytes("new")));
        assertThat(inbox.resolve("orders.csv")).hasContent("new");
        assertThat(names()).containsExactly("orders-1.csv", "orders.csv");
    }

    @Test
    void aRefusedLoginIsAPermanentError() {
        Site site = Parcels.site(
                Protocol.FTPS,
                server.port(),
                "",
                Optional.of("nobody-known"),
                Optional.of(new SecretText("wrong-secret")),
                Optional.empty(),
                List.of(server.certificate()),
                Duration.ofSeconds(20));
        assertThatThrownBy(() -> deliver(parcel(event(1, 1), site, "a", IfExists.REPLACE, bytes("a"))))
                .satisfies(hasCode(ErrorCode.SITE_LOGIN_REFUSED))
                .hasMessageNotContaining("wrong-secret");
    }

    @Test
    void anUntrustedCertificateIsRefusedWithItsFingerprintAndAPinnedOneAccepted() {
        Site unknown = site(server, "", List.of(), Duration.ofSeconds(20));
        Throwable refusal = org.assertj.core.api.Assertions.catchThrowable(
                () -> deliver(parcel(event(1, 1), unknown, "pinned", IfExists.REPLACE, bytes("a"))));
        assertThat(refusal).satisfies(hasCode(ErrorCode.SITE_UNTRUSTED)).hasMessageContaining("serai site trust");
        java.util.regex.Matcher pin =
                java.util.regex.Pattern.compile("sha256/[0-9a-f]{64}").matcher(refusal.getMessage());
        assertThat(pin.find()).isTrue();
        deliver(parcel(
                event(1, 2),
                site(server, "", List.of(pin.group()), Duration.ofSeconds(20)),
                "pinned",
                IfExists.REPLACE,
                bytes("a")));
        assertThat(server.root().resolve("pinned")).hasContent("a");
        Site other = site(server, "", List.of("sha256/" + "0".repeat(64)), Duration.ofSeconds(20));
        assertThatThrownBy(() -> deliver(parcel(event(2, 1), other, "b", IfExists.REPLACE, bytes("b"))))
                .satisfies(hasCode(ErrorCode.SITE_UNTRUSTED));
    }

    @Test
    void aMissingFolderIsAPermanentError() {
        Site site = site(server, "missing", List.of(server.certificate()), Duration.ofSeconds(20));
        assertThatThrownBy(() -> deliver(parcel(event(1, 1), site, "a", IfExists.REPLACE, bytes("a"))))
                .satisfies(hasCode(ErrorCode.SITE_REJECTED));
    }

    @Test
    void aFrozenSiteTimesOutAndTheNextAttemptDelivers() {
        Site site = site(server, inbox.getFileName().toString(), List.of(server.certificate()), Duration.ofSeconds(2));
        List<ProcessHandle> frozen = new ArrayList<>();
        DeliveredBody freezing = new DeliveredBody(
                () -> new SftpDeliveryTest.Endless(
                        64L << 20,
                        1 << 20,
                        () -> server.sessions().forEach(session -> {
                            frozen.add(session);
                            Programs.signal(session.pid(), "STOP");
                        })),
                OptionalLong.empty(),
                Optional.empty());
        Parcel parcel = parcel(event(2, 1), site, "big", IfExists.REPLACE, bytes(""));
        Parcel big = new Parcel(
                parcel.event(),
                parcel.stepKey(),
                site,
                parcel.folder(),
                "big",
                parcel.temporaryName(),
                IfExists.REPLACE,
                freezing);
        try {
            assertThatThrownBy(() -> deliver(big)).satisfies(hasCode(ErrorCode.SITE_TIMEOUT));
        } finally {
            frozen.forEach(session -> Programs.signal(session.pid(), "CONT"));
        }
        deliver(parcel(event(2, 2), site, "big", IfExists.REPLACE, bytes("whole")));
        assertThat(inbox.resolve("big")).hasContent("whole");
    }

    @Test
    void goesOnWhereABrokenAttemptStopped() throws IOException {
        byte[] content = new byte[24 << 20];
        new java.util.Random(5).nextBytes(content);
        Parcel like = parcel(event(21, 1, 1), site(), "large.bin", IfExists.REPLACE, content);
        DeliveredBody.Opener broken = () -> new java.io.FilterInputStream(new java.io.ByteArrayInputStream(content)) {
            private int at;

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                if (at < 16 << 20 && at + length >= 16 << 20) {
                    server.sessions().forEach(ProcessHandle::destroyForcibly);
                }
                int got = in.read(target, offset, length);
                at += Math.max(0, got);
                return got;
            }
        };
        Parcel first = withBody(
                like, new DeliveredBody(broken, OptionalLong.of(content.length), Optional.of(sha256(content))));
        assertThatThrownBy(() -> deliver(first)).isInstanceOf(SeraiException.class);
        limits.moved.set(0);
        Parcel next = parcel(event(21, 2, 2), site(), "large.bin", IfExists.REPLACE, content);
        deliver(withBody(
                next,
                new DeliveredBody(
                        () -> new java.io.ByteArrayInputStream(content),
                        OptionalLong.of(content.length),
                        Optional.of(sha256(content)))));
        assertThat(Files.readAllBytes(inbox.resolve("large.bin"))).isEqualTo(content);
        assertThat(limits.moved.get()).isLessThan(14L << 20);
    }

    private static Parcel withBody(Parcel like, DeliveredBody body) {
        return new Parcel(
                like.event(),
                like.stepKey(),
                like.site(),
                like.folder(),
                like.name(),
                like.temporaryName(),
                like.ifExists(),
                body);
    }

    @Test
    void aLargeFileNeedsNoMoreHeapThanASmallOne() throws Exception {
        long size = 256L << 20;
        LargeUpload.inSmallHeap(site(), servers.resolve("explicit/cert.pem"), size);
        assertThat(inbox.resolve("large")).hasSize(size);
    }
}
