package io.serai.edge.link;

import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.LinkTls;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Whole links on loopback: connections, requests, loss, replacement, drain. */
class LinkTest {
    private static final byte[] NOTHING = new byte[0];

    /** Answers every request with its own payload. */
    private static final class Echo extends TestLink.Refusing {
        @Override
        public void request(Link link, IncomingRequest request) {
            request.reply(Status.OK, request.payload());
        }
    }

    @Test
    void answersRequestsOfTheEdge() throws Exception {
        try (TestLink test = new TestLink(QUICK, new Echo(), new TestLink.Refusing())) {
            Link link = test.up();
            for (int i = 0; i < 100; i++) {
                Reply reply = link.call(i, Method.STAT, new byte[] {(byte) i}, SOON);
                assertThat(reply.status()).isEqualTo(Status.OK);
                assertThat(reply.payload()).containsExactly(i);
            }
            assertThat(link.peer().node()).isEqualTo("node-1");
            assertThat(test.dialer.link().orElseThrow().peer().node()).isEqualTo("edge-1");
        }
    }

    @Test
    void worksWithTheTlsOfTheJdkAndWithNio() throws Exception {
        try (TestLink test = new TestLink(
                QUICK, new Echo(), new TestLink.Refusing(), LinkTls.Engine.JDK, LinkTransport.Sockets.NIO)) {
            Reply reply = test.up().call(1, Method.STAT, new byte[200_000], SOON);
            assertThat(reply.payload()).hasSize(200_000);
        }
    }

    @Test
    void anUnknownMethodIsUnsupportedAndNoHarm() throws Exception {
        try (TestLink test = new TestLink(QUICK, new TestLink.Refusing(), new TestLink.Refusing())) {
            Link link = test.up();
            assertThat(link.call(0, Method.STAT, NOTHING, SOON).status()).isEqualTo(Status.UNSUPPORTED);
            // A server may not be asked to do more by its own means either: an edge serves nothing here.
            Link serverSide = test.dialer.link().orElseThrow();
            assertThat(serverSide.call(0, Method.STAT, NOTHING, SOON).status()).isEqualTo(Status.UNSUPPORTED);
            assertThat(link.figures()).hasSize(4);
        }
    }

    @Test
    void aLateReplyIsGivenUpAndCancelled() {
        CompletableFuture<IncomingRequest> seen = new CompletableFuture<>();
        TestLink.Refusing slow = new TestLink.Refusing() {
            @Override
            public void request(Link link, IncomingRequest request) {
                seen.complete(request);
            }
        };
        try (TestLink test = new TestLink(QUICK, slow, new TestLink.Refusing())) {
            Link link = test.up();
            CompletableFuture<Reply> late = link.request(0, Method.RENAME, NOTHING, Duration.ofMillis(100));
            await().atMost(SOON).until(late::isCompletedExceptionally);
            await().atMost(SOON).until(() -> seen.isDone() && seen.get().isCancelled());
            seen.join().reply(Status.OK, NOTHING);
            await().atMost(SOON).until(() -> link.load() == 0);
            assertThat(test.edgeEar.violations).isEmpty();
        }
    }

