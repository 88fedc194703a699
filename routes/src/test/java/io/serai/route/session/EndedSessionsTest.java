package io.serai.route.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.storage.Incoming;
import io.serai.cluster.storage.Receiving;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.UploadChannel;
import io.serai.route.RunningNode;
import io.serai.route.TestAccounts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Sessions end at once though an upload hangs in a write or a commit. */
@Timeout(60)
class EndedSessionsTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    Path folder;

    private final CountDownLatch share = new CountDownLatch(1);
    private final CountDownLatch hanging = new CountDownLatch(1);
    private final AtomicInteger aborted = new AtomicInteger();
    private final List<SessionId> disconnected = new CopyOnWriteArrayList<>();
    private RunningNode node;
    private PartnerSessions sessions;

    @BeforeEach
    void startNode() throws Exception {
        node = new RunningNode(DATABASE.database(), folder, folder.resolve("area")).start();
        Receiving receiving = node.camel.getRegistry().lookupByNameAndType("receiving", Receiving.class);
        sessions = new PartnerSessions(
                SessionSettings.DEFAULTS,
                node.objects,
                new PartnerStores(node.storage, hangingFor(receiving), node.ledger, node.limits, TestAccounts.HASHER),
                (session, reason) -> disconnected.add(session),
                InstantSource.system());
        node.objects.put(TestAccounts.named("ends").build());
    }

    @AfterEach
    void stopNode() {
        share.countDown();
        node.close();
    }

    /** Uploads named "hangs" wait in their writes, those named "late" in their commits, until the share is back. */
    private Receiving hangingFor(Receiving real) {
        return new Receiving() {
            @Override
            public Incoming receive(Receiving.Upload upload) {
                return new HangingIncoming(upload.path().toString(), real.receive(upload));
            }

            @Override
            public Incoming receive(Receiving.Pull pull) {
                return real.receive(pull);
            }

            @Override
            public Incoming receive(Receiving.Monitored monitored) {
                return real.receive(monitored);
            }
        };
    }

    private final class HangingIncoming implements Incoming {
        private final String path;
        private final Incoming real;

        HangingIncoming(String path, Incoming real) {
            this.path = path;
            this.real = real;
        }

        private void hangIf(String name) {
            if (path.endsWith(name)) {
                hanging.countDown();
                try {
                    share.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }

        @Override
        public TransferId transfer() {
            return real.transfer();
        }

        @Override
        public long startOffset() {
            return real.startOffset();
        }

        @Override
        public void write(ByteBuffer data, long offset) {
            hangIf("hangs");
            real.write(data, offset);
        }

        @Override
        public void force() {
            real.force();
        }

        @Override
        public Receiving.Received commit() {
            hangIf("late");
            return real.commit();
        }

        @Override
        public void abort(ErrorCode code, String reason) {
            aborted.incrementAndGet();
            real.abort(code, reason);
        }

        @Override
        public void cancel() {
            real.cancel();
        }

        @Override
        public void breakOff(String reason) {
            real.breakOff(reason);
        }

        @Override
        public void close() {
            real.close();
        }
    }

    private SessionId session() {
        SessionId session = SessionId.random();
        sessions.answer(new PartnerOperation.OpenSession(session, RunningNode.origin(Protocol.SFTP, "192.0.2.7")));
        assertThat(sessions.answer(new PartnerOperation.LoginByPassword(session, "ends", new SecretText("secret"))))
                .isInstanceOf(LoginResult.Accepted.class);
        return session;
    }

    private UploadChannel upload(SessionId session, String name) {
        return sessions.answer(new PartnerOperation.OpenUpload(
                session, VirtualPath.parse("/outbox/" + name), UploadMode.REPLACE, OptionalLong.empty()));
    }

    private static CompletableFuture<Void> write(UploadChannel upload) {
        return CompletableFuture.runAsync(() -> upload.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0));
    }

    @Test
    void anUploadThatHangsInAWriteKeepsNobodyConnected() throws Exception {
        SessionId stuck = session();
        UploadChannel hung = upload(stuck, "hangs");
        CompletableFuture<Void> writing = write(hung);
        assertThat(hanging.await(10, TimeUnit.SECONDS)).isTrue();
        SessionId other = session();
        UploadChannel open = upload(other, "open");
        write(open).get();

        CompletableFuture.runAsync(() -> sessions.endAll("the share hangs")).get(2, TimeUnit.SECONDS);
        // As the endpoint of a closed connection does.
        CompletableFuture.runAsync(() -> sessions.answer(new PartnerOperation.CloseSession(stuck, "closed")))
                .get(2, TimeUnit.SECONDS);

        assertThat(disconnected).containsExactlyInAnyOrder(stuck, other);
        assertThatThrownBy(() -> open.write(ByteBuffer.wrap(new byte[1]), 3)).isInstanceOf(SeraiException.class);
        await().atMost(Duration.ofSeconds(5)).until(() -> aborted.get() == 1);
        await().atMost(Duration.ofSeconds(5))
                .until(() -> node.limits.sessions().list().isEmpty());
        assertThat(sessions.awaitBrokenOff(Duration.ofMillis(50))).isFalse();

        share.countDown();
        assertThat(sessions.awaitBrokenOff(Duration.ofSeconds(10))).isTrue();
        assertThatThrownBy(writing::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .satisfies(EndedSessionsTest::brokenOff);
        assertThat(aborted).hasValue(2);
    }

    private static void brokenOff(Throwable failure) {
        assertThat(failure)
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTNER_ABORT));
    }

    @Test
    void aChangedAccountDoesNotWaitForACommitWhichThenFails() throws Exception {
        SessionId stuck = session();
        UploadChannel late = upload(stuck, "late");
        late.write(ByteBuffer.wrap(new byte[] {1}), 0);
        CompletableFuture<Void> committing = CompletableFuture.runAsync(() -> {
            var unused = late.commit();
        });
        assertThat(hanging.await(10, TimeUnit.SECONDS)).isTrue();

        CompletableFuture.runAsync(() ->
                        node.objects.put(TestAccounts.named("ends").disabled().build()))
                .get(2, TimeUnit.SECONDS);
        assertThat(disconnected).containsExactly(stuck);

        share.countDown();
        assertThatThrownBy(committing::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .satisfies(EndedSessionsTest::brokenOff);
        assertThat(sessions.awaitBrokenOff(Duration.ofSeconds(10))).isTrue();
        assertThatThrownBy(() -> node.storage.stat(
                        new io.serai.config.name.AccountName("ends"), VirtualPath.parse("/outbox/late")))
                .isInstanceOf(SeraiException.class);
    }
}
