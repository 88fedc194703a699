package io.serai.edge.link;

import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams on a whole link: bytes, credit, verdicts, jumps, and what ends them. */
class StreamTest {
    private static final byte[] NOTHING = new byte[0];
    private static final Duration BRIEFLY = Duration.ofMillis(300);

    /** Hands the server's side of streams to the test. */
    private static final class Taking extends TestLink.Refusing {
        final List<LinkStream> streams = new CopyOnWriteArrayList<>();

        @Override
        public void request(Link link, IncomingRequest request) {
            request.reply(Status.OK, NOTHING);
        }

        @Override
        public void stream(Link link, LinkStream stream, int method, byte[] payload) {
            streams.add(stream);
            stream.accept(payload);
        }

        LinkStream await(int index) {
            org.awaitility.Awaitility.await().atMost(SOON).until(() -> streams.size() > index);
            return streams.get(index);
        }
    }

    private final Taking server = new Taking();
    private TestLink test;
    private Link link;

    @BeforeEach
    void start() {
        test = new TestLink(QUICK, server, new TestLink.Refusing());
        link = test.up();
    }

    @AfterEach
    void stop() {
        test.close();
    }

    private LinkStream open(StreamKind kind) throws Exception {
        Method method = kind == StreamKind.WRITE ? Method.WRITE : Method.READ;
        LinkStream stream = link.open(kind, method, new byte[] {42});
        assertThat(stream.awaitOpened(SOON)).containsExactly(42);
        return stream;
    }

    private static ByteBuffer pattern(long offset, int count) {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        for (int i = 0; i < count; i++) {
            bytes.put((byte) ((offset + i) * 31 >> 3));
        }
        return bytes.flip();
    }

    /** Takes all up to END or this many bytes, checking each one; gives credit. */
    private static long drain(LinkStream stream, long from, long most) throws Exception {
        long at = from;
        while (at - from < most) {
            var next = stream.take(SOON);
            if (next.isEmpty()) {
                return at - from;
            }
            int count = next.get().length();
            assertThat(next.get().offset()).isEqualTo(at);
            assertThat(next.get().bytes().nioBuffer()).isEqualTo(pattern(at, count));
            next.get().bytes().release();
            stream.consumed(count, 0);
            at += count;
        }
        return at - from;
    }

