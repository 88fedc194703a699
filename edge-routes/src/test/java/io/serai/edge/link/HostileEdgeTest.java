package io.serai.edge.link;

import static io.serai.edge.link.RawPeer.coded;
import static io.serai.edge.link.RawPeer.data;
import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.LinkTls;
import io.serai.edge.tls.LinkTrust;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A server whose edge is owned by someone else: as seen on the wire. */
@Isolated("it looks at the memory of the whole process")
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
    private TestLink test = new TestLink(QUICK, hoarder, new TestLink.Refusing());
    private RawEdge edge;
    private LinkDialer dialer;

    private void dial(LinkIdentity identity, UnaryOperator<Hello> change) throws Exception {
        edge = new RawEdge(identity, change);
        LinkTls tls = LinkTls.of(LinkRole.SERVER, TestLink.SERVER, TestLink.trust("edge-1", TestLink.EDGE.pin()));
        dialer = test.dialer(tls, TestLink.node("node-1"), edge.address());
        dialer.start();
    }

    /** For tests that leave connections unread while they look at others: nobody answers PINGs there. */
    private void calm() {
        test.close();
        test = new TestLink(QUICK.with(LinkSettings.standard().keepAlive()), hoarder, new TestLink.Refusing());
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
    void anEdgeWithAKeyOfItsOwnCannotBeAnotherOne() throws Exception {
        LinkIdentity second = LinkIdentity.make(LinkRole.EDGE, "edge-2", InstantSource.system());
        // It stands where the other one should and says that it is the other one; its own key is known here, too.
        edge = new RawEdge(second, hello -> hello);
        LinkTls tls = LinkTls.of(
                LinkRole.SERVER,
                TestLink.SERVER,
                LinkTrust.of(Map.of("edge-1", Set.of(TestLink.EDGE.pin()), "edge-2", Set.of(second.pin()))));
        dialer = test.dialer(tls, TestLink.node("node-1"), edge.address());
        dialer.start();
        await().atMost(SOON).until(() -> dialer.lastFailure().contains("does not speak for that node"));
        assertThat(dialer.link()).isEmpty();
        assertThat(test.serverEar.violations).anyMatch(v -> v.startsWith("edge-1: "));
    }

    /** What is against the rules, on which connection, and how it is counted. */
    static Stream<Arguments> offences() {
        return Stream.of(
                arguments("unknown type 25", ConnectionClass.CONTROL, RawPeer.frame(0x19, 5, new byte[7])),
                arguments("REQUEST of 16777215 bytes", ConnectionClass.CONTROL, head(RawPeer.REQUEST)),
                arguments("DATA of 16777215 bytes", ConnectionClass.DATA, head(RawPeer.DATA)),
                arguments("16777215 bytes of the unknown", ConnectionClass.CONTROL, head(0x99)),
                arguments("a second HELLO", ConnectionClass.CONTROL, RawPeer.frame(RawPeer.HELLO, 0, new byte[0])),
                arguments("the id 2", ConnectionClass.CONTROL, coded(RawPeer.REQUEST, 2, 1)),
                arguments(
                        "the id 3 after 3",
                        ConnectionClass.CONTROL,
                        both(coded(RawPeer.REQUEST, 3, 1), coded(RawPeer.REQUEST, 3, 1))),
                arguments(
                        "the id 1 after 1",
                        ConnectionClass.DATA,
                        both(coded(RawPeer.OPEN, 1, 33), coded(RawPeer.OPEN, 1, 33))),
                arguments("which was never opened", ConnectionClass.DATA, data(7, 0, 1)),
                arguments("on the wrong connection", ConnectionClass.DATA, coded(RawPeer.REQUEST, 1, 1)),
                arguments("on the wrong connection", ConnectionClass.CONTROL, coded(RawPeer.OPEN, 1, 33)),
                arguments("an EVENT from an edge", ConnectionClass.CONTROL, coded(0x13, 0, 1)),
                arguments("a REPLY to no request", ConnectionClass.CONTROL, coded(0x11, 2, 0)));
    }

    private static byte[] head(int type) {
        return new byte[] {-1, -1, -1, (byte) type, 0, 0, 0, 1};
    }

    private static byte[] both(byte[] one, byte[] other) {
        return ByteBuffer.allocate(one.length + other.length)
                .put(one)
                .put(other)
                .array();
    }

    @ParameterizedTest
    @MethodSource("offences")
    void whoeverBreaksARuleLosesTheWholeLinkAndIsCounted(String counted, ConnectionClass where, byte[] offence)
            throws Exception {
        calm();
        dial(TestLink.EDGE, hello -> hello);
        RawPeer offender = edge.next(where);
        RawPeer bystander = edge.next(where == ConnectionClass.DATA ? ConnectionClass.CONTROL : ConnectionClass.DATA);
        await().atMost(SOON).until(() -> dialer.link().isPresent());
        long begun = System.nanoTime();
        offender.send(offence);
        assertThat(offender.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        // One that was just being made is told that there is no such link any more.
        assertThat(bystander.goodbye()).isIn(ByeCode.PROTOCOL, ByeCode.LINK_GONE);
        assertThat(test.serverEar.violations).singleElement().asString().contains("edge-1: ", counted);
        await().atMost(SOON).until(() -> test.serverEar.lost.size() == 1);
        // It may come again, as another link, but not at once.
        RawPeer again = edge.nextAfter(offender, where);
        assertThat(Duration.ofNanos(System.nanoTime() - begun))
                .isGreaterThan(QUICK.connections().redialFirst());
        assertThat(again.link).isNotEqualTo(offender.link);
    }

    @Test
    void whoeverGoesOnBreakingRulesIsLeftAloneForLonger() throws Exception {
        calm();
        dial(TestLink.EDGE, hello -> hello);
        RawPeer last = edge.next(ConnectionClass.CONTROL);
        long before = System.nanoTime();
        for (int i = 0; i < 4; i++) {
            last.send(RawPeer.frame(0x19, 5, new byte[7])).goodbye();
            last = edge.nextAfter(last, ConnectionClass.CONTROL);
        }
        // 100 + 200 + 400 + 500 ms at the settings of this test.
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThan(Duration.ofMillis(1_100));
        assertThat(test.serverEar.violations).hasSize(4);
    }

    @Test
    void halfAHeaderAndSilenceIsADeadPeer() throws Exception {
        dial(TestLink.EDGE, hello -> hello);
        RawPeer half = edge.next(ConnectionClass.CONTROL);
        half.send(new byte[] {0, 0, 1, RawPeer.REQUEST});
        assertThat(half.goodbye()).isEqualTo(ByeCode.UNKNOWN);
        await().atMost(SOON).until(() -> !dialer.lastLoss().isEmpty());
    }

    @Test
    void allThatAnEdgeMaySendAtOnceIsBounded() throws Exception {
        calm();
        dial(TestLink.EDGE, hello -> hello);
        long before = directBytes();
        List<RawPeer> connections = List.of(edge.next(ConnectionClass.DATA), edge.next(ConnectionClass.DATA));
        int streams = QUICK.flow().maxStreams();
        for (RawPeer data : connections) {
            for (int i = 0; i < streams; i++) {
                data.send(coded(RawPeer.OPEN, 2 * i + 1, Method.WRITE.number()));
                data.expect(RawPeer.CREDIT);
                // Nobody takes anything: all the credit that there is, in the worst order.
                java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
                for (int at = 0; at < 256 << 10; at += 4_096) {
                    all.writeBytes(data(2 * i + 1, 10L * at, 4_096));
                }
                data.send(all.toByteArray());
            }
            data.send(RawPeer.frame(RawPeer.PING, 0, new byte[8])).expect(RawPeer.PONG);
        }
        long most = 2L * streams * (256 << 10);
        assertThat(test.serverBudget.takenBytes()).isEqualTo(2L * streams * (192 << 10));
        assertThat(directBytes() - before).isLessThan(2 * most);
        assertThat(test.serverEar.violations).isEmpty();
        dialer.stop();
        await().atMost(SOON).until(() -> test.serverBudget.takenBytes() == 0);
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
        calm();
        dial(TestLink.EDGE, hello -> hello);
        RawPeer one = edge.next(ConnectionClass.DATA);
        one.send(coded(RawPeer.OPEN, 1, Method.WRITE.number()))
                .send(RawPeer.frame(RawPeer.END, 1, new byte[0]))
                .send(data(1, 0, 1));
        assertThat(one.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        RawPeer other = edge.nextAfter(one, ConnectionClass.DATA);
        other.send(coded(RawPeer.OPEN, 1, Method.WRITE.number())).send(RawPeer.frame(RawPeer.CREDIT, 1, new byte[12]));
        assertThat(other.goodbye()).isEqualTo(ByeCode.PROTOCOL);
    }

    @Test
    void aTcpConnectionMayOnlyGoOnWhereItWas() throws Exception {
        calm();
        dial(TestLink.EDGE, hello -> hello);
        RawPeer beyond = edge.next(ConnectionClass.DATA);
        beyond.send(coded(RawPeer.OPEN, 1, Method.TCP_ACCEPTED.number()));
        for (int i = 0; i < 5; i++) {
            beyond.send(data(1, i * 65_536L, 65_536));
        }
        assertThat(beyond.goodbye()).isEqualTo(ByeCode.FLOW_CONTROL);
        // A byte here and a byte there would each take a buffer of its own.
        RawPeer gaps = edge.nextAfter(beyond, ConnectionClass.DATA);
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
    void bytesThatDoNotFollowEachOtherAreBoundedByWhatTheyReallyHold() throws Exception {
        calm();
        dial(TestLink.EDGE, hello -> hello);
        RawPeer data = edge.next(ConnectionClass.DATA);
        long before = directBytes();
        data.send(coded(RawPeer.OPEN, 1, Method.WRITE.number()));
        data.expect(RawPeer.CREDIT);
        // One byte in each place: 256 KiB of credit would let as many buffers be taken.
        java.io.ByteArrayOutputStream scattered = new java.io.ByteArrayOutputStream();
        for (int i = 0; i < 64; i++) {
            scattered.writeBytes(data(1, i * 10_000L, 1));
        }
        data.send(scattered.toByteArray());
        await().atMost(SOON).until(() -> !hoarder.streams.isEmpty());
        data.send(RawPeer.frame(RawPeer.PING, 0, new byte[8])).expect(RawPeer.PONG);
        assertThat(directBytes() - before).isLessThan(4 << 20);
        data.send(data(1, 65 * 10_000L, 1)).send(data(1, 66 * 10_000L, 1));
        assertThat(data.goodbye()).isEqualTo(ByeCode.FLOW_CONTROL);
        await().atMost(SOON).until(() -> test.serverBudget.takenBytes() == 0);
    }

    private static long directBytes() {
        return io.netty.buffer.PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
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
        edge.freeze();
        long start = System.nanoTime();
        // As a stopped process: the sockets stay open, nothing is read and nothing answered.
        await().atMost(SOON).until(() -> !test.serverEar.lost.isEmpty());
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
        // The first connection falls silent, and the others are asked at once.
        assertThat(test.serverEar.lost.get(0)).containsAnyOf("nothing was heard", "it did not answer when");
    }
}
