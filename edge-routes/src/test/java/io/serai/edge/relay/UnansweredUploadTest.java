package io.serai.edge.relay;

import static io.serai.edge.link.TestLink.QUICK;
import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.edge.link.TestLink;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Uploads whose bytes go over the link before the server has answered their open. */
class UnansweredUploadTest {
    private final MemoryDesk desk = new MemoryDesk();
    private final ExecutorService workers = Executors.newFixedThreadPool(4);
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final PartnerService service =
            new PartnerService(workers, clock, new UploadVerdicts(Duration.ofMinutes(5)));
    private final SessionId session = SessionId.random();
    private TestLink test;
    private RelayedPartners partners;

    @BeforeEach
    void logIn() {
        service.serve(desk);
        logIn(new Patience(SOON, SOON, SOON));
    }

    private void logIn(Patience patience) {
        partners = new RelayedPartners(tried -> test.acceptor.pick(tried), (id, why) -> {}, patience);
        test = new TestLink(QUICK, service, partners);
        test.edgeEar.whenLost = partners::lost;
        test.serverEar.whenLost = service::lost;
        test.up();
        partners.answer(SomePartner.opens(session, Protocol.HTTPS));
        partners.answer(new LoginByPassword(session, "acme", new SecretText("secret")));
    }

    @AfterEach
    void stop() {
        desk.uploadsMay.countDown();
        desk.commitsMay.countDown();
        test.close();
        workers.shutdownNow();
        clock.shutdownNow();
    }

    private UploadChannel open(String path) {
        OpenUpload asked = new OpenUpload(session, VirtualPath.parse(path), UploadMode.REPLACE, OptionalLong.empty());
        return partners.answer(asked.unanswered());
    }

    private static byte[] random(int count) {
        byte[] bytes = new byte[count];
        ThreadLocalRandom.current().nextBytes(bytes);
        return bytes;
    }

    @Test
    void theBytesWaitThereForWhoOpens() {
        desk.uploadsMay = new CountDownLatch(1);
        byte[] content = random(20_000);
        UploadChannel upload = open("/new");
        TransferId transfer = upload.transfer();
        upload.write(ByteBuffer.wrap(content), 0);
        CompletableFuture<UploadReceipt> commit = CompletableFuture.supplyAsync(upload::commit, workers);
        assertThat(desk.files).isEmpty();
        assertThat(commit).isNotDone();
        desk.uploadsMay.countDown();
        assertThat(commit.orTimeout(20, TimeUnit.SECONDS).join().transfer()).isEqualTo(transfer);
        assertThat(upload.looks()).isTrue();
        assertThat(upload.replaces()).contains(false);
        upload.close();
        assertThat(desk.files.get(VirtualPath.parse("/new"))).isEqualTo(content);
        try (UploadChannel again = open("/new")) {
            again.write(ByteBuffer.wrap(content), 0);
            again.commit();
            assertThat(again.replaces()).contains(true);
        }
    }

    @Test
    void aServerThatStandsStillIsNotWaitedForAsLongAsACommit() {
        test.close();
        logIn(new Patience(Duration.ofSeconds(1), Duration.ofHours(1), SOON));
        desk.uploadsMay = new CountDownLatch(1);
        try (UploadChannel upload = open("/new")) {
            CompletableFuture<ErrorCode> failure = CompletableFuture.supplyAsync(() -> codeOf(upload), workers);
            assertThat(failure.orTimeout(20, TimeUnit.SECONDS).join()).isEqualTo(ErrorCode.UNKNOWN_OUTCOME);
        }
        desk.uploadsMay.countDown();
        await().atMost(SOON).until(() -> desk.acts.contains("aborted /new"));
        assertThat(desk.files).isEmpty();
    }

    @Test
    void theOpenIsAnsweredBeforeACommitThatTakesLong() {
        desk.commitsMay = new CountDownLatch(1);
        try (UploadChannel upload = open("/new")) {
            upload.write(ByteBuffer.wrap(new byte[100]), 0);
            CompletableFuture<UploadReceipt> commit = CompletableFuture.supplyAsync(upload::commit, workers);
            assertThat(upload.replaces()).contains(false);
            assertThat(commit).isNotDone();
            desk.commitsMay.countDown();
            commit.orTimeout(20, TimeUnit.SECONDS).join();
        }
        assertThat(desk.files).hasSize(1);
    }

    @Test
    void moreThanTheEarlyWindowWaitsForTheAnswer() {
        byte[] content = random(1_000_000);
        try (UploadChannel upload = open("/large")) {
            upload.write(ByteBuffer.wrap(content), 0);
            upload.commit();
        }
        assertThat(desk.files.get(VirtualPath.parse("/large"))).isEqualTo(content);
    }

    @Test
    void whatIsRefusedWasNotTakenAndSaysWhy() {
        try (UploadChannel upload = open("/forbidden")) {
            assertThat(codeOf(upload)).isEqualTo(ErrorCode.PERMISSION_DENIED);
            assertThat(upload.isUntaken()).isTrue();
        }
        desk.accounts.remove(session);
        try (UploadChannel upload = open("/new")) {
            assertThat(codeOf(upload)).isEqualTo(ErrorCode.NO_SESSION);
            assertThat(upload.isUntaken()).isTrue();
        }
        assertThat(desk.files).isEmpty();
    }

    private static ErrorCode codeOf(UploadChannel upload) {
        return org.assertj.core.api.Assertions.catchThrowableOfType(SeraiException.class, () -> {
                    upload.write(ByteBuffer.wrap(new byte[100]), 0);
                    upload.commit();
                })
                .code();
    }

    @Test
    void whatFailsLaterMayHaveBeenTaken() {
        try (UploadChannel upload = open("/full")) {
            assertThatThrownBy(() -> {
                        upload.write(ByteBuffer.wrap(random(400_000)), 0);
                        upload.commit();
                    })
                    .isInstanceOfSatisfying(
                            SeraiException.class,
                            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.QUOTA));
            assertThat(upload.isUntaken()).isFalse();
        }
    }

    @Test
    void aServerWithoutMemoryForItSaysSo() {
        try (UploadChannel upload = open("/huge")) {
            assertThat(codeOf(upload)).isEqualTo(ErrorCode.BUSY);
        }
        desk.files.put(VirtualPath.parse("/huge"), new byte[100]);
        assertThatThrownBy(() -> {
                    try (DownloadChannel download =
                            partners.answer(new OpenDownload(session, VirtualPath.parse("/huge")))) {
                        download.read(ByteBuffer.allocate(100), 0);
                    }
                })
                .isInstanceOfSatisfying(
                        SeraiException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.BUSY));
    }

    @Test
    void aClosedOneIsAborted() {
        desk.uploadsMay = new CountDownLatch(1);
        UploadChannel upload = open("/new");
        upload.write(ByteBuffer.wrap(new byte[100]), 0);
        await().atMost(SOON).until(() -> desk.uploadsAsked.get() == 1);
        upload.close();
        desk.uploadsMay.countDown();
        await().atMost(SOON).until(() -> desk.acts.contains("aborted /new"));
        await().atMost(SOON).until(() -> test.edgeBudget.takenBytes() == 0 && test.serverBudget.takenBytes() == 0);
        assertThat(desk.files).isEmpty();
    }
}