    private static Thread run(Action action) {
        Thread thread = new Thread(() -> {
            try {
                action.run();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        thread.start();
        return thread;
    }

    /** May fail. */
    private interface Action {
        void run() throws Exception;
    }

    @Test
    void anUploadArrivesWholeAndItsVerdictComesBack() throws Exception {
        long total = 20L << 20;
        LinkStream upload = open(StreamKind.WRITE);
        LinkStream served = server.await(0);
        Thread sending = run(() -> {
            for (long at = 0; at < total; at += 100_000) {
                upload.send(pattern(at, (int) Math.min(100_000, total - at)), at, SOON);
            }
            upload.end(new byte[] {7}, 0);
        });
        assertThat(drain(served, 0, Long.MAX_VALUE)).isEqualTo(total);
        assertThat(served.ended().orElseThrow()).containsExactly(7);
        assertThat(upload.end()).isEmpty();
        served.result(Status.OK, new byte[] {8});
        StreamEnd verdict = upload.awaitEnd(SOON).orElseThrow();
        assertThat(verdict.isSuccess()).isTrue();
        assertThat(verdict.payload()).containsExactly(8);
        sending.join();
        await().atMost(SOON).until(() -> test.serverBudget.takenBytes() == 0 && link.load() == 0);
    }

    @Test
    void aTcpConnectionGoesBothWaysAndWhatWasReceivedOutlivesItsEnd() throws Exception {
        LinkStream opener = link.open(StreamKind.BOTH, Method.TCP_ACCEPTED, new byte[] {42});
        assertThat(opener.awaitOpened(SOON)).containsExactly(42);
        LinkStream served = server.await(0);
        long total = 5L << 20;
        Thread there = run(() -> {
            opener.send(pattern(0, (int) total), 0, SOON);
            opener.end(new byte[] {7}, 0);
        });
        assertThat(drain(served, 0, Long.MAX_VALUE)).isEqualTo(total);
        there.join();
        served.send(pattern(0, 100_000), 0, SOON);
        served.end(new byte[] {8}, 0);
        await().atMost(SOON).until(served::isEndSent);
        served.result(Status.OK, NOTHING);
        assertThat(opener.awaitEnd(SOON).orElseThrow().isSuccess()).isTrue();
        assertThat(test.edgeBudget.takenBytes()).isPositive();
        // With the last piece, as nobody asks for another once ended() says something.
        assertThat(drain(opener, 0, 100_000)).isEqualTo(100_000);
        assertThat(opener.ended().orElseThrow()).containsExactly(8);
        await().atMost(SOON).until(() -> test.serverBudget.takenBytes() == 0 && test.edgeBudget.takenBytes() == 0);
    }

    @Test
    void whatWasReceivedOfATcpConnectionThatBrokeIsNotHandedOut() throws Exception {
        LinkStream opener = link.open(StreamKind.BOTH, Method.TCP_ACCEPTED, NOTHING);
        LinkStream served = server.await(0);
        served.send(pattern(0, 50_000), 0, SOON);
        served.reset(Status.PARTNER_ABORT, "reset");
        assertThat(opener.awaitEnd(SOON).orElseThrow().status()).isEqualTo(Status.PARTNER_ABORT);
        assertThat(opener.poll()).isEmpty();
        assertThatThrownBy(() -> opener.take(SOON)).isInstanceOf(StreamClosed.class);
        await().atMost(SOON).until(() -> test.serverBudget.takenBytes() == 0 && test.edgeBudget.takenBytes() == 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 16})
    void aLinkCarriesAThousandConnectionsAndAFileHoweverManyDataConnectionsItHas(int data) throws Exception {
        test.close();
        test = new TestLink(LinkSettings.standard().withDataConnections(data), server, new TestLink.Refusing());
        link = test.up();
        await().atMost(SOON).until(() -> link.connections(ConnectionClass.DATA) == data);
        for (int i = 0; i < 1_000; i++) {
            link.open(StreamKind.BOTH, Method.TCP_ACCEPTED, NOTHING);
        }
        assertThat(open(StreamKind.WRITE).end()).isEmpty();
    }

    @Test
    void aWindowGrowsForAQuickReceiverAndIsGivenBack() throws Exception {
        LinkStream upload = open(StreamKind.WRITE);
        LinkStream served = server.await(0);
        long at = 0;
        // Each time three quarters of what may be sent are there before anything is consumed: that is a window used up.
        // The last quarter may be credit that is due and not given yet.
        for (int window = QUICK.flow().firstWindow(); window < 4 * QUICK.flow().firstWindow(); window *= 2) {
            int count = window / 4 * 3;
            long wanted = serverHasRead() + count;
            upload.send(pattern(at, count), at, SOON);
            await().atMost(SOON).until(() -> serverHasRead() >= wanted);
            at += drain(served, at, count);
        }
        assertThat(test.serverBudget.takenBytes()).isGreaterThan(QUICK.flow().firstWindow());
        long from = at;
        Thread sending = run(() -> upload.send(pattern(from, 20 << 20), from, SOON));
        drain(served, from, 20 << 20);
        sending.join();
        upload.reset(Status.PARTNER_ABORT, "enough");
        await().atMost(SOON).until(() -> served.end().isPresent());
        assertThat(served.end().orElseThrow().status()).isEqualTo(Status.PARTNER_ABORT);
        assertThat(test.serverBudget.takenBytes()).isZero();
    }

    private long serverHasRead() {
        return test.serverEar.up.get(0).figures().stream()
                .mapToLong(Link.ConnectionFigures::bytesRead)
                .sum();
    }

    @Test
    void bytesInAnyOrderArriveThoughTheyCostMoreCredit() throws Exception {
        LinkStream upload = open(StreamKind.WRITE);
        LinkStream served = server.await(0);
        int count = 3_000;
        Thread sending = run(() -> {
            for (int i = count; i > 0; i--) {
                upload.send(pattern(i * 100L, 1), i * 100L, SOON);
            }
            upload.end(NOTHING, 0);
        });
        for (int i = count; i > 0; i--) {
            Chunk next = served.take(SOON).orElseThrow();
            assertThat(next.offset()).isEqualTo(i * 100L);
            assertThat(next.bytes().readByte()).isEqualTo(pattern(i * 100L, 1).get());
            next.bytes().release();
            served.consumed(1, 0);
        }
        assertThat(served.take(SOON)).isEmpty();
        served.result(Status.OK, NOTHING);
        assertThat(upload.awaitEnd(SOON).orElseThrow().status()).isEqualTo(Status.OK);
        sending.join();
    }

    @Test
    void aStalledStreamHoldsItsOwnCreditAndNothingElse() throws Exception {
        // One connection for data, so that all share it; the upload and the download beside are never consumed.
        LinkSettings.Connections c = QUICK.connections();
        LinkSettings one = QUICK.with(new LinkSettings.Connections(
                1, 1, c.handshakes(), c.handshakeWithin(), c.redialFirst(), c.redialMost(), c.maxAge(), c.maxBytes()));
        Taking other = new Taking();
        try (TestLink shared = new TestLink(one, other, new TestLink.Refusing())) {
            link = shared.up();
            LinkStream stalledUpload = open(StreamKind.WRITE);
            assertThatThrownBy(() -> stalledUpload.send(pattern(0, 10 << 20), 0, BRIEFLY))
                    .isInstanceOf(TimeoutException.class);
            LinkStream stalledDownload = open(StreamKind.READ);
            LinkStream source = other.await(1);
            assertThatThrownBy(() -> source.send(pattern(0, 10 << 20), 0, BRIEFLY))
                    .isInstanceOf(TimeoutException.class);
            long start = System.nanoTime();
            LinkStream upload = open(StreamKind.WRITE);
            LinkStream served = other.await(2);
            Thread sending = run(() -> {
                upload.send(pattern(0, 50 << 20), 0, SOON);
                upload.end(NOTHING, 0);
            });
            assertThat(drain(served, 0, Long.MAX_VALUE)).isEqualTo(50 << 20);
            sending.join();
            assertThat(link.call(0, Method.STAT, NOTHING, SOON).status()).isEqualTo(Status.OK);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SOON);
            assertThat(stalledUpload.end()).isEmpty();
            assertThat(stalledDownload.end()).isEmpty();
            // What the stalled ones hold is one window each.
            assertThat(shared.serverBudget.takenBytes() + shared.edgeBudget.takenBytes())
                    .isLessThanOrEqualTo(
                            2L * one.flow().firstWindow() + one.flow().maxWindow());
            // And they go on when they are read.
            assertThat(drain(stalledDownload, 0, 200_000)).isGreaterThanOrEqualTo(200_000);
        }
    }

    @Test
    void whenTheBudgetIsSpentStreamsStillHaveTheEarlyWindow() throws Exception {
        LinkSettings.Flow f = QUICK.flow();
        LinkSettings poor = QUICK.with(new LinkSettings.Flow(
                f.earlyWindow(),
                f.firstWindow(),
                f.maxWindow(),
                300_000,
                f.maxStreams(),
                f.maxInFlight(),
                f.backlogBytes()));
        Taking other = new Taking();
        try (TestLink tight = new TestLink(poor, other, new TestLink.Refusing())) {
            link = tight.up();
            for (int i = 0; i < 10; i++) {
                open(StreamKind.WRITE);
            }
            assertThat(tight.serverBudget.takenBytes()).isLessThanOrEqualTo(300_000);
            LinkStream last = open(StreamKind.WRITE);
            LinkStream served = other.await(10);
            Thread sending = run(() -> {
                last.send(pattern(0, 3 << 20), 0, SOON);
                last.end(NOTHING, 0);
            });
            assertThat(drain(served, 0, Long.MAX_VALUE)).isEqualTo(3 << 20);
            sending.join();
        }
    }

    @Test
    void aConnectionLostInMidUploadIsNoEnd() throws Exception {
        LinkStream upload = open(StreamKind.WRITE);
        LinkStream served = server.await(0);
        upload.send(pattern(0, 100_000), 0, SOON);
        assertThat(drain(served, 0, 100_000)).isEqualTo(100_000);
        Breaking.connectionsWithStreams(link);
        StreamEnd seen = served.awaitEnd(SOON).orElseThrow();
        assertThat(seen.cause()).isEqualTo(StreamEnd.Cause.LOST);
        assertThat(served.ended()).isEmpty();
        assertThatThrownBy(() -> upload.send(pattern(0, 1), 100_000, SOON)).isInstanceOf(StreamClosed.class);
        assertThat(upload.awaitEnd(SOON).orElseThrow().isSuccess()).isFalse();
        assertThat(link.isUsable()).isTrue();
    }

    @Test
    void aRefusalInMidUploadReachesTheSender() throws Exception {
        LinkStream upload = open(StreamKind.WRITE);
        server.await(0).result(Status.QUOTA, NOTHING);
        assertThatThrownBy(() -> upload.send(pattern(0, 10 << 20), 0, SOON)).isInstanceOf(StreamClosed.class);
        assertThat(upload.end().orElseThrow().status()).isEqualTo(Status.QUOTA);
        assertThat(upload.end().orElseThrow().isSuccess()).isFalse();
        // Bytes that were on their way to the closed stream do no harm.
        assertThat(link.call(0, Method.STAT, NOTHING, SOON).status()).isEqualTo(Status.OK);
        assertThat(test.serverEar.violations).isEmpty();
    }

    @Test
    void aReaderJumpsAndGetsNothingFromBefore() throws Exception {
        LinkStream download = open(StreamKind.READ);
        LinkStream served = server.await(0);
        Semaphore changes = new Semaphore(0);
        served.onChange(changes::release);
        Thread serving = run(() -> {
            long at = 0;
            while (served.end().isEmpty()) {
                LinkStream.Position position = served.position();
                at = position.jumpTo().orElse(at);
                int room = (int) Math.min(served.sendable(), Math.max(0, (8 << 20) - at));
                if (at >= 8 << 20) {
                    served.end(NOTHING, position.epoch());
                    changes.acquire();
                } else if (room > 0) {
                    at += served.trySend(pattern(at, room), at, position.epoch());
                } else {
                    changes.acquire();
                }
            }
        });
        assertThat(drain(download, 0, 300_000)).isGreaterThanOrEqualTo(300_000);
        for (long target : new long[] {5 << 20, 1_000, 8_000_000, 77, 3 << 20}) {
            download.seek(target);
            assertThat(drain(download, target, 150_000)).isGreaterThanOrEqualTo(150_000);
        }
        download.shrinkWindow();
        download.seek(1 << 20);
        assertThat(drain(download, 1 << 20, Long.MAX_VALUE)).isEqualTo(7 << 20);
        // Also behind the end.
        download.seek((8 << 20) - 10);
        assertThat(drain(download, (8 << 20) - 10, Long.MAX_VALUE)).isEqualTo(10);
        download.result(Status.OK, NOTHING);
        assertThat(served.awaitEnd(SOON).orElseThrow().isSuccess()).isTrue();
        serving.join();
        assertThat(test.edgeBudget.takenBytes()).isZero();
        assertThat(test.edgeEar.violations).isEmpty();
        assertThat(test.serverEar.violations).isEmpty();
    }

    @Test
    void theSenderHearsHowFarItsBytesAreDurable() throws Exception {
        LinkStream upload = open(StreamKind.WRITE);
        server.await(0).progress(12_345);
        await().atMost(SOON).until(() -> upload.durableOffset() == 12_345);
    }

    @Test
    void manyStreamsAtOnceAllArrive() throws Exception {
        int count = 20;
        Thread[] senders = new Thread[count];
        for (int i = 0; i < count; i++) {
            LinkStream upload = open(StreamKind.WRITE);
            LinkStream served = server.await(i);
            run(() -> {
                drain(served, 0, Long.MAX_VALUE);
                served.result(Status.OK, NOTHING);
            });
            senders[i] = run(() -> {
                upload.send(pattern(0, 2 << 20), 0, SOON);
                upload.end(NOTHING, 0);
                assertThat(upload.awaitEnd(SOON).orElseThrow().isSuccess()).isTrue();
            });
        }
        for (Thread sender : senders) {
            sender.join();
        }
        await().atMost(SOON).until(() -> link.load() == 0);
    }
}
