package io.serai.edge.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.endpoint.ClientProgram;
import io.serai.endpoint.PartnerOperation.AskPurpose;
import io.serai.endpoint.PartnerOperation.AskUpload;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.OpenUpload;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.UploadChannel;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Small PUTs by curl through an edge, whose server dies at a bad moment: the other one is asked what became of them. */
@Timeout(120)
class SmallPutsTest extends DyingServers {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch may = new CountDownLatch(1);
    private ServerUnderTest second;

    @BeforeEach
    void reserve() throws Exception {
        second = inReserve();
    }

    /** Before the servers are stopped. */
    @AfterEach
    void letGo() {
        may.countDown();
    }

    private void hold() {
        reached.countDown();
        try {
            may.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The status of the answer. */
    private String put(Runnable meanwhile) throws Exception {
        Files.writeString(folder.resolve("small.txt"), "something");
        Path said = Files.createTempFile(folder, "said", ".txt");
        Process curl = ClientProgram.start(
                folder,
                List.of(
                        "curl",
                        "-sS",
                        "-4",
                        "--max-time",
                        "60",
                        "--cacert",
                        edge.certificate().toString(),
                        "-u",
                        "acme:open-sesame",
                        "-o",
                        "/dev/null",
                        "-w",
                        "%{http_code}",
                        "-T",
                        "small.txt",
                        "https://localhost:" + edge.port(Protocol.HTTPS) + "/a"),
                said);
        try {
            assertThat(reached.await(20, TimeUnit.SECONDS)).isTrue();
            meanwhile.run();
            assertThat(curl.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            curl.destroyForcibly();
        }
        return Files.readString(said);
    }

    private void dies() {
        second.service.undrain();
        first.die();
    }

    @Test
    void itsBytesGoWithTheOpenAndTheServerLooksForTheFormerFile() throws Exception {
        reached.countDown();
        assertThat(put(() -> {})).isEqualTo("201");
        assertThat(put(() -> {})).isEqualTo("204");
        assertThat(atFirst.operations(OpenUpload.class))
                .hasSize(2)
                .allMatch(open -> open.transfer().isPresent());
        assertThat(atFirst.operations(StatFile.class)).hasSize(2);
        assertThat(acme.file("/a")).contains("something".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void theOtherServerSaysThatItWasCommitted() throws Exception {
        acme.beforeCommit(this::hold);
        String status = put(() -> {
            dies();
            await().atMost(SOON)
                    .until(() -> !atSecond.operations(AskUpload.class).isEmpty());
            may.countDown();
        });
        assertThat(status).isEqualTo("201");
        assertThat(acme.arrivals()).containsExactly("/a");
    }

    /** By the edge's own calls: of curl nobody can tell when all of it has gone to the server. */
    @Test
    void oneThatWasNeverOpenedIsSettledWithoutAnAnswerToItsOpen() throws Exception {
        SessionId session = SessionId.random();
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", 4711);
        edge.partners.answer(new OpenSession(
                session, new Origin(Protocol.HTTPS, "https", address, address, Optional.empty(), Optional.empty())));
        edge.partners.answer(new LoginByPassword(session, "acme", new SecretText("open-sesame")));
        atFirst.before(operation -> {
            if (operation instanceof OpenUpload) {
                hold();
            }
        });
        AtomicReference<SeraiException> failure = new AtomicReference<>();
        Thread put = new Thread(() -> {
            OpenUpload open = new OpenUpload(session, VirtualPath.parse("/a"), UploadMode.REPLACE, OptionalLong.of(9));
            try (UploadChannel upload = edge.partners.answer(open.unanswered())) {
                upload.write(ByteBuffer.wrap("something".getBytes(StandardCharsets.US_ASCII)), 0);
                upload.commit();
            } catch (SeraiException e) {
                failure.set(e);
            }
        });
        put.start();
        // It waits for nothing but the verdict.
        await().atMost(SOON).until(() -> reached.getCount() == 0 && put.getState() == Thread.State.TIMED_WAITING);
        dies();
        put.join(SOON.toMillis());
        assertThat(failure.get().code()).isEqualTo(ErrorCode.INTERRUPTED);
        List<AskUpload> asked = atSecond.operations(AskUpload.class);
        assertThat(asked.get(asked.size() - 1).purpose()).isEqualTo(AskPurpose.SETTLE);
        may.countDown();
        await().atMost(SOON).until(() -> acme.openUploads() == 0);
        assertThat(acme.arrivals()).isEmpty();
        assertThat(acme.paths()).isEmpty();
    }
}
