package io.serai.route.site;

import static io.serai.route.site.Parcels.event;
import static io.serai.route.site.Parcels.parcel;
import static io.serai.route.site.Parcels.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import io.serai.route.site.connection.LineWatch;
import io.serai.route.site.connection.SiteConnections;
import io.serai.route.site.connection.StopSwitch;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A delivery goes on where an earlier attempt stopped, and only where that is safe; on a real SFTP server. */
class ContinuedDeliveryTest {
    private static final int SIZE = 24 << 20;
    private static final int BREAK_AT = 16 << 20;

    @TempDir
    static Path servers;

    private static OpenSshServer server;
    private static CamelContext camel;

    @TempDir
    Path inbox;

    private final InMemoryDeliveries deliveries = new InMemoryDeliveries();
    private final InMemorySiteLimits limits = new InMemorySiteLimits();
    private final byte[] content = new byte[SIZE];
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
        new Random(3).nextBytes(content);
        watch = new LineWatch();
        connections = new SiteConnections(camel, watch, limits);
        delivery = new FileDelivery(deliveries, connections);
    }

    @AfterEach
    void disconnect() {
        connections.close();
        watch.close();
    }

    private Site site() {
        return Parcels.sftp(
                server.port(),
                inbox.toString(),
                server.privateKey(),
                List.of(server.hostKeyLine()),
                Duration.ofSeconds(20));
    }

    private Parcel whole(ClaimedEvent event, byte[] bytes) {
        return withBody(event, () -> new ByteArrayInputStream(bytes), bytes);
    }

    private Parcel withBody(ClaimedEvent event, DeliveredBody.Opener opener, byte[] bytes) {
        return withBody(event, site(), opener, bytes);
    }

    private static Parcel withBody(ClaimedEvent event, Site site, DeliveredBody.Opener opener, byte[] bytes) {
        Parcel like = parcel(event, site, "large.bin", IfExists.REPLACE, bytes);
        return new Parcel(
                like.event(),
                like.stepKey(),
                like.site(),
                like.folder(),
                like.name(),
                like.temporaryName(),
                like.ifExists(),
                new DeliveredBody(opener, OptionalLong.of(bytes.length), Optional.of(sha256(bytes))));
    }

    /** Sends until the middle, where the site's processes are killed. */
    private void breakInTheMiddle(ClaimedEvent event) {
        Parcel broken = withBody(
                event,
                () -> new Interrupted(content, () -> server.sessions().forEach(ProcessHandle::destroyForcibly)),
                content);
        assertThatThrownBy(() -> delivery.deliver(broken, new StopSwitch())).isInstanceOf(SeraiException.class);
        assertThat(names()).hasSize(1).doesNotContain("large.bin");
        limits.moved.set(0);
    }

    private List<String> names() {
        try (Stream<Path> files = Files.list(inbox)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void assertDelivered(byte[] expected) throws IOException {
        assertThat(names()).containsExactly("large.bin");
        assertThat(sha256(Files.readAllBytes(inbox.resolve("large.bin")))).isEqualTo(sha256(expected));
    }

    @Test
    void goesOnWhereABrokenAttemptStopped() throws IOException {
        breakInTheMiddle(event(1, 1, 1));
        delivery.deliver(whole(event(1, 2, 2), content), new StopSwitch());
        assertDelivered(content);
        assertThat(limits.moved.get()).isLessThan(SIZE - BREAK_AT + (6 << 20));
    }

    @Test
    void goesOnAfterManyAttemptsThatCouldNotEvenConnect() throws IOException {
        breakInTheMiddle(event(5, 1, 1));
        int number = 2;
        while (number < 9) {
            failToConnect(event(5, number, number), content);
            number++;
        }
        failToConnect(event(5, number, number), new byte[] {1, 2, 3});
        number++;
        delivery.deliver(whole(event(5, number, number), content), new StopSwitch());
        assertDelivered(content);
        assertThat(limits.moved.get()).isLessThan(SIZE - BREAK_AT + (6 << 20));
    }

    @Test
    void removesWhatIsThereOfOtherBytesAlsoAfterAnAttemptThatCouldNotConnect() throws IOException {
        breakInTheMiddle(event(6, 1, 1));
        byte[] changed = content.clone();
        changed[0]++;
        failToConnect(event(6, 2, 2), changed);
        delivery.deliver(whole(event(6, 3, 3), changed), new StopSwitch());
        assertDelivered(changed);
        assertThat(limits.moved.get()).isEqualTo(SIZE);
    }

    /** Nobody listens there; the delivery is the same one. */
    private void failToConnect(ClaimedEvent event, byte[] bytes) {
        Site away = Parcels.sftp(
                1, inbox.toString(), server.privateKey(), List.of(server.hostKeyLine()), Duration.ofSeconds(20));
        Parcel parcel = withBody(event, away, () -> new ByteArrayInputStream(bytes), bytes);
        assertThatThrownBy(() -> delivery.deliver(parcel, new StopSwitch())).isInstanceOf(SeraiException.class);
    }

    @Test
    void sendsOtherBytesAnew() throws IOException {
        breakInTheMiddle(event(2, 1, 1));
        byte[] changed = content.clone();
        changed[0]++;
        delivery.deliver(whole(event(2, 2, 2), changed), new StopSwitch());
        assertDelivered(changed);
        assertThat(limits.moved.get()).isEqualTo(SIZE);
    }

    @Test
    void sendsAnewWhatSomebodyChangedAtTheSite() throws IOException {
        breakInTheMiddle(event(3, 1, 1));
        try (RandomAccessFile part =
                new RandomAccessFile(inbox.resolve(names().get(0)).toFile(), "rw")) {
            part.seek(part.length() - (2 << 20) - 100);
            part.write(0x55);
            part.write(0x55);
        }
        delivery.deliver(whole(event(3, 2, 2), content), new StopSwitch());
        assertDelivered(content);
        assertThat(limits.moved.get()).isEqualTo(SIZE);
    }

    @Test
    void aThawedFormerOwnerCannotSpoilWhatIsContinued() throws Exception {
        CompletableFuture<Void> frozen = new CompletableFuture<>();
        CompletableFuture<Void> thawed = new CompletableFuture<>();
        Parcel stale = withBody(
                event(4, 1, 1),
                () -> new Interrupted(content, () -> {
                    frozen.complete(null);
                    thawed.join();
                }),
                content);
        CompletableFuture<Void> holder = CompletableFuture.runAsync(() -> delivery.deliver(stale, new StopSwitch()));
        frozen.get(20, TimeUnit.SECONDS);
        // The next owner goes on; in its middle the former one wakes up and writes to the file that it has open.
        Parcel next = withBody(
                event(4, 2, 2),
                () -> new Interrupted(content, 20 << 20, () -> {
                    thawed.complete(null);
                    pause();
                }),
                content);
        delivery.deliver(next, new StopSwitch());
        assertThatThrownBy(() -> holder.get(20, TimeUnit.SECONDS)).cause().isInstanceOf(SeraiException.class);
        assertDelivered(content);
        assertThat(limits.moved.get()).isLessThan(2L * SIZE);
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(300);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Bytes whose reader does something when it comes to a place. */
    private static final class Interrupted extends InputStream {
        private final ByteArrayInputStream bytes;
        private final int place;
        private final Runnable act;
        private int at;

        Interrupted(byte[] content, Runnable act) {
            this(content, BREAK_AT, act);
        }

        Interrupted(byte[] content, int place, Runnable act) {
            this.bytes = new ByteArrayInputStream(content);
            this.place = place;
            this.act = act;
        }

        @Override
        public int read() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            if (at < place && at + length >= place) {
                int got = bytes.read(target, offset, length);
                at += got;
                act.run();
                return got;
            }
            int got = bytes.read(target, offset, length);
            at += Math.max(0, got);
            return got;
        }

        @Override
        public long skip(long count) {
            long skipped = bytes.skip(count);
            at += (int) skipped;
            return skipped;
        }
    }
}
