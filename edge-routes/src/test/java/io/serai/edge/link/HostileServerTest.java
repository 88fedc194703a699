package io.serai.edge.link;

import static io.serai.edge.link.RawPeer.coded;
import static io.serai.edge.link.RawPeer.frame;
import static io.serai.edge.link.RawPeer.hello;
import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.message.Method;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An edge whose peers do what they must not: as seen on the wire. */
class HostileServerTest {
    private final UUID link = UUID.randomUUID();
    private TestLink test;

    @BeforeEach
    void start() {
        test = new TestLink(QUICK, new TestLink.Refusing(), new TestLink.Refusing());
    }

    @AfterEach
    void stop() {
        test.close();
    }

    private RawPeer connect() throws Exception {
        return RawPeer.dial(test.address, RawPeer.tls(TestLink.SERVER));
    }

    private RawPeer greet(ConnectionClass connectionClass) throws Exception {
        return greet(connectionClass, link);
    }

    private RawPeer greet(ConnectionClass connectionClass, UUID link) throws Exception {
        RawPeer peer = connect();
        peer.send(frame(RawPeer.HELLO, 0, hello("node-1", link, connectionClass).encode()));
        Hello answer = Hello.decode(peer.expect(RawPeer.HELLO).payload());
        assertThat(answer.node()).isEqualTo("edge-1");
        assertThat(answer.link()).isEqualTo(link);
        return peer;
    }

    private void violation(String what) {
        await().atMost(SOON).until(() -> test.edgeEar.violations.stream().anyMatch(v -> v.contains(what)));
    }

    private void refused(LinkIdentity... identity) throws Exception {
        // In TLS 1.3 the client is done before its certificate is looked at, so the refusal comes with the first read.
        assertThatThrownBy(() -> {
                    try (RawPeer peer = RawPeer.dial(test.address, RawPeer.tls(identity))) {
                        peer.send(frame(
                                RawPeer.HELLO,
                                0,
                                hello("node-1", link, ConnectionClass.CONTROL).encode()));
                        peer.read();
                    }
                })
                .isInstanceOf(IOException.class);
        assertThat(test.acceptor.links()).isEmpty();
    }

    @Test
    void noByteGoesToAPeerWithoutTheRightCertificate() throws Exception {
        refused();
        refused(LinkIdentity.make(LinkRole.SERVER, "node-1", InstantSource.system()));
        refused(LinkIdentity.make(LinkRole.EDGE, "node-1", InstantSource.system()));
        // Even a pinned key does not serve with a certificate for the other role.
        refused(TestLink.EDGE);
    }

    @Test
    void aHelloThatDoesNotFitIsRefusedWithItsReason() throws Exception {
        assertThat(answerTo(h -> hello("node-2", link, h.connectionClass()))).isEqualTo(ByeCode.IDENTITY);
        assertThat(answerTo(h -> with(h, "other", 0, 0, h.clockMs()))).isEqualTo(ByeCode.IDENTITY);
        assertThat(answerTo(h -> with(h, "test", 1, 3, h.clockMs()))).isEqualTo(ByeCode.VERSION);
        assertThat(answerTo(h -> with(h, "test", 0, 0, h.clockMs() - 400_000))).isEqualTo(ByeCode.CLOCK);
        assertThat(answerTo(h -> with(h, "test", 0, 7, h.clockMs() + 100_000))).isEqualTo(ByeCode.UNKNOWN);
    }

    private static Hello with(Hello h, String cluster, int minorMin, int minorMax, long clockMs) {
        return new Hello(
                minorMin,
                minorMax,
                h.node(),
                cluster,
                h.boot(),
                h.link(),
                h.connectionClass(),
                h.index(),
                h.software(),
                h.capabilities(),
                h.earlyWindow(),
                h.maxStreams(),
                h.maxInFlight(),
                clockMs,
                h.zone());
    }

