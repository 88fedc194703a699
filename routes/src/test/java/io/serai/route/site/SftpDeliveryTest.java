package io.serai.route.site;

import static io.serai.route.site.Parcels.STEP;
import static io.serai.route.site.Parcels.bytes;
import static io.serai.route.site.Parcels.event;
import static io.serai.route.site.Parcels.parcel;
import static io.serai.route.site.Parcels.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.cluster.ledger.Deliveries.Stage;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import io.serai.route.site.InMemoryDeliveries.Death;
import io.serai.route.site.connection.LineWatch;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.StopSwitch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.camel.impl.DefaultCamelContext;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Deliveries to a real OpenSSH server. */
@Timeout(120)
class SftpDeliveryTest {
    private static OpenSshServer server;
    private static DefaultCamelContext camel;

    @TempDir
    static Path servers;

    @TempDir
    Path inbox;

    private final InMemoryDeliveries deliveries = new InMemoryDeliveries();
    private LineWatch watch;
    private SiteConnections connections;
    private FileDelivery delivery;

    @BeforeAll
    static void startServer() throws IOException {
        server = new OpenSshServer(servers.resolve("sshd"));
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
        delivery = new FileDelivery(deliveries, connections);
    }

    @AfterEach
    void disconnect() {
        connections.close();
        watch.close();
    }

    private Site site() {
        return site(Duration.ofSeconds(20));
    }

    private Site site(Duration timeout) {
        return Parcels.sftp(
                server.port(), inbox.toString(), server.privateKey(), List.of(server.hostKeyLine()), timeout);
    }

    private void deliver(Parcel parcel) {
        delivery.deliver(parcel, new StopSwitch());
    }

