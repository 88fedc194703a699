package io.serai.edge.relay;

import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.Reply;
import io.serai.edge.link.StreamKind;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.OperationCodec.UploadQuery;
import io.serai.edge.message.Status;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.ListFolder;
import io.serai.endpoint.PartnerOperation.MakeFolder;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.RemoveFile;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** How much work and memory of a server an edge gets. */
class OwnedEdgeWorkTest extends EdgeInWrongHands {
    @Test
    void anEdgeThatAsksWithoutEndLeavesWorkersForTheOthers() throws Exception {
        desk.greetingsMay = new CountDownLatch(1);
        List<CompletableFuture<Reply>> asked = new ArrayList<>();
        for (int i = 0; i < BEFORE_LOGIN; i++) {
            OpenSession open = opening(SessionId.random(), "p", "x");
            asked.add(link.request(0, Method.SESSION_OPEN, OperationCodec.encode(Call.of(open, 0)), SOON));
        }
        // All that is too much is answered at once, though nothing of the rest is.
        int refused = BEFORE_LOGIN - RUNNING - WAITING;
        await().atMost(SOON)
                .until(() -> asked.stream().filter(CompletableFuture::isDone).count() == refused);
        assertThat(asked.stream().filter(CompletableFuture::isDone).map(CompletableFuture::join))
                .allMatch(reply -> reply.status() == Status.BUSY);
        assertThat(alarms.of("work of edge-1")).isEqualTo(refused);
        // Some of the workers are held by it; another edge is answered.
        Link other = honest.up();
        Reply close = ask(other, new CloseSession(SessionId.random(), "x"));
        assertThat(close.status()).isEqualTo(Status.NO_SESSION);
        desk.greetingsMay.countDown();
        await().atMost(SOON).until(() -> asked.stream().allMatch(CompletableFuture::isDone));
        assertThat(asked.stream().map(CompletableFuture::join).filter(reply -> reply.status() == Status.OK))
                .hasSize(RUNNING + WAITING);
    }

    @Test
    void littleIsHeldOfRequestsThatWait() throws Exception {
        SessionId session = open(link);
        desk.greetingsMay = new CountDownLatch(1);
        List<CompletableFuture<Reply>> asked = new ArrayList<>();
        for (int i = 0; i < RUNNING; i++) {
            OpenSession open = opening(SessionId.random(), "p", "x");
            asked.add(link.request(0, Method.SESSION_OPEN, OperationCodec.encode(Call.of(open, 0)), SOON));
        }
        await().atMost(SOON).until(() -> desk.origins.size() == RUNNING + 1 && held() == 0);
        byte[] stat = withPath(session, "/a");
        assertThat(link.call(0, Method.STAT, padded(stat, 32 << 10), SOON).status())
                .as("longer than any of its kind")
                .isEqualTo(Status.PROTOCOL);
        assertThat(held()).isZero();
        byte[] longest = padded(stat, 30 << 10);
        for (int i = 0; i < WAITING; i++) {
            asked.add(link.request(0, Method.STAT, longest, SOON));
        }
        await().atMost(SOON).until(() -> held() == (long) WAITING * longest.length);
        desk.greetingsMay.countDown();
        await().atMost(SOON).until(() -> asked.stream().allMatch(CompletableFuture::isDone) && held() == 0);
    }

    @Test
    void whatWaitsIsBoundedInBytes() {
        EdgeGuard guard =
                new EdgeGuard("edge-1", LIMITS, alarms, new EdgeGuard.Threads(workers, workers), System::nanoTime);
        assertThat(guard.holds(EdgeGuard.HELD_BYTES)).isTrue();
        assertThat(guard.holds(1)).isFalse();
        guard.holdsNoLonger(EdgeGuard.HELD_BYTES);
        assertThat(guard.holds(1)).isTrue();
        assertThat(guard.heldBytes()).isEqualTo(1);
    }

    @Test
    void whatIsTooLongToWaitIsAnsweredBusy() throws Exception {
        SessionId session = open(link);
        byte[] stat = withPath(session, "/a");
        EdgeGuard guard = service.guards().of("edge-1");
        await().atMost(SOON).until(() -> held() == 0);
        int others = EdgeGuard.HELD_BYTES - stat.length + 1;
        assertThat(guard.holds(others)).isTrue();
        assertThat(link.call(0, Method.STAT, stat, SOON).status()).isEqualTo(Status.BUSY);
        assertThat(held()).isEqualTo(others);
        assertThat(alarms.of("work of edge-1")).isEqualTo(1);
        close(link, session); // what is too much is no reason to keep a session
        guard.holdsNoLonger(others);
        assertThat(link.call(0, Method.STAT, stat, SOON).status()).isEqualTo(Status.NO_SESSION);
        assertThat(held()).isZero();
    }