    /** The code of the BYE; UNKNOWN if the HELLO was answered. */
    private ByeCode answerTo(UnaryOperator<Hello> change) throws Exception {
        try (RawPeer peer = connect()) {
            Hello usual = hello("node-1", link, ConnectionClass.CONTROL);
            peer.send(frame(RawPeer.HELLO, 0, change.apply(usual).encode()));
            RawPeer.Frame first = peer.read();
            return first.type() == RawPeer.HELLO
                    ? ByeCode.UNKNOWN
                    : io.serai.edge.message.LinkMessages.Bye.decode(first.payload())
                            .code();
        }
    }

    @Test
    void theFirstFrameMustBeHello() throws Exception {
        try (RawPeer peer = connect()) {
            peer.send(frame(RawPeer.PING, 0, new byte[8]));
            assertThat(peer.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        }
        violation("the first frame is not HELLO");
    }

    @Test
    void aSecondHelloEndsTheConnection() throws Exception {
        try (RawPeer peer = greet(ConnectionClass.CONTROL)) {
            peer.send(frame(
                    RawPeer.HELLO,
                    0,
                    hello("node-1", link, ConnectionClass.CONTROL).encode()));
            assertThat(peer.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        }
        violation("node-1: a second HELLO");
    }

    @Test
    void unknownTypesEndItUnlessTheyMayBeIgnored() throws Exception {
        try (RawPeer peer = greet(ConnectionClass.CONTROL)) {
            peer.send(frame(0x99, 5, new byte[70_000]));
            peer.send(frame(RawPeer.PING, 0, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}));
            assertThat(peer.expect(RawPeer.PONG).payload()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
            peer.send(frame(0x19, 5, new byte[7]));
            assertThat(peer.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        }
        violation("unknown type 25");
    }

    @Test
    void aLengthOf16MebibytesIsRefusedBeforeItIsRead() throws Exception {
        for (int type : new int[] {RawPeer.REQUEST, RawPeer.DATA, 0x99}) {
            try (RawPeer peer = greet(ConnectionClass.DATA, UUID.randomUUID())) {
                peer.send(new byte[] {-1, -1, -1, (byte) type, 0, 0, 0, 2});
                assertThat(peer.goodbye()).isEqualTo(ByeCode.PROTOCOL);
            }
        }
        violation("16777215 bytes");
    }

    @Test
    void anIdIsNeverUsedTwice() throws Exception {
        try (RawPeer peer = greet(ConnectionClass.CONTROL, UUID.randomUUID())) {
            peer.send(coded(RawPeer.REQUEST, 2, 1));
            peer.expect(0x11);
            peer.send(coded(RawPeer.REQUEST, 4, 1)).send(coded(RawPeer.REQUEST, 2, 1));
            assertThat(peer.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        }
        violation("the id 2 after 4");
        try (RawPeer peer = greet(ConnectionClass.CONTROL, UUID.randomUUID())) {
            peer.send(coded(RawPeer.REQUEST, 3, 1));
            assertThat(peer.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        }
    }

    @Test
    void framesOfStreamsThatNeverWereEndIt() throws Exception {
        try (RawPeer peer = greet(ConnectionClass.DATA)) {
            peer.send(coded(RawPeer.RESET, 8, 1));
            assertThat(peer.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        }
        violation("the stream 8, which was never opened");
    }

    @Test
    void halfAHeaderAndSilenceIsADeadPeer() throws Exception {
        try (RawPeer peer = greet(ConnectionClass.CONTROL)) {
            long start = System.nanoTime();
            peer.send(new byte[] {0, 0, 1, RawPeer.REQUEST});
            assertThat(peer.goodbye()).isEqualTo(ByeCode.UNKNOWN);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            assertThat(took).isBetween(Duration.ofMillis(900), Duration.ofSeconds(5));
        }
        await().atMost(SOON).until(() -> test.edgeEar.lost.stream().anyMatch(why -> why.contains("nothing was heard")));
    }

    @Test
    void aPeerThatNeverGreetsIsCutOff() throws Exception {
        LinkSettings.Connections c = QUICK.connections();
        LinkSettings impatient = QUICK.with(new LinkSettings.Connections(
                c.control(),
                c.data(),
                c.handshakes(),
                Duration.ofMillis(500),
                c.redialFirst(),
                c.redialMost(),
                c.maxAge(),
                c.maxBytes()));
        try (TestLink other = new TestLink(impatient, new TestLink.Refusing(), new TestLink.Refusing());
                RawPeer peer = RawPeer.dial(other.address, RawPeer.tls(TestLink.SERVER))) {
            assertThat(peer.goodbye()).isEqualTo(ByeCode.UNKNOWN);
        }
    }

    @Test
    void aResultOfOkWithoutAnEndIsAViolation() throws Exception {
        try (RawPeer control = greet(ConnectionClass.CONTROL);
                RawPeer data = greet(ConnectionClass.DATA)) {
            await().atMost(SOON).until(() -> test.edge().isPresent());
            LinkStream upload = test.edge().orElseThrow().open(StreamKind.WRITE, Method.WRITE, new byte[0]);
            RawPeer.Frame open = data.expect(RawPeer.OPEN);
            data.send(coded(RawPeer.RESULT, open.id(), 0));
            assertThat(data.goodbye()).isEqualTo(ByeCode.PROTOCOL);
            assertThat(upload.awaitEnd(SOON).orElseThrow().isSuccess()).isFalse();
        }
        violation("a RESULT of OK without an END");
    }

    @Test
    void aTcpConnectionIsNotClosedInOrderBeforeBothDirectionsHaveEnded() throws Exception {
        try (RawPeer control = greet(ConnectionClass.CONTROL);
                RawPeer data = greet(ConnectionClass.DATA)) {
            await().atMost(SOON).until(() -> test.edge().isPresent());
            LinkStream tcp = test.edge().orElseThrow().open(StreamKind.BOTH, Method.TCP_ACCEPTED, new byte[0]);
            RawPeer.Frame open = data.expect(RawPeer.OPEN);
            data.send(frame(RawPeer.OPENED, open.id(), new byte[0]))
                    .send(frame(RawPeer.END, open.id(), new byte[8]))
                    .send(coded(RawPeer.RESULT, open.id(), 0));
            assertThat(data.goodbye()).isEqualTo(ByeCode.PROTOCOL);
            assertThat(tcp.awaitEnd(SOON).orElseThrow().isSuccess()).isFalse();
        }
        violation("a RESULT of OK without an END");
        await().atMost(SOON).until(() -> test.edgeBudget.takenBytes() == 0);
    }

    @Test
    void dataBeyondTheCreditEndsADownloadAndTheConnection() throws Exception {
        try (RawPeer control = greet(ConnectionClass.CONTROL);
                RawPeer data = greet(ConnectionClass.DATA)) {
            await().atMost(SOON).until(() -> test.edge().isPresent());
            LinkStream download = test.edge().orElseThrow().open(StreamKind.READ, Method.READ, new byte[0]);
            RawPeer.Frame open = data.expect(RawPeer.OPEN);
            data.send(frame(RawPeer.OPENED, open.id(), new byte[0]));
            for (int i = 0; i < 5; i++) {
                data.send(RawPeer.data(open.id(), i * 65_536L, 65_536));
            }
            assertThat(data.goodbye()).isEqualTo(ByeCode.FLOW_CONTROL);
            assertThat(download.awaitEnd(SOON).orElseThrow().cause()).isEqualTo(StreamEnd.Cause.LOST);
        }
        violation("DATA beyond the credit of 262144");
        await().atMost(SOON).until(() -> test.edgeBudget.takenBytes() == 0);
    }

    @Test
    void requestsOnADataConnectionAreNotTaken() throws Exception {
        try (RawPeer peer = greet(ConnectionClass.DATA)) {
            peer.send(coded(RawPeer.REQUEST, 2, 1));
            assertThat(peer.goodbye()).isEqualTo(ByeCode.PROTOCOL);
        }
        assertThat(List.copyOf(test.edgeEar.violations)).hasSize(1);
    }
}