    private List<String> names() {
        try (Stream<Path> files = Files.list(inbox)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Consumer<Throwable> hasCode(ErrorCode code) {
        return failure -> assertThat(((SeraiException) failure).code())
                .as(failure.toString())
                .isEqualTo(code);
    }

    @Test
    void deliversUnderTheFinalNameWithItsChecksum() throws IOException {
        byte[] content = "0123456789abcdef".repeat(100_000).getBytes();
        ClaimedEvent event = event(1, 1);
        deliver(parcel(event, site(), "orders.csv", IfExists.REPLACE, content));
        assertThat(names()).containsExactly("orders.csv");
        assertThat(Files.readAllBytes(inbox.resolve("orders.csv"))).isEqualTo(content);
        assertThat(deliveries.stage(event, STEP)).isEqualTo(Stage.DELIVERED);
        assertThat(deliveries.sha256(event, STEP)).isEqualTo(sha256(content));
    }

    @Test
    void deliversNamesThatLookLikePatternsAsTheyAre() throws IOException {
        Files.writeString(inbox.resolve("a1.csv"), "mine");
        for (String name : List.of("a*.csv", "b?[c].csv", "d e'f\"$HOME.csv", "ümläut-文.csv")) {
            deliver(parcel(event(name.hashCode(), 1), site(), name, IfExists.REPLACE, bytes(name)));
            assertThat(Files.readString(inbox.resolve(name))).isEqualTo(name);
        }
        assertThat(Files.readString(inbox.resolve("a1.csv"))).isEqualTo("mine");
        assertThat(names()).hasSize(5);
    }

    @Test
    void deliversAnEmptyFile() {
        deliver(parcel(event(1, 1), site(), "empty", IfExists.REPLACE, new byte[0]));
        assertThat(inbox.resolve("empty")).isEmptyFile();
    }

    @ParameterizedTest
    @EnumSource(Death.class)
    void deliversOnceWhereverANodeDiesAndThePartnerTakesTheFileAtOnce(Death death) throws IOException {
        List<String> taken = new ArrayList<>();
        ClaimedEvent first = event(7, 1, 1);
        deliveries.death = death;
        try {
            deliver(parcel(first, site(), "orders.csv", IfExists.REPLACE, bytes("orders")));
        } catch (InMemoryDeliveries.Killed e) {
            assertThat(death).isNotEqualTo(Death.NEVER);
        }
        take(taken);
        deliveries.death = Death.NEVER;
        deliver(parcel(event(7, 2, 2), site(), "orders.csv", IfExists.REPLACE, bytes("orders")));
        take(taken);
        deliver(parcel(event(7, 3, 3), site(), "orders.csv", IfExists.REPLACE, bytes("orders")));
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
    void aHolderThatLostItsClaimCannotRename() throws Exception {
        Parcel stale = parcel(event(8, 1, 1), site(), "orders.csv", IfExists.REPLACE, bytes("stale"));
        CompletableFuture<Void> uploading = new CompletableFuture<>();
        CompletableFuture<Void> goOn = new CompletableFuture<>();
        DeliveredBody frozen = new DeliveredBody(
                () -> new FrozenAtTheEnd(bytes("stale"), uploading, goOn), OptionalLong.empty(), Optional.empty());
        CompletableFuture<Void> holder = CompletableFuture.runAsync(() -> deliver(withBody(stale, frozen)));
        uploading.get(20, TimeUnit.SECONDS);
        deliver(parcel(event(8, 2, 2), site(), "orders.csv", IfExists.REPLACE, bytes("fresh")));
        goOn.complete(null);
        assertThatThrownBy(() -> holder.get(20, TimeUnit.SECONDS)).cause().isInstanceOf(SeraiException.class);
        assertThat(names()).containsExactly("orders.csv");
        assertThat(Files.readString(inbox.resolve("orders.csv"))).isEqualTo("fresh");
    }

    /** A body whose last byte comes when the test says so. */
    private static final class FrozenAtTheEnd extends InputStream {
        private final byte[] content;
        private final CompletableFuture<Void> reached;
        private final CompletableFuture<Void> goOn;
        private int at;

        FrozenAtTheEnd(byte[] content, CompletableFuture<Void> reached, CompletableFuture<Void> goOn) {
            this.content = content;
            this.reached = reached;
            this.goOn = goOn;
        }

        @Override
        public int read() {
            if (at < content.length) {
                return content[at++];
            }
            reached.complete(null);
            goOn.join();
            return -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            int value = read();
            if (value < 0) {
                return -1;
            }
            target[offset] = (byte) value;
            return 1;
        }
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

    @Test
    void replacesRefusesOrRenamesWhenTheNameIsTaken() throws IOException {
        Files.writeString(inbox.resolve("orders.csv"), "old");
        deliver(parcel(event(1, 1), site(), "orders.csv", IfExists.RENAME, bytes("renamed")));
        assertThat(Files.readString(inbox.resolve("orders-1.csv"))).isEqualTo("renamed");
        assertThatThrownBy(() -> deliver(parcel(event(2, 1), site(), "orders.csv", IfExists.FAIL, bytes("no"))))
                .satisfies(hasCode(ErrorCode.SITE_REJECTED))
                .hasMessageContaining("orders.csv");
        assertThat(Files.readString(inbox.resolve("orders.csv"))).isEqualTo("old");
        deliver(parcel(event(3, 1), site(), "orders.csv", IfExists.REPLACE, bytes("new")));
        assertThat(Files.readString(inbox.resolve("orders.csv"))).isEqualTo("new");
        assertThat(names()).containsExactly("orders-1.csv", "orders.csv");
    }

    @Test
    void aWrongPasswordIsAPermanentError() {
        Site wrong = Parcels.with(
                site(), Optional.of(new SecretText("wrong-secret")), site().trust(), Site.TlsMode.EXPLICIT);
        assertThatThrownBy(() -> deliver(parcel(event(1, 1), wrong, "a", IfExists.REPLACE, bytes("a"))))
                .satisfies(hasCode(ErrorCode.SITE_LOGIN_REFUSED))
                .hasMessageNotContaining("wrong-secret");
        assertThat(deliveries.failures).singleElement().asString().startsWith("SITE_LOGIN_REFUSED");
    }

    @Test
    void anUnknownHostKeyIsRefusedWithItsFingerprint() {
        Site unknown = Parcels.with(site(), Optional.empty(), List.of(), Site.TlsMode.EXPLICIT);
        assertThatThrownBy(() -> deliver(parcel(event(1, 1), unknown, "a", IfExists.REPLACE, bytes("a"))))
                .satisfies(hasCode(ErrorCode.SITE_UNTRUSTED))
                .hasMessageContaining(server.hostKeyFingerprint())
                .hasMessageContaining("serai site trust warehouse");
    }

    @Test
    void aChangedHostKeyIsRefused(@TempDir Path other) throws IOException {
        try (OpenSshServer changing = new OpenSshServer(other.resolve("sshd"))) {
            Site site = Parcels.sftp(
                    changing.port(),
                    inbox.toString(),
                    changing.privateKey(),
                    List.of(changing.hostKeyLine()),
                    Duration.ofSeconds(20));
            deliver(parcel(event(1, 1), site, "a", IfExists.REPLACE, bytes("a")));
            changing.restartWithNewHostKey();
            assertThatThrownBy(() -> deliver(parcel(event(2, 1), site, "b", IfExists.REPLACE, bytes("b"))))
                    .satisfies(hasCode(ErrorCode.SITE_UNTRUSTED))
                    .hasMessageContaining(changing.hostKeyFingerprint())
                    .hasMessageContaining("another host key");
        }
    }

    @Test
    void aMissingFolderIsAPermanentError() {
        Site site = Parcels.sftp(
                server.port(),
                inbox.resolve("missing").toString(),
                server.privateKey(),
                List.of(server.hostKeyLine()),
                Duration.ofSeconds(20));
        assertThatThrownBy(() -> deliver(parcel(event(1, 1), site, "a", IfExists.REPLACE, bytes("a"))))
                .satisfies(hasCode(ErrorCode.SITE_REJECTED));
    }

    @Test
    void aClosedPortIsUnreachable() throws IOException {
        Site site = Parcels.sftp(
                Programs.freePort(),
                inbox.toString(),
                server.privateKey(),
                List.of(server.hostKeyLine()),
                Duration.ofSeconds(20));
        assertThatThrownBy(() -> deliver(parcel(event(1, 1), site, "a", IfExists.REPLACE, bytes("a"))))
                .satisfies(hasCode(ErrorCode.SITE_UNREACHABLE));
    }

    @Test
    void aDeadPooledConnectionIsReplacedWithoutAFailure() {
        deliver(parcel(event(1, 1), site(), "a", IfExists.REPLACE, bytes("a")));
        server.sessions().forEach(ProcessHandle::destroyForcibly);
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> server.sessions().findAny().isEmpty());
        deliver(parcel(event(2, 1), site(), "b", IfExists.REPLACE, bytes("b")));
        assertThat(names()).containsExactly("a", "b");
        assertThat(deliveries.failures).isEmpty();
    }

    @Test
    void aFrozenSiteTimesOutAndTheNextAttemptDelivers() {
        Site site = site(Duration.ofSeconds(2));
        deliver(parcel(event(1, 1), site, "warm", IfExists.REPLACE, bytes("a")));
        List<ProcessHandle> sessions = server.sessions().toList();
        DeliveredBody freezing = new DeliveredBody(
                () -> new Endless(64L << 20, 1 << 20, () -> sessions.forEach(s -> Programs.signal(s.pid(), "STOP"))),
                OptionalLong.empty(),
                Optional.empty());
        Parcel parcel = withBody(parcel(event(2, 1), site, "big", IfExists.REPLACE, bytes("")), freezing);
        try {
            assertThatThrownBy(() -> deliver(parcel)).satisfies(hasCode(ErrorCode.SITE_TIMEOUT));
        } finally {
            sessions.forEach(s -> Programs.signal(s.pid(), "CONT"));
        }
        deliver(parcel(event(2, 2), site, "big", IfExists.REPLACE, bytes("whole")));
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(names()).containsExactly("big", "warm"));
        assertThat(inbox.resolve("big")).hasContent("whole");
    }

    /** Zeros that do something at a mark. */
    static final class Endless extends InputStream {
        private final long size;
        private final long mark;
        private final Runnable atMark;
        private long at;

        Endless(long size, long mark, Runnable atMark) {
            this.size = size;
            this.mark = mark;
            this.atMark = atMark;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : 0;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            if (at >= size) {
                return -1;
            }
            int got = (int) Math.min(length, size - at);
            java.util.Arrays.fill(target, offset, offset + got, (byte) 0);
            if (at < mark && at + got >= mark) {
                atMark.run();
            }
            at += got;
            return got;
        }
    }

    @Test
    void anOperatorCanCancelARunningDelivery() {
        DeliveredBody cancelling = new DeliveredBody(
                () -> new Endless(256L << 20, 1 << 20, deliveries::cancelAll), OptionalLong.empty(), Optional.empty());
        Parcel parcel = withBody(parcel(event(1, 1), site(), "big", IfExists.REPLACE, bytes("")), cancelling);
        assertThatThrownBy(() -> deliver(parcel)).satisfies(hasCode(ErrorCode.CANCELLED));
        assertThat(inbox.resolve("big")).doesNotExist();
    }

    @Test
    void aBodyThatCannotBeReadIsNotTheSitesFault() {
        DeliveredBody broken = new DeliveredBody(
                () -> new Endless(64L << 20, 1 << 20, () -> {
                    throw new IllegalStateException("bad gzip");
                }),
                OptionalLong.empty(),
                Optional.empty());
        Parcel parcel = withBody(parcel(event(1, 1), site(), "big", IfExists.REPLACE, bytes("")), broken);
        assertThatThrownBy(() -> deliver(parcel))
                .satisfies(hasCode(ErrorCode.STEP_FAILED))
                .hasMessageContaining("bad gzip");
        assertThat(names()).as("no part is left").isEmpty();
    }

    @Test
    void aLargeFileNeedsNoMoreHeapThanASmallOne() throws Exception {
        long size = 1L << 30;
        LargeUpload.inSmallHeap(site(), servers.resolve("sshd/user_key"), size);
        assertThat(inbox.resolve("large")).hasSize(size);
    }
}