    @Test
    void closingsLeaveWorkersForTheOthersAndAreNeverRefused() throws Exception {
        int closings = 8;
        List<SessionId> open = new ArrayList<>();
        for (int i = 0; i < closings + WAITING + 3; i++) {
            open.add(open(link));
        }
        desk.closesMay = new CountDownLatch(1);
        List<CompletableFuture<Reply>> closed = new ArrayList<>();
        for (SessionId session : open) {
            byte[] close = OperationCodec.encode(Call.of(new CloseSession(session, "bye"), 0));
            closed.add(link.request(0, Method.SESSION_CLOSE, close, SOON));
        }
        await().atMost(SOON).until(() -> desk.closesAsked.get() == closings);
        Link other = honest.up();
        assertThat(logIn(other, open(other), "acme", "secret")).isTrue();
        assertThat(desk.closesAsked).as("at the same time").hasValue(closings);
        desk.closesMay.countDown();
        for (CompletableFuture<Reply> close : closed) {
            assertThat(close.join().status()).isEqualTo(Status.OK);
        }
        assertThat(service.sessionCount()).isEqualTo(1);
    }

    @Test
    void slowClosingsOfOneEdgeHoldUpThoseOfNoOther() throws Exception {
        List<SessionId> open = new ArrayList<>();
        for (int i = 0; i < 8 + WAITING; i++) {
            open.add(open(link));
        }
        CountDownLatch slow = new CountDownLatch(1);
        desk.closesMay = slow;
        try {
            List<CompletableFuture<Reply>> closed = new ArrayList<>();
            for (SessionId session : open) {
                byte[] close = OperationCodec.encode(Call.of(new CloseSession(session, "bye"), 0));
                closed.add(link.request(0, Method.SESSION_CLOSE, close, SOON));
            }
            await().atMost(SOON).until(() -> desk.closesAsked.get() == 8);
            desk.closesMay = new CountDownLatch(0); // for those that are asked from here on
            Link other = honest.up();
            for (int i = 0; i < 10; i++) {
                close(other, open(other));
            }
            assertThat(closed).noneMatch(CompletableFuture::isDone);
            assertThat(desk.closesAsked).hasValue(8 + 10);
            slow.countDown();
            for (CompletableFuture<Reply> close : closed) {
                assertThat(close.join().status()).isEqualTo(Status.OK);
            }
        } finally {
            slow.countDown();
        }
        assertThat(service.sessionCount()).isZero();
    }

    @Test
    void aSessionIsClosedThoughAllOtherWorkOfItsEdgeStandsStill() throws Exception {
        SessionId session = open(link);
        desk.greetingsMay = new CountDownLatch(1);
        for (int i = 0; i < RUNNING + WAITING; i++) {
            OpenSession open = opening(SessionId.random(), "p", "x");
            link.request(0, Method.SESSION_OPEN, OperationCodec.encode(Call.of(open, 0)), SOON);
        }
        await().atMost(SOON).until(() -> desk.origins.size() == RUNNING + 1);
        close(link, session);
        assertThat(desk.acts).contains("closed: bye");
    }

    @Test
    void onlyShortAnswersToChangesAreRemembered() throws Exception {
        SessionId session = open(link);
        assertThat(ask(link, 7, new RemoveFile(session, VirtualPath.parse("/x")))
                        .status())
                .isEqualTo(Status.NO_SESSION);
        assertThat(service.held(session).rememberedBytes())
                .as("before the login")
                .isZero();
        assertThat(logIn(link, session, "acme", "secret")).isTrue();
        for (int i = 0; i < 1_000; i++) {
            desk.files.put(VirtualPath.parse("/" + "n".repeat(200) + i), new byte[0]);
        }
        for (int i = 1; i <= 20; i++) {
            assertThat(ask(link, i, new ListFolder(session, VirtualPath.ROOT, Optional.empty()))
                            .payload())
                    .hasSizeGreaterThan(100_000);
        }
        assertThat(service.held(session).rememberedBytes()).as("lists").isZero();
        desk.failure = "long ".repeat(100);
        for (int i = 1; i <= 1_000; i++) {
            assertThat(ask(link, i, new RemoveFile(session, VirtualPath.parse("/x")))
                            .status())
                    .isEqualTo(Status.UNSUPPORTED);
        }
        assertThat(service.held(session).rememberedBytes()).as("long failures").isLessThan(1_000);
        assertThat(ask(link, 1_000, new RemoveFile(session, VirtualPath.parse("/x")))
                        .status())
                .as("again")
                .isEqualTo(Status.UNSUPPORTED);
        // It is remembered, nevertheless, what was done.
        assertThat(ask(link, 2_000, new MakeFolder(session, VirtualPath.parse("/new")))
                        .status())
                .isEqualTo(Status.OK);
        assertThat(ask(link, 2_000, new MakeFolder(session, VirtualPath.parse("/new")))
                        .status())
                .isEqualTo(Status.OK);
        assertThat(desk.acts).containsOnlyOnce("made /new");
    }

