package io.serai.edge.link;

import static io.serai.edge.link.RawPeer.coded;
import static io.serai.edge.link.RawPeer.data;
import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.LinkTls;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A server whose edge is owned by someone else: as seen on the wire. */
class HostileEdgeTest {
    /** Takes all streams and reads nothing of them; answers requests with a large reply. */
    private static final class Hoarder extends TestLink.Refusing {
        final List<LinkStream> streams = new CopyOnWriteArrayList<>();

        @Override
        public void request(Link link, IncomingRequest request) {
            request.reply(Status.OK, new byte[200_000]);
        }

        @Override
        public void stream(Link link, LinkStream stream, int method, byte[] payload) {
            streams.add(stream);
            stream.accept(new byte[0]);
        }
    }

    private final Hoarder hoarder = new Hoarder();
    private final TestLink test = new TestLink(QUICK, hoarder, new TestLink.Refusing());
    private RawEdge edge;
    private LinkDialer dialer;

    private void dial(LinkIdentity identity, UnaryOperator<Hello> change) throws Exception {
        edge = new RawEdge(identity, change);
        LinkTls tls = LinkTls.of(LinkRole.SERVER, TestLink.SERVER, TestLink.trust("edge-1", TestLink.EDGE.pin()));
        dialer = test.dialer(tls, TestLink.node("node-1"), edge.address());
        dialer.start();
    }

    @AfterEach
    void stop() throws Exception {
        dialer.stop();
        edge.close();
        test.close();
    }

    @Test
    void anEdgeWithAnotherKeyIsNotTalkedTo() throws Exception {
        dial(LinkIdentity.make(LinkRole.EDGE, "edge-1", InstantSource.system()), hello -> hello);
        await().atMost(SOON).until(() -> dialer.lastFailure().contains("not pinned"));
        assertThat(dialer.link()).isEmpty();
        assertThat(test.serverEar.up).isEmpty();
    }

    @Test
    void anEdgeThatClaimsAnotherNameIsNotTalkedTo() throws Exception {
        dial(
                TestLink.EDGE,
                h -> new Hello(
                        0,
                        0,
                        "edge-2",
                        h.cluster(),
                        h.boot(),
                        h.link(),
                        h.connectionClass(),
                        h.index(),
                        "",
                        List.of(),
                        h.earlyWindow(),
                        h.maxStreams(),
                        h.maxInFlight(),
                        h.clockMs(),
                        ""));
        await().atMost(SOON).until(() -> dialer.lastFailure().contains("not the edge that was meant"));
        assertThat(dialer.link()).isEmpty();
    }

    @Test
    void dataBeyondTheCreditEndsTheConnectionAndIsCounted() throws Exception {
        dial(TestLink.EDGE, hello -> hello);
        RawPeer data = edge.next(ConnectionClass.DATA);
        data.send(coded(RawPeer.OPEN, 1, Method.WRITE.number()));
        // 256 KiB are allowed by the early window and the first credit; nothing is consumed.
        for (int i = 0; i < 4; i++) {
            data.send(data(1, i * 65_536L, 65_536));
        }
        data.expect(RawPeer.CREDIT);
        data.send(data(1, 4 * 65_536L, 1));
        assertThat(data.goodbye()).isEqualTo(ByeCode.FLOW_CONTROL);
        await().atMost(SOON)
                .until(() -> test.serverEar.violations.stream().anyMatch(v -> v.startsWith("edge-1: DATA beyond")));
        assertThat(hoarder.streams.get(0).end().orElseThrow().cause()).isEqualTo(StreamEnd.Cause.LOST);
        await().atMost(SOON).until(() -> test.serverBudget.takenBytes() == 0);
    }