    @Test
    void whatMayBeRepeatedIsSentOnceMoreWhenItsConnectionIsLost() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        TestLink.Refusing fickle = new TestLink.Refusing() {
            @Override
            public void request(Link link, IncomingRequest request) {
                if (asked.incrementAndGet() == 2) {
                    request.reply(Status.OK, NOTHING);
                }
            }
        };
        try (TestLink test = new TestLink(QUICK, fickle, new TestLink.Refusing())) {
            Link link = test.up();
            CompletableFuture<Reply> reply = link.request(0, Method.STAT, NOTHING, SOON);
            await().atMost(SOON).until(() -> asked.get() == 1);
            Breaking.connectionWithRequests(link);
            assertThat(reply.get().status()).isEqualTo(Status.OK);
            CompletableFuture<Reply> login = link.request(0, Method.AUTH_PASSWORD, NOTHING, SOON);
            await().atMost(SOON).until(() -> asked.get() == 3);
            Breaking.connectionWithRequests(link);
            await().atMost(SOON).until(login::isDone);
            assertThat(login).isCompletedExceptionally();
            assertThat(asked).hasValue(3);
        }
    }

    @Test
    void lostConnectionsAreDialledAgainAndTheLinkStays() {
        try (TestLink test = new TestLink(QUICK, new Echo(), new TestLink.Refusing())) {
            Link link = test.up();
            for (int i = 0; i < 5; i++) {
                Breaking.first(link);
                await().atMost(SOON).until(() -> link.figures().size() == 4);
            }
            assertThat(test.edge()).containsSame(link);
            assertThat(test.edgeEar.lost).isEmpty();
            assertThat(test.serverEar.up).hasSize(1);
        }
    }

    @Test
    void aLinkWhoseConnectionsAreAllLostIsAnotherOneAfterwards() {
        try (TestLink test = new TestLink(QUICK, new Echo(), new TestLink.Refusing())) {
            Link link = test.up();
            Breaking.all(link);
            await().atMost(SOON)
                    .until(() -> test.edge().isPresent()
                            && test.edge().get().figures().size() == 4);
            assertThat(test.edge().orElseThrow().peer().link())
                    .isNotEqualTo(link.peer().link());
            assertThat(link.isUsable()).isFalse();
            assertThat(test.edgeEar.lost).hasSize(1);
            await().atMost(SOON).until(() -> test.serverEar.lost.size() == 1);
        }
    }

    @Test
    void aWornConnectionIsReplacedTheNewOneFirst() throws Exception {
        LinkSettings.Connections c = QUICK.connections();
        LinkSettings shortLived = QUICK.with(new LinkSettings.Connections(
                c.control(),
                c.data(),
                c.handshakes(),
                c.handshakeWithin(),
                c.redialFirst(),
                c.redialMost(),
                Duration.ofMillis(300),
                c.maxBytes()));
        try (TestLink test = new TestLink(shortLived, new Echo(), new TestLink.Refusing())) {
            Link link = test.up();
            List<Object> failures = new CopyOnWriteArrayList<>();
            long until = System.nanoTime() + Duration.ofSeconds(3).toNanos();
            int calls = 0;
            while (System.nanoTime() < until || calls <= 100) {
                // A method that is never repeated: nothing may be lost in a replacement.
                assertThat(link.call(calls++, Method.SESSION_OPEN, NOTHING, SOON)
                                .status())
                        .isEqualTo(Status.OK);
                assertThat(link.isUsable()).isTrue();
            }
            assertThat(failures).isEmpty();
            assertThat(calls).isGreaterThan(100);
            assertThat(test.edgeEar.lost).isEmpty();
            assertThat(test.edge()).containsSame(link);
        }
    }

    @Test
    void aDrainingServerGetsNoNewSessionsAndGoesWithAWord() throws Exception {
        try (TestLink test = new TestLink(QUICK, new Echo(), new TestLink.Refusing())) {
            Link link = test.up();
            assertThat(test.acceptor.pick(java.util.Set.of())).containsSame(link);
            test.dialer.tell(TestLink.draining());
            await().atMost(SOON).until(() -> !link.takesSessions());
            assertThat(test.acceptor.pick(java.util.Set.of())).isEmpty();
            assertThat(link.call(0, Method.STAT, NOTHING, SOON).status()).isEqualTo(Status.OK);
            Breaking.first(link);
            await().atMost(SOON).until(() -> link.figures().size() == 4);
            assertThat(link.takesSessions()).isFalse();
            test.dialer.stop();
            await().atMost(SOON).until(() -> !test.edgeEar.lost.isEmpty());
            assertThat(test.edgeEar.lost).allMatch(why -> why.contains(ByeCode.SHUTDOWN.name()));
        }
    }

    @Test
    void aDrainingEdgeIsKnownToTheServer() {
        try (TestLink test = new TestLink(QUICK, new Echo(), new TestLink.Refusing())) {
            test.up();
            test.acceptor.tell(TestLink.draining());
            Link serverSide = test.dialer.link().orElseThrow();
            await().atMost(SOON).until(() -> !serverSide.takesSessions());
        }
    }

    @Test
    void eventsGoToTheEdgeOnly() {
        List<Integer> kinds = new CopyOnWriteArrayList<>();
        TestLink.Refusing hearing = new TestLink.Refusing() {
            @Override
            public void event(Link link, int kind, byte[] payload) {
                kinds.add(kind);
            }
        };
        try (TestLink test = new TestLink(QUICK, new Echo(), hearing)) {
            Link link = test.up();
            test.dialer.link().orElseThrow().event(7, NOTHING);
            await().atMost(SOON).until(() -> kinds.contains(7));
            Breaking.sendEvent(link);
            await().atMost(SOON)
                    .until(() -> test.serverEar.violations.stream().anyMatch(v -> v.contains("EVENT from an edge")));
        }
    }

    @Test
    void aServerOfTheNextMinorVersionSpeaksTheOlderOne() throws Exception {
        try (TestLink test = new TestLink(QUICK, new Echo(), new TestLink.Refusing())) {
            LinkTls tls = LinkTls.of(LinkRole.SERVER, TestLink.SERVER, TestLink.trust("edge-1", TestLink.EDGE.pin()));
            LinkNode newer = TestLink.node("node-1", "test", LinkNode.MINOR_MAX + 1);
            test.dialer = test.dialer(tls, newer, test.address);
            Link link = test.up();
            assertThat(link.peer().minor()).isEqualTo(LinkNode.MINOR_MAX);
            assertThat(test.dialer.link().orElseThrow().peer().minor()).isEqualTo(LinkNode.MINOR_MAX);
            assertThat(link.call(0, Method.STAT, NOTHING, SOON).status()).isEqualTo(Status.OK);
        }
    }

    @Test
    void anEdgeOfTheMinorVersionBeforeOrAfterIsSpokenWithInTheOlderOne() throws Exception {
        // As if each side were of the release before the other: both speak the older one's version.
        for (int[] skew : new int[][] {{3, 4}, {4, 3}}) {
            try (TestLink test = new TestLink(QUICK, new Echo(), new TestLink.Refusing())) {
                LinkAcceptor edge = test.acceptor(new LinkNode(
                        "edge-1",
                        "test",
                        UUID.randomUUID(),
                        "x",
                        List.of("old", "edge-only"),
                        "",
                        skew[1] - 1,
                        skew[1]));
                InetSocketAddress at = edge.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                LinkTls tls =
                        LinkTls.of(LinkRole.SERVER, TestLink.SERVER, TestLink.trust("edge-1", TestLink.EDGE.pin()));
                LinkNode server = new LinkNode(
                        "node-1", "test", UUID.randomUUID(), "x", List.of("old", "new"), "", skew[0] - 1, skew[0]);
                LinkDialer dialer = test.dialer(tls, server, at);
                dialer.start();
                await().atMost(SOON)
                        .until(() -> dialer.link().isPresent() && !edge.links().isEmpty());
                LinkPeer ofServer = dialer.link().orElseThrow().peer();
                LinkPeer ofEdge = edge.links().get(0).peer();
                assertThat(ofServer.minor()).isEqualTo(3).isEqualTo(ofEdge.minor());
                // What only one side can is not used by either.
                assertThat(ofServer.capabilities()).containsExactly("old").isEqualTo(ofEdge.capabilities());
                assertThat(edge.links()
                                .get(0)
                                .call(0, Method.STAT, NOTHING, SOON)
                                .status())
                        .isEqualTo(Status.OK);
                dialer.stop();
                edge.stop();
            }
        }
    }

    @Test
    void versionsWithNothingInCommonAreRefusedByName() {
        try (TestLink test = new TestLink(QUICK, new Echo(), new TestLink.Refusing())) {
            LinkAcceptor edge =
                    test.acceptor(new LinkNode("edge-1", "test", UUID.randomUUID(), "x", List.of(), "", 5, 6));
            InetSocketAddress at = edge.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            LinkTls tls = LinkTls.of(LinkRole.SERVER, TestLink.SERVER, TestLink.trust("edge-1", TestLink.EDGE.pin()));
            LinkDialer dialer =
                    test.dialer(tls, new LinkNode("node-1", "test", UUID.randomUUID(), "x", List.of(), "", 3, 4), at);
            dialer.start();
            await().atMost(SOON).until(() -> dialer.lastFailure().contains("versions 3 to 4 here are 5 to 6"));
            assertThat(dialer.link()).isEmpty();
            dialer.stop();
            edge.stop();
        }
    }

    @Test
    void aServerThatBeginsANewLinkEndsItsFormerOne() {
        try (TestLink test = new TestLink(QUICK, new Echo(), new TestLink.Refusing())) {
            Link former = test.up();
            LinkTls tls = LinkTls.of(LinkRole.SERVER, TestLink.SERVER, TestLink.trust("edge-1", TestLink.EDGE.pin()));
            // The same server, started anew, while the edge still believes in the former process.
            LinkDialer again = test.dialer(tls, TestLink.node("node-1"), test.address);
            test.dialer.stop();
            again.start();
            await().atMost(SOON)
                    .until(() -> test.edge().isPresent() && test.edge().get() != former);
            await().atMost(SOON).until(() -> test.acceptor.links().size() == 1 && !former.isUsable());
            again.stop();
        }
    }
}
