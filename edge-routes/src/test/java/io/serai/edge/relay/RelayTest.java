package io.serai.edge.relay;

import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.edge.link.Breaking;
import io.serai.edge.link.Link;
import io.serai.edge.link.Reply;
import io.serai.edge.link.TestLink;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.OperationCodec.Resume;
import io.serai.edge.message.Status;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.FolderPage;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation.CheckPublicKey;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.KeyAnswer;
import io.serai.endpoint.PartnerOperation.ListFolder;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.MakeFolder;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.SessionGreeting;
import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Partner operations through a whole link: what an edge's endpoints ask is what a server's desk is asked. */
class RelayTest {
    private static final Patience PATIENCE = new Patience(SOON, SOON, SOON);

    private final MemoryDesk desk = new MemoryDesk();
    private final ExecutorService workers = Executors.newFixedThreadPool(4);
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final PartnerService service =
            new PartnerService(workers, clock, new UploadVerdicts(Duration.ofMinutes(5)));
    private final Map<SessionId, String> ended = new ConcurrentHashMap<>();
    private final SessionId session = SessionId.random();
    private TestLink test;
    private RelayedPartners partners;
    private Link link;

    @BeforeEach
    void start() {
        partners = new RelayedPartners(tried -> test.acceptor.pick(tried), ended::put, PATIENCE);
        test = new TestLink(QUICK, service, partners);
        test.edgeEar.whenLost = partners::lost;
        test.serverEar.whenLost = service::lost;
        service.serve(desk);
        link = test.up();
    }

    @AfterEach
    void stop() {
        desk.commitsMay.countDown();
        desk.greetingsMay.countDown();
        test.close();
        workers.shutdownNow();
        clock.shutdownNow();
    }

    private void login() {
        login(SomePartner.opens(session));
    }

    private void login(OpenSession opens) {
        SessionGreeting greeting = partners.answer(opens);
        assertThat(greeting).isEqualTo(new SessionGreeting(Optional.of("hello"), 3, Duration.ofSeconds(30)));
        LoginResult result = partners.answer(new LoginByPassword(session, "acme", new SecretText("secret")));
        assertThat(result).isInstanceOf(LoginResult.Accepted.class);
    }

    private UploadChannel upload(String path) {
        return partners.answer(
                new OpenUpload(session, VirtualPath.parse(path), UploadMode.REPLACE, OptionalLong.empty()));
    }

    @Test
    void onlyWithHttpTheOpenSaysWhetherAFileIsReplaced() {
        desk.files.put(VirtualPath.parse("/outbox/old"), new byte[1]);
        login(SomePartner.opens(session));
        assertThat(replaces("/outbox/old")).isEmpty();
        partners.answer(new CloseSession(session, "over"));

        login(SomePartner.opens(session, Protocol.HTTPS));
        assertThat(replaces("/outbox/old")).contains(true);
        assertThat(replaces("/outbox/new")).contains(false);
        try (UploadChannel resumed = partners.answer(
                new OpenUpload(session, VirtualPath.parse("/outbox/old"), UploadMode.RESUME, OptionalLong.empty()))) {
            assertThat(resumed.replaces()).isEmpty();
        }
    }

    private Optional<Boolean> replaces(String path) {
        try (UploadChannel upload = upload(path)) {
            return upload.replaces();
        }
    }

    private static byte[] random(int count) {
        byte[] bytes = new byte[count];
        ThreadLocalRandom.current().nextBytes(bytes);
        return bytes;
    }

    private static void write(UploadChannel channel, byte[] bytes) {
        for (int at = 0; at < bytes.length; at += 32_768) {
            channel.write(ByteBuffer.wrap(bytes, at, Math.min(32_768, bytes.length - at)), at);
        }
    }