    @Test
    void dataAfterEndAndCreditFromTheSenderAreViolations() throws Exception {
        dial(TestLink.EDGE, hello -> hello);
        RawPeer one = edge.next(ConnectionClass.DATA);
        one.send(coded(RawPeer.OPEN, 1, Method.WRITE.number()))
                .send(RawPeer.frame(RawPeer.END, 1, new byte[0]))
                .send(data(1, 0, 1));
        assertThat(one.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        RawPeer other = edge.next(ConnectionClass.DATA);
        other.send(coded(RawPeer.OPEN, 1, Method.WRITE.number())).send(RawPeer.frame(RawPeer.CREDIT, 1, new byte[12]));
        assertThat(other.goodbye()).isEqualTo(ByeCode.PROTOCOL);
    }

    @Test
    void aTcpConnectionMayOnlyGoOnWhereItWas() throws Exception {
        dial(TestLink.EDGE, hello -> hello);
        RawPeer beyond = edge.next(ConnectionClass.DATA);
        beyond.send(coded(RawPeer.OPEN, 1, Method.TCP_ACCEPTED.number()));
        for (int i = 0; i < 5; i++) {
            beyond.send(data(1, i * 65_536L, 65_536));
        }
        assertThat(beyond.goodbye()).isEqualTo(ByeCode.FLOW_CONTROL);
        // A byte here and a byte there would each take a buffer of its own.
        RawPeer gaps = edge.next(ConnectionClass.DATA);
        gaps.send(coded(RawPeer.OPEN, 1, Method.TCP_ACCEPTED.number()))
                .send(data(1, 0, 1))
                .send(data(1, 9_000, 1));
        assertThat(gaps.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        await().atMost(SOON)
                .until(() -> test.serverEar.violations.stream().anyMatch(v -> v.contains("does not follow")));
        await().atMost(SOON).until(() -> test.serverBudget.takenBytes() == 0);
    }

    @Test
    void thereIsNoSeekInATcpConnection() throws Exception {
        dial(TestLink.EDGE, hello -> hello);
        RawPeer seeking = edge.next(ConnectionClass.DATA);
        seeking.send(coded(RawPeer.OPEN, 1, Method.TCP_ACCEPTED.number())).send(RawPeer.frame(0x27, 1, new byte[12]));
        assertThat(seeking.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        await().atMost(SOON).until(() -> test.serverBudget.takenBytes() == 0);
    }

    @Test
    void theOpenerOfATcpConnectionDoesNotCloseItInOrder() throws Exception {
        dial(TestLink.EDGE, hello -> hello);
        RawPeer data = edge.next(ConnectionClass.DATA);
        data.send(coded(RawPeer.OPEN, 1, Method.TCP_ACCEPTED.number()))
                .send(RawPeer.frame(RawPeer.END, 1, new byte[8]))
                .send(coded(RawPeer.RESULT, 1, 0));
        assertThat(data.goodbye()).isEqualTo(ByeCode.PROTOCOL);
    }

    @Test
    void moreStreamsThanAllowedEndTheConnection() throws Exception {
        dial(TestLink.EDGE, hello -> hello);
        RawPeer data = edge.next(ConnectionClass.DATA);
        for (int i = 0; i <= QUICK.flow().maxStreams(); i++) {
            data.send(coded(RawPeer.OPEN, 2 * i + 1, Method.READ.number()));
        }
        assertThat(data.goodbye()).isEqualTo(ByeCode.FLOW_CONTROL);
        await().atMost(SOON)
                .until(() ->
                        hoarder.streams.stream().allMatch(stream -> stream.end().isPresent()));
        assertThat(hoarder.streams).hasSize(QUICK.flow().maxStreams());
    }

    @Test
    void manyTinyPiecesDoNotHoldMuchMoreThanTheirBytes() throws Exception {
        dial(TestLink.EDGE, hello -> hello);
        RawPeer data = edge.next(ConnectionClass.DATA);
        data.send(coded(RawPeer.OPEN, 1, Method.WRITE.number()));
        int count = 20_000;
        java.io.ByteArrayOutputStream tiny = new java.io.ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            tiny.writeBytes(data(1, i, 1));
        }
        data.send(tiny.toByteArray()).send(RawPeer.frame(RawPeer.END, 1, new byte[0]));
        await().atMost(SOON).until(() -> !hoarder.streams.isEmpty());
        int chunks = 0;
        long bytes = 0;
        LinkStream stream = hoarder.streams.get(0);
        while (true) {
            var next = stream.take(SOON);
            if (next.isEmpty()) {
                break;
            }
            assertThat(next.get().offset()).isEqualTo(bytes);
            bytes += next.get().length();
            chunks++;
            next.get().bytes().release();
        }
        assertThat(bytes).isEqualTo(count);
        assertThat(chunks).isLessThan(count / 100);
    }

    @Test
    void anEdgeThatNeverReadsItsAnswersIsCutOff() throws Exception {
        dial(TestLink.EDGE, hello -> hello);
        RawPeer control = edge.next(ConnectionClass.CONTROL);
        // 256 requests are allowed at once, and their replies are 50 MB: far more than sockets and backlog take.
        for (int i = 0; i < 250; i++) {
            control.send(coded(RawPeer.REQUEST, 2 * i + 1, Method.STAT.number()));
        }
        // It goes on pinging, so it is not a dead peer.
        await().atMost(SOON).until(() -> {
            control.send(RawPeer.frame(RawPeer.PING, 0, new byte[8]));
            return dialer.lastLoss().contains("unread");
        });
    }

    @Test
    void silenceIsADeadPeerWithinTheDeadTime() throws Exception {
        dial(TestLink.EDGE, hello -> hello);
        for (int i = 0; i < 2; i++) {
            edge.next(ConnectionClass.CONTROL);
            edge.next(ConnectionClass.DATA);
        }
        await().atMost(SOON).until(() -> test.serverEar.up.size() == 1);
        long start = System.nanoTime();
        // As a stopped process: the sockets stay open, nothing is read and nothing answered.
        await().atMost(SOON).until(() -> !test.serverEar.lost.isEmpty());
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
        assertThat(test.serverEar.lost.get(0)).contains("nothing was heard");
    }
}
