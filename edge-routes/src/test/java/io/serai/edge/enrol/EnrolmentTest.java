package io.serai.edge.enrol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.enrol.Enroller.Outcome;
import io.serai.edge.enrol.EnrolmentTalk.Kind;
import io.serai.edge.message.EdgeMessages.Grant;
import io.serai.edge.message.EdgeMessages.ServerPin;
import io.serai.edge.message.EdgeMessages.Servers;
import io.serai.edge.tls.FirstContact;
import io.serai.edge.tls.LinkIdentity;
import io.serai.edge.tls.LinkRole;
import io.serai.edge.tls.Pin;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EnrolmentTest {
    private static final LinkIdentity SERVER = LinkIdentity.make(LinkRole.SERVER, "node-1", InstantSource.system());
    private static final LinkIdentity EDGE = LinkIdentity.make(LinkRole.EDGE, "serai-edge", InstantSource.system());
    private static final LinkIdentity THIEF_SERVER = LinkIdentity.make(LinkRole.SERVER, "x", InstantSource.system());
    private static final LinkIdentity THIEF_EDGE = LinkIdentity.make(LinkRole.EDGE, "x", InstantSource.system());
    private static final Enrollee.Limits QUICK = new Enrollee.Limits(Duration.ofSeconds(20), 3, Duration.ofMillis(50));
    private static final Grant GRANT = new Grant(
            "7b0e8f6a-1111-2222-3333-444455556666",
            "edge1",
            new Servers(
                    7, List.of(new ServerPin("node-1", SERVER.pin().hex()), new ServerPin("node-2", "c".repeat(64)))));

    private final EnrolmentCode code = EnrolmentCode.random();
    private final List<Grant> kept = new CopyOnWriteArrayList<>();
    private final AtomicReference<Pin> recorded = new AtomicReference<>();
    private Enrollee edge;

    private Enrollee listen(Enrollee.Limits limits) {
        edge = new Enrollee(EDGE, code, loopback(0), limits, kept::add);
        return edge;
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @AfterEach
    void stop() {
        if (edge != null) {
            edge.close();
        }
    }

    private CompletableFuture<Grant> waiting() {
        Enrollee waits = edge;
        return CompletableFuture.supplyAsync(() -> {
            try {
                return waits.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    void bothSidesLearnEachOthersKeyByTheCode() throws Exception {
        listen(QUICK);
        CompletableFuture<Grant> waiting = waiting();
        Enroller.Try met = new Enroller(SERVER, code).meet(edge.address(), GRANT, recorded::set);

        assertThat(met.outcome()).isEqualTo(Outcome.ENROLLED);
        assertThat(recorded.get()).isEqualTo(EDGE.pin());
        assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(GRANT);
        assertThat(kept).containsExactly(GRANT);
    }

    @Test
    void theCodeServesOnce() throws Exception {
        listen(QUICK);
        CompletableFuture<Grant> waiting = waiting();
        assertThat(new Enroller(SERVER, code)
                        .meet(edge.address(), GRANT, recorded::set)
                        .outcome())
                .isEqualTo(Outcome.ENROLLED);
        var unused = waiting.get(10, TimeUnit.SECONDS);

        List<Pin> second = new CopyOnWriteArrayList<>();
        Enroller.Try again = new Enroller(THIEF_SERVER, code).meet(edge.address(), GRANT, second::add);
        assertThat(again.outcome()).isEqualTo(Outcome.UNREACHABLE);
        assertThat(second).isEmpty();
        assertThat(kept).containsExactly(GRANT);
    }

    @Test
    void whoDoesNotKnowTheCodeGetsNothingAndUsesItUp() {
        listen(QUICK);
        CompletableFuture<Grant> waiting = waiting();
        for (int i = 0; i < QUICK.wrongMost(); i++) {
            Enroller.Try wrong =
                    new Enroller(SERVER, EnrolmentCode.random()).meet(edge.address(), GRANT, recorded::set);
            assertThat(wrong.outcome()).isEqualTo(Outcome.REFUSED);
        }
        assertThat(recorded.get()).isNull();
        assertThat(kept).isEmpty();
        assertThatThrownBy(() -> waiting.get(10, TimeUnit.SECONDS))
                .rootCause()
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
                .hasMessageContaining("used up");
        assertThat(new Enroller(SERVER, code)
                        .meet(edge.address(), GRANT, recorded::set)
                        .outcome())
                .isEqualTo(Outcome.UNREACHABLE);
    }

    @Test
    void wrongProofsAreSlowedDown() {
        Enrollee.Limits slow = new Enrollee.Limits(Duration.ofSeconds(30), 20, Duration.ofMillis(400));
        listen(slow);
        long began = System.nanoTime();
        List<CompletableFuture<Enroller.Try>> tries = new java.util.ArrayList<>();
        for (int i = 0; i < 4; i++) {
            tries.add(CompletableFuture.supplyAsync(
                    () -> new Enroller(SERVER, EnrolmentCode.random()).meet(edge.address(), GRANT, recorded::set)));
        }
        tries.forEach(CompletableFuture::join);
        // The answer comes before the pause, so three pauses lie between four answers.
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Duration.ofMillis(1_150));
        assertThat(recorded.get()).isNull();
    }

    @Test
    void theCodeExpires() {
        listen(new Enrollee.Limits(Duration.ofMillis(200), 3, Duration.ofMillis(50)));
        assertThatThrownBy(() -> edge.await())
                .isInstanceOf(SeraiException.class)
                .hasMessageContaining("No server came");
        assertThat(new Enroller(SERVER, code)
                        .meet(edge.address(), GRANT, recorded::set)
                        .outcome())
                .isEqualTo(Outcome.UNREACHABLE);
    }

    /** Ends TLS on both sides with keys of its own and passes on every byte in between. */
    private static final class Between implements AutoCloseable {
        private final ServerSocket listening;

        Between(InetSocketAddress edge) throws IOException {
            listening = new ServerSocket();
            listening.bind(loopback(0));
            Thread thread = new Thread(() -> serve(edge));
            thread.setDaemon(true);
            thread.start();
        }

        private void serve(InetSocketAddress edge) {
            try (Socket plain = listening.accept();
                    Socket on = new Socket(edge.getAddress(), edge.getPort())) {
                SSLSocket toServer = (SSLSocket) FirstContact.context(LinkRole.EDGE, THIEF_EDGE)
                        .getSocketFactory()
                        .createSocket(plain, null, true);
                var shown = FirstContact.shake(toServer, LinkRole.EDGE);
                SSLSocket toEdge = (SSLSocket) FirstContact.context(LinkRole.SERVER, THIEF_SERVER)
                        .getSocketFactory()
                        .createSocket(on, "localhost", edge.getPort(), true);
                var shownToo = FirstContact.shake(toEdge, LinkRole.SERVER);
                Thread back = new Thread(() -> pass(toEdge, toServer));
                back.setDaemon(true);
                back.start();
                pass(toServer, toEdge);
                back.join(2_000);
            } catch (IOException | InterruptedException e) {
                // The test sees what came of it.
            }
        }

        private static void pass(SSLSocket from, SSLSocket to) {
            try {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException e) {
                // One side has closed.
            }
        }

        InetSocketAddress address() {
            return (InetSocketAddress) listening.getLocalSocketAddress();
        }

        @Override
        public void close() throws IOException {
            listening.close();
        }
    }

    @Test
    void nobodyInBetweenCanPassTheProofsOn() throws Exception {
        listen(QUICK);
        try (Between between = new Between(edge.address())) {
            Enroller.Try met = new Enroller(SERVER, code).meet(between.address(), GRANT, recorded::set);
            assertThat(met.outcome()).isIn(Outcome.REFUSED, Outcome.UNREACHABLE);
        }
        assertThat(recorded.get()).isNull();
        assertThat(kept).isEmpty();
    }

    @Test
    void anImpostorOfTheEdgeGetsNoPinRecorded() throws Exception {
        EnrolmentCode guessed = EnrolmentCode.random();
        try (Enrollee impostor = new Enrollee(THIEF_EDGE, guessed, loopback(0), QUICK, kept::add)) {
            Enroller.Try met = new Enroller(SERVER, code).meet(impostor.address(), GRANT, recorded::set);
            assertThat(met.outcome()).isEqualTo(Outcome.REFUSED);
        }
        assertThat(recorded.get()).isNull();
        assertThat(kept).isEmpty();
    }

    @Test
    void aRecordedProofIsOfNoUseLater() throws Exception {
        listen(QUICK);
        byte[] proof = new EnrolmentTalk.Seen(
                        EnrolmentTalk.nonce(), EnrolmentTalk.nonce(), SERVER.pin(), EDGE.pin(), GRANT.encode())
                .proof(code, EnrolmentTalk.Side.SERVER);
        try (EnrolmentTalk talk = dial(SERVER)) {
            talk.send(Kind.HELLO, EnrolmentTalk.nonce());
            var nonce = talk.receive(Kind.HELLO, EnrolmentTalk.NONCE_BYTES);
            talk.send(Kind.PROOF, EnrolmentTalk.joined(proof, GRANT.encode()));
            assertThatThrownBy(() -> talk.receive(Kind.ANSWER)).isInstanceOf(EnrolmentTalk.Refused.class);
        }
        assertThat(kept).isEmpty();
    }

    @Test
    void aServerCannotAnswerWithItsOwnProofReflected() throws Exception {
        listen(QUICK);
        try (EnrolmentTalk talk = dial(SERVER)) {
            byte[] nonce = EnrolmentTalk.nonce();
            talk.send(Kind.HELLO, nonce);
            byte[] edgeNonce = talk.receive(Kind.HELLO, EnrolmentTalk.NONCE_BYTES);
            byte[] asEdge = new EnrolmentTalk.Seen(nonce, edgeNonce, SERVER.pin(), EDGE.pin(), GRANT.encode())
                    .proof(code, EnrolmentTalk.Side.EDGE);
            talk.send(Kind.PROOF, EnrolmentTalk.joined(asEdge, GRANT.encode()));
            assertThatThrownBy(() -> talk.receive(Kind.ANSWER)).isInstanceOf(EnrolmentTalk.Refused.class);
        }
        assertThat(kept).isEmpty();
    }

    @Test
    void aLostConfirmationIsMadeUpForByTheSameKeys() throws Exception {
        listen(QUICK);
        CompletableFuture<Grant> waiting = waiting();
        Enroller enroller = new Enroller(SERVER, code);
        assertThatThrownBy(() -> enroller.meet(edge.address(), GRANT, pin -> {
                    throw new SeraiException(ErrorCode.DATABASE_DOWN, "the pin could not be recorded");
                }))
                .hasMessageContaining("could not be recorded");
        assertThat(waiting.isDone()).isFalse();

        assertThat(enroller.meet(edge.address(), GRANT, recorded::set).outcome())
                .isEqualTo(Outcome.ENROLLED);
        assertThat(recorded.get()).isEqualTo(EDGE.pin());
        assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(GRANT);
        assertThat(kept).containsExactly(GRANT, GRANT);
    }

    @Test
    void anEdgeSKeyDoesNotServeAsAServerS() {
        listen(QUICK);
        Enroller.Try met = new Enroller(THIEF_EDGE, code).meet(edge.address(), GRANT, recorded::set);
        assertThat(met.outcome()).isEqualTo(Outcome.UNREACHABLE);
        assertThat(kept).isEmpty();
        assertThat(recorded.get()).isNull();
    }

    @Test
    void aGrantWithoutItsGiverIsRefused() {
        listen(QUICK);
        Grant foreign = new Grant(
                GRANT.cluster(), GRANT.edge(), new Servers(1, List.of(new ServerPin("node-2", "c".repeat(64)))));
        Enroller.Try met = new Enroller(SERVER, code).meet(edge.address(), foreign, recorded::set);
        assertThat(met.outcome()).isEqualTo(Outcome.UNREACHABLE);
        assertThat(kept).isEmpty();
    }

    @Test
    void anEdgeOutlivesMessagesThatCannotBe() throws Exception {
        listen(QUICK);
        CompletableFuture<Grant> waiting = waiting();
        byte[][] wrong = {new byte[0], new byte[31], new byte[64 << 10]};
        for (byte[] hello : wrong) {
            try (EnrolmentTalk talk = dial(SERVER)) {
                talk.send(Kind.HELLO, hello);
                assertThatThrownBy(() -> talk.receive(Kind.HELLO)).isInstanceOf(IOException.class);
            }
        }
        try (Socket plain =
                new Socket(edge.address().getAddress(), edge.address().getPort())) {
            plain.getOutputStream()
                    .write("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }
        assertThat(new Enroller(SERVER, code)
                        .meet(edge.address(), GRANT, recorded::set)
                        .outcome())
                .isEqualTo(Outcome.ENROLLED);
        assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(GRANT);
    }

    private EnrolmentTalk dial(LinkIdentity as) throws IOException {
        Socket plain = new Socket(edge.address().getAddress(), edge.address().getPort());
        SSLSocket socket = (SSLSocket) FirstContact.context(LinkRole.SERVER, as)
                .getSocketFactory()
                .createSocket(plain, "localhost", edge.address().getPort(), true);
        var edgePin = FirstContact.shake(socket, LinkRole.SERVER);
        return new EnrolmentTalk(socket, Duration.ofSeconds(10));
    }
}