    private static ErrorCode refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        return org.assertj.core.api.Assertions.catchThrowableOfType(SeraiException.class, call)
                .code();
    }

    @Test
    void theServerSeesTheRealClientAndDecidesTheLogin() {
        SshPublicKey key = new SshPublicKey("good", new byte[] {9});
        partners.answer(SomePartner.opens(session));
        Origin asserted = desk.origins.get(session);
        assertThat(asserted.edge()).contains("edge-1");
        assertThat(asserted.shownClient()).isEqualTo("203.0.113.9:4711 via edge-1");
        Origin said = SomePartner.ORIGIN;
        assertThat(asserted)
                .isEqualTo(new Origin(
                        said.protocol(),
                        said.listener(),
                        said.client(),
                        said.local(),
                        said.clientSoftware(),
                        Optional.of("edge-1")));
        assertThat(partners.answer(new LoginByPassword(session, "acme", new SecretText("wrong"))))
                .isEqualTo(new LoginResult.Refused());
        assertThat(refusal(() -> partners.answer(new StatFile(session, VirtualPath.ROOT, StatPurpose.LOOK))))
                .isEqualTo(ErrorCode.NO_SESSION);
        assertThat(partners.answer(new CheckPublicKey(session, "acme", key))).isEqualTo(KeyAnswer.ACCEPTABLE);
        assertThat(partners.answer(
                        new LoginByPublicKey(session, "acme", key, new SshSignature(new byte[] {2}, new byte[] {0}))))
                .isEqualTo(new LoginResult.Refused());
        assertThat(partners.answer(
                        new LoginByPublicKey(session, "acme", key, new SshSignature(new byte[] {2}, new byte[] {1}))))
                .isInstanceOf(LoginResult.Accepted.class);
        partners.answer(new CloseSession(session, "bye"));
        assertThat(desk.origins).isEmpty();
        assertThat(partners.sessionCount()).isZero();
        assertThat(service.sessionCount()).isZero();
    }

    @Test
    void filesGoUpAndComeDown() {
        login();
        byte[] content = random(5 << 20);
        try (UploadChannel channel = upload("/big")) {
            write(channel, content);
            channel.force();
            assertThat(desk.acts).contains("forced " + content.length);
            UploadReceipt receipt = channel.commit();
            assertThat(receipt.sizeBytes()).isEqualTo(content.length);
            assertThat(receipt.transfer()).isEqualTo(channel.transfer());
        }
        assertThat(desk.files.get(VirtualPath.parse("/big"))).isEqualTo(content);
        byte[] back = new byte[content.length];
        try (DownloadChannel channel = partners.answer(new OpenDownload(session, VirtualPath.parse("/big")))) {
            assertThat(channel.attributes().sizeBytes()).isEqualTo(content.length);
            for (int at = 0; at < back.length; ) {
                at += channel.read(ByteBuffer.wrap(back, at, Math.min(32_768, back.length - at)), at);
            }
            assertThat(channel.read(ByteBuffer.allocate(10), content.length)).isEqualTo(-1);
            channel.delivered();
        }
        assertThat(back).isEqualTo(content);
        await().atMost(SOON).until(() -> desk.acts.contains("delivered /big") && desk.acts.contains("download closed"));
        await().atMost(SOON).until(() -> test.edgeBudget.takenBytes() == 0 && test.serverBudget.takenBytes() == 0);
    }

    @Test
    void aSessionDoesNotEndBeforeTheLastWordAboutItsFiles() {
        login();
        desk.files.put(VirtualPath.parse("/small"), random(1_000));
        DownloadChannel channel = partners.answer(new OpenDownload(session, VirtualPath.parse("/small")));
        assertThat(channel.read(ByteBuffer.allocate(1_000), 0)).isEqualTo(1_000);
        CompletableFuture<?> close =
                CompletableFuture.runAsync(() -> partners.answer(new CloseSession(session, "bye")), workers);
        await().during(Duration.ofMillis(300)).atMost(SOON).until(() -> desk.origins.containsKey(session));
        channel.delivered();
        channel.close();
        close.orTimeout(SOON.toSeconds(), TimeUnit.SECONDS).join();
        assertThat(desk.acts).contains("delivered /small");
        assertThat(desk.origins).isEmpty();
    }

    @Test
    void anEmptyFileIsAFile() {
        login();
        try (UploadChannel channel = upload("/empty")) {
            channel.commit();
        }
        assertThat(desk.files.get(VirtualPath.parse("/empty"))).isEmpty();
        try (DownloadChannel channel = partners.answer(new OpenDownload(session, VirtualPath.parse("/empty")))) {
            assertThat(channel.read(ByteBuffer.allocate(1), 0)).isEqualTo(-1);
        }
        await().atMost(SOON).until(() -> desk.acts.contains("download closed"));
        assertThat(desk.acts).doesNotContain("delivered /empty");
    }

    @Test
    void readsMayJump() {
        login();
        byte[] content = random(3 << 20);
        desk.files.put(VirtualPath.parse("/f"), content);
        try (DownloadChannel channel = partners.answer(new OpenDownload(session, VirtualPath.parse("/f")))) {
            for (int i = 0; i < 50; i++) {
                int at = ThreadLocalRandom.current().nextInt(content.length - 1);
                int count = Math.min(
                        content.length - at, 1 + ThreadLocalRandom.current().nextInt(100_000));
                byte[] back = new byte[count];
                assertThat(channel.read(ByteBuffer.wrap(back), at)).isEqualTo(count);
                assertThat(back).isEqualTo(java.util.Arrays.copyOfRange(content, at, at + count));
            }
            channel.delivered();
        }
        await().atMost(SOON).until(() -> desk.acts.contains("delivered /f"));
    }

    @Test
    void writesMayComeInAnyOrder() {
        login();
        byte[] content = random(200_000);
        try (UploadChannel channel = upload("/shuffled")) {
            channel.write(ByteBuffer.wrap(content, 100_000, 100_000), 100_000);
            channel.write(ByteBuffer.wrap(content, 0, 100_000), 0);
            channel.commit();
        }
        assertThat(desk.files.get(VirtualPath.parse("/shuffled"))).isEqualTo(content);
    }

    @Test
    void aLimitOfBandwidthNeedsNoThread() {
        login();
        desk.slow = true;
        try (UploadChannel channel = upload("/slow")) {
            write(channel, random(1 << 20));
            assertThat(channel.commit().sizeBytes()).isEqualTo(1 << 20);
        }
    }

    @Test
    void refusalsArriveAsTheyWere() {
        login();
        assertThat(refusal(() -> upload("/forbidden"))).isEqualTo(ErrorCode.PERMISSION_DENIED);
        assertThatThrownBy(() -> partners.answer(new StatFile(session, VirtualPath.parse("/no"), StatPurpose.LOOK)))
                .hasMessage("There is no /no");
        assertThat(refusal(() -> partners.answer(new OpenDownload(session, VirtualPath.parse("/no")))))
                .isEqualTo(ErrorCode.NO_SUCH_FILE);
        UploadChannel channel = upload("/full");
        assertThat(refusal(() -> {
                    write(channel, random(3 << 20));
                    channel.commit();
                }))
                .isEqualTo(ErrorCode.QUOTA);
        assertThat(desk.acts).contains("aborted /full");
        assertThat(desk.files).isEmpty();
    }

    @Test
    void aLargeFolderComesInPages() {
        login();
        for (int i = 0; i < 9_000; i++) {
            desk.files.put(VirtualPath.parse("/d/" + "x".repeat(60) + String.format("%05d", i)), new byte[0]);
        }
        int seen = 0;
        Optional<String> after = Optional.empty();
        FolderPage page;
        do {
            page = partners.answer(new ListFolder(session, VirtualPath.parse("/d"), after));
            seen += page.entries().size();
            after = Optional.of(page.entries().get(page.entries().size() - 1).name());
        } while (page.more());
        assertThat(seen).isEqualTo(9_000);
    }

    @Test
    void withoutACommitNothingIsAFile() {
        login();
        UploadChannel aborted = upload("/aborted");
        write(aborted, random(100_000));
        aborted.abort("changed my mind");
        UploadChannel closed = upload("/closed");
        write(closed, random(100_000));
        closed.close();
        await().atMost(SOON).until(() -> desk.acts.containsAll(List.of("aborted /aborted", "aborted /closed")));
        assertThat(desk.files).isEmpty();
        assertThat(refusal(closed::commit)).isEqualTo(ErrorCode.PARTNER_ABORT);
    }

    @Test
    void aConnectionLostInMidUploadNeverCommits() {
        login();
        UploadChannel channel = upload("/lost");
        write(channel, random(300_000));
        Breaking.connectionsWithStreams(link);
        await().atMost(SOON).until(() -> desk.acts.contains("aborted /lost"));
        assertThat(refusal(channel::commit)).isEqualTo(ErrorCode.INTERRUPTED);
        assertThat(desk.files).isEmpty();
        // The session has outlived it.
        try (UploadChannel again = upload("/lost")) {
            write(again, random(10));
            again.commit();
        }
        assertThat(desk.files).hasSize(1);
    }

    @Test
    void aVerdictThatWasLostIsAskedFor() {
        login();
        desk.commitsMay = new CountDownLatch(1);
        UploadChannel channel = upload("/asked");
        write(channel, random(300_000));
        CompletableFuture<UploadReceipt> receipt = CompletableFuture.supplyAsync(channel::commit);
        await().atMost(SOON).until(() -> desk.acts.contains("committing /asked"));
        Breaking.connectionsWithStreams(link);
        await().pollDelay(Duration.ofMillis(300)).until(() -> true);
        assertThat(receipt).isNotDone();
        desk.commitsMay.countDown();
        assertThat(receipt.join().sizeBytes()).isEqualTo(300_000);
        assertThat(desk.files).hasSize(1);
    }

    @Test
    void whenTheWholeLinkIsLostAfterEndTheOutcomeIsUnknown() {
        login();
        desk.commitsMay = new CountDownLatch(1);
        UploadChannel channel = upload("/unknown");
        write(channel, random(1_000));
        CompletableFuture<UploadReceipt> receipt = CompletableFuture.supplyAsync(channel::commit);
        await().atMost(SOON).until(() -> desk.acts.contains("committing /unknown"));
        Breaking.all(link);
        assertThatThrownBy(receipt::join)
                .hasCauseInstanceOf(SeraiException.class)
                .satisfies(
                        e -> assertThat(((SeraiException) e.getCause()).code()).isEqualTo(ErrorCode.UNKNOWN_OUTCOME));
        await().atMost(SOON).until(() -> ended.containsKey(session));
        desk.commitsMay.countDown();
        await().atMost(SOON).until(() -> service.sessionCount() == 0 && partners.sessionCount() == 0);
        assertThat(desk.acts).anyMatch(act -> act.startsWith("closed: The link"));
    }

    @Test
    void aLostConnectionDoesNotDoAnOperationTwice() throws Exception {
        login();
        byte[] message = OperationCodec.encode(Call.of(new MakeFolder(session, VirtualPath.parse("/x")), 77));
        for (int i = 0; i < 3; i++) {
            Reply reply = link.call(i, Method.MAKE_FOLDER, message, SOON);
            assertThat(reply.status()).isEqualTo(Status.OK);
        }
        assertThat(desk.acts).containsOnlyOnce("made /x");
    }

    @Test
    void aServerEndsASession() {
        login();
        assertThat(service.end(session, "banned")).isTrue();
        await().atMost(SOON).until(() -> "banned".equals(ended.get(session)));
        assertThat(service.end(SessionId.random(), "banned")).isFalse();
    }

    @Test
    void aSessionWhoseLinkIsLostWhileItIsOpenedIsNotLeftOver() {
        desk.greetingsMay = new CountDownLatch(1);
        CompletableFuture<SessionGreeting> greeting =
                CompletableFuture.supplyAsync(() -> partners.answer(SomePartner.opens(session)));
        await().atMost(SOON).until(() -> desk.origins.containsKey(session));
        Breaking.all(link);
        assertThatThrownBy(greeting::join).hasCauseInstanceOf(SeraiException.class);
        await().pollDelay(Duration.ofMillis(300)).until(() -> true);
        desk.greetingsMay.countDown();
        await().atMost(SOON).until(() -> desk.origins.isEmpty() && service.sessionCount() == 0);
    }

    @Test
    void aServiceThatRestsEndsItsSessionsAndServesAgain() {
        login();
        UploadChannel busy = upload("/busy");
        write(busy, random(1_000));
        SessionId idle = SessionId.random();
        partners.answer(SomePartner.opens(idle));
        CompletableFuture<Void> resting = CompletableFuture.runAsync(() -> service.rest(SOON));
        await().atMost(SOON).until(() -> ended.containsKey(idle));
        assertThat(ended).doesNotContainKey(session);
        assertThat(refusal(() -> partners.answer(SomePartner.opens(SessionId.random()))))
                .isEqualTo(ErrorCode.BUSY);
        partners.answer(new CloseSession(idle, "told so"));

        assertThat(busy.commit().sizeBytes()).isEqualTo(1_000);
        busy.close();
        await().atMost(SOON).until(() -> ended.containsKey(session));
        partners.answer(new CloseSession(session, "told so"));
        resting.join();
        assertThat(service.sessionCount()).isZero();
        assertThat(desk.origins).isEmpty();

        service.serve(desk);
        SessionId again = SessionId.random();
        assertThat(partners.answer(SomePartner.opens(again)).maxTries()).isEqualTo(3);
        assertThat(refusal(() -> service.serve(desk))).isEqualTo(ErrorCode.INVALID);
    }

    @Test
    void anEdgeThatDoesNotEndASessionHasNoneAfterTheRest() {
        login();
        UploadChannel busy = upload("/busy");
        write(busy, random(1_000));
        service.rest(Duration.ofMillis(100));
        assertThat(service.sessionCount()).isZero();
        assertThat(desk.origins).isEmpty();
        assertThat(refusal(() -> partners.answer(new StatFile(session, VirtualPath.ROOT, StatPurpose.LOOK))))
                .isEqualTo(ErrorCode.NO_SESSION);
    }

    @Test
    void aSessionOfAnotherLinkIsUnknown() throws Exception {
        // The server's own session, but not opened by this link.
        desk.accounts.put(session, "acme");
        byte[] stat = OperationCodec.encode(Call.of(new StatFile(session, VirtualPath.ROOT, StatPurpose.LOOK), 0));
        assertThat(link.call(0, Method.STAT, stat, SOON).status()).isEqualTo(Status.NO_SESSION);
        login();
        byte[] again = OperationCodec.encode(Call.of(SomePartner.opens(session), 0));
        assertThat(link.call(0, Method.SESSION_OPEN, again, SOON).status()).isEqualTo(Status.PROTOCOL);
        assertThat(link.call(0, Method.STAT, new byte[] {1, 2, 3}, SOON).status())
                .isEqualTo(Status.PROTOCOL);
        assertThat(link.call(0, Method.SESSION_RESUME, new byte[0], SOON).status())
                .isEqualTo(Status.PROTOCOL);
        byte[] resume =
                new Resume(session, new byte[40], SomePartner.ORIGIN.client().getAddress(), 1).encode();
        assertThat(link.call(0, Method.SESSION_RESUME, resume, SOON).status()).isEqualTo(Status.UNSUPPORTED);
    }

    @Test
    void withoutAServerANewSessionIsRefusedAtOnce() {
        test.close();
        assertThat(refusal(() -> partners.answer(SomePartner.opens(SessionId.random()))))
                .isEqualTo(ErrorCode.BUSY);
    }
}