    @Test
    void fewFlushesWaitForBytesThatNeverCome() throws Exception {
        SessionId session = open(link);
        assertThat(logIn(link, session, "acme", "secret")).isTrue();
        UUID upload = UUID.randomUUID();
        OpenUpload write = new OpenUpload(session, VirtualPath.parse("/x"), UploadMode.REPLACE, OptionalLong.empty());
        Call call = new Call(write, 0, upload, 0, Optional.empty());
        LinkStream stream = link.open(StreamKind.WRITE, Method.WRITE, OperationCodec.encode(call));
        byte[] flush = padded(new UploadQuery(session, upload, Long.MAX_VALUE).encode(), 30 << 10);
        byte[] none = new UploadQuery(session, upload, 0).encode();
        await().atMost(SOON)
                .until(() -> link.call(0, Method.UPLOAD_FLUSH, none, SOON).status() == Status.OK);
        List<CompletableFuture<Reply>> asked = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            asked.add(link.request(0, Method.UPLOAD_FLUSH, flush, Duration.ofMinutes(1)));
        }
        await().atMost(SOON)
                .until(() -> asked.stream().filter(CompletableFuture::isDone).count() >= 42);
        assertThat(asked.stream().filter(CompletableFuture::isDone).map(CompletableFuture::join))
                .allMatch(reply -> reply.status() == Status.BUSY)
                .hasSize(42);
        assertThat(held()).isZero();
        stream.reset(Status.PARTNER_ABORT, "enough");
        await().atMost(SOON).until(() -> asked.stream().allMatch(CompletableFuture::isDone));
    }

    @Test
    void theEndOfASessionIsNeverRefused() throws Exception {
        SessionId session = open(link);
        assertThat(logIn(link, session, "acme", "secret")).isTrue();
        desk.greetingsMay = new CountDownLatch(1);
        int bytes = 0;
        List<CompletableFuture<Reply>> asked = new ArrayList<>();
        for (int i = 0; i < RUNNING + WAITING; i++) {
            byte[] open = OperationCodec.encode(Call.of(opening(SessionId.random(), "p", "x"), 0));
            bytes = open.length;
            asked.add(link.request(0, Method.SESSION_OPEN, open, Duration.ofMinutes(1)));
            if (i == RUNNING - 1) {
                // The login has its place among them for a moment after its answer.
                await().atMost(SOON).until(() -> held() == 0 && desk.origins.size() == RUNNING + 1);
            }
        }
        long waiting = (long) WAITING * bytes;
        await().atMost(SOON).until(() -> held() == waiting && desk.origins.size() == RUNNING + 1);
        StatFile stat = new StatFile(session, VirtualPath.ROOT, StatPurpose.LOOK);
        assertThat(ask(link, stat).status()).isEqualTo(Status.BUSY);
        close(link, session);
        assertThat(desk.accounts).isEmpty();
        assertThat(service.held(session)).isNull();
        desk.greetingsMay.countDown();
        await().atMost(SOON).until(() -> asked.stream().allMatch(CompletableFuture::isDone));
    }

    @Test
    void anErrorOfOneTaskLosesNoOtherAndNoPlace() throws Exception {
        List<Integer> done = new java.util.concurrent.CopyOnWriteArrayList<>();
        WorkShare share = new WorkShare(workers, 1, 100);
        CountDownLatch go = new CountDownLatch(1);
        share.execute(() -> {
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            throw new NoClassDefFoundError("made up");
        });
        for (int i = 0; i < 20; i++) {
            int number = i;
            share.execute(() -> {
                done.add(number);
                throw new StackOverflowError("made up");
            });
        }
        go.countDown();
        await().atMost(SOON).until(() -> done.size() == 20);
        CountDownLatch after = new CountDownLatch(1);
        share.execute(after::countDown);
        assertThat(after.await(10, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void messagesThatCannotBeAreAnsweredAndCounted() throws Exception {
        SessionId session = open(link);
        assertThat(logIn(link, session, "acme", "secret")).isTrue();
        byte[] stat = withPath(session, "/a");
        byte[] oddChoice = stat.clone();
        oddChoice[oddChoice.length - 1] = 77;
        byte[] cut = java.util.Arrays.copyOf(stat, 20);
        List<byte[]> odd = List.of(oddChoice, cut, new byte[0], new byte[] {0x0b}, new byte[200_000]);
        for (byte[] message : odd) {
            assertThat(link.call(0, Method.STAT, message, SOON).status()).isEqualTo(Status.PROTOCOL);
        }
        assertThat(alarms.of("violation of edge-1")).isEqualTo(odd.size());
        // Fields, methods and streams of a later version are no offence.
        ByteArrayOutputStream later = new ByteArrayOutputStream();
        later.writeBytes(stat);
        later.writeBytes(new byte[] {(byte) 0xf2, 0x06, 0x01, 'a'});
        assertThat(link.call(0, Method.STAT, later.toByteArray(), SOON).status())
                .isEqualTo(Status.NO_SUCH_FILE);
        assertThat(link.call(0, Method.TCP_CONNECT, stat, SOON).status()).isEqualTo(Status.UNSUPPORTED);
        LinkStream stream = link.open(StreamKind.BOTH, Method.TCP_CONNECT, new byte[0]);
        assertThat(stream.awaitEnd(SOON).orElseThrow().status()).isEqualTo(Status.UNSUPPORTED);
        assertThat(alarms.of("violation of edge-1")).isEqualTo(odd.size());
        assertThat(link.isUsable()).isTrue();
    }
}
