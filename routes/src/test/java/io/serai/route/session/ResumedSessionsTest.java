package io.serai.route.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.SessionId;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation.AskPurpose;
import io.serai.endpoint.PartnerOperation.AskUpload;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.ResumeSession;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadOutcome;
import io.serai.endpoint.UploadReceipt;
import io.serai.route.RunningNode;
import io.serai.route.TestAccounts;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Sessions that go from one node to another over one database. Each test has an account of its own. */
class ResumedSessionsTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String ADDRESS = "192.0.2.7";
    private static final AtomicLong ATTEMPTS = new AtomicLong();

    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    static Path folder;

    private static RunningNode first;
    private static RunningNode second;

    @BeforeAll
    static void startNodes() throws Exception {
        first = new RunningNode("n1", DATABASE.database(), folder, folder.resolve("area")).start();
        second = new RunningNode("n2", DATABASE.database(), folder, folder.resolve("area")).start();
    }

    @AfterAll
    static void stopNodes() {
        first.close();
        second.close();
    }

    private static void everywhere(TestAccounts account) {
        List.of(first, second).forEach(node -> node.objects.put(account.build()));
    }

    private static String credentials(TestAccounts account) {
        return SessionLogins.credentials(account.build());
    }

    private static LoginResult resume(RunningNode node, SessionId session, TestAccounts asItWas) {
        return resume(node, session, asItWas, ATTEMPTS.incrementAndGet());
    }

    private static LoginResult resume(RunningNode node, SessionId session, TestAccounts asItWas, long attempt) {
        return node.sessions.answer(new ResumeSession(
                session,
                RunningNode.origin(Protocol.SFTP, ADDRESS),
                new AccountName(asItWas.build().name().value()),
                credentials(asItWas),
                attempt));
    }

    private static void assertRefusedAndGone(RunningNode node, SessionId session, TestAccounts asItWas) {
        assertThat(resume(node, session, asItWas)).isEqualTo(new LoginResult.Refused());
        assertNoSession(node, session);
    }

    private static void assertNoSession(RunningNode node, SessionId session) {
        assertThatThrownBy(() -> node.sessions.answer(new StatFile(session, VirtualPath.ROOT, StatPurpose.LOOK)))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SESSION));
    }

    private static Optional<String> nodeOf(SessionId session) {
        return first.limits.sessions().list().stream()
                .filter(row -> row.id().equals(session))
                .map(row -> row.node().value())
                .findFirst();
    }

    @Test
    void aSessionGoesOnWithItsPlaceAndTheFormerNodeDoesNotTakeThatAway() {
        TestAccounts account = TestAccounts.named("goes-on").limited(1, OptionalLong.empty(), OptionalLong.empty());
        everywhere(account);
        SessionId session = first.session("goes-on");
        assertThat(resume(second, session, account)).isInstanceOf(LoginResult.Accepted.class);
        assertThat(nodeOf(session)).contains("n2");
        first.sessions.answer(new CloseSession(session, "it goes on elsewhere"));
        SessionId another = first.open(Protocol.SFTP, ADDRESS);
        assertThat(first.logIn(another, "goes-on", "secret"))
                .as("the one place is taken")
                .isEqualTo(new LoginResult.Refused(LoginResult.Guess.NONE));
        assertThat(nodeOf(session)).contains("n2");
        second.put(session, "/outbox/a", new byte[10]);

        second.sessions.answer(new CloseSession(session, "done"));
        await().atMost(SOON).until(() -> nodeOf(session).isEmpty());
        assertThat(first.logIn(first.open(Protocol.SFTP, ADDRESS), "goes-on", "secret"))
                .isInstanceOf(LoginResult.Accepted.class);
    }

    @Test
    void aSessionComesBackToItsOwnNodeOnlyWithItsPlace() {
        TestAccounts account = TestAccounts.named("comes-back").limited(1, OptionalLong.empty(), OptionalLong.empty());
        everywhere(account);
        SessionId session = first.session("comes-back");
        assertThat(resume(first, session, account)).isInstanceOf(LoginResult.Accepted.class);
        assertThat(nodeOf(session)).contains("n1");
        first.put(session, "/outbox/a", new byte[10]);
        // Another node has taken it meanwhile, and lost it to this one again.
        assertThat(resume(second, session, account)).isInstanceOf(LoginResult.Accepted.class);
        assertThat(resume(first, session, account)).isInstanceOf(LoginResult.Accepted.class);
        assertThat(nodeOf(session)).contains("n1");
        // Its place is gone, and somebody else has it.
        second.sessions.answer(new CloseSession(session, "it goes on elsewhere"));
        assertThat(first.limits.sessions().requestEnd(session, "olga")).isTrue();
        assertThat(resume(first, session, account)).isEqualTo(new LoginResult.Refused());
    }

    @Test
    void aResumeThatCameLateTakesNothingAway() {
        TestAccounts account = TestAccounts.named("late");
        everywhere(account);
        SessionId session = first.session("late");
        long givenUp = ATTEMPTS.incrementAndGet();
        assertThat(resume(first, session, account)).isInstanceOf(LoginResult.Accepted.class);
        assertThat(resume(second, session, account, givenUp)).isEqualTo(new LoginResult.Refused());
        assertNoSession(second, session);
        assertThat(nodeOf(session)).contains("n1");
        first.put(session, "/outbox/a", new byte[10]);
    }

    @Test
    void aSessionThatHasEndedGoesNowhere() {
        TestAccounts account = TestAccounts.named("ended");
        everywhere(account);
        SessionId closed = first.session("ended");
        first.sessions.answer(new CloseSession(closed, "bye"));
        await().atMost(SOON).until(() -> nodeOf(closed).isEmpty());
        assertRefusedAndGone(second, closed, account);

        SessionId ended = first.session("ended");
        first.sessions.end(ended, "an operator");
        await().atMost(SOON).until(() -> nodeOf(ended).isEmpty());
        assertRefusedAndGone(second, ended, account);
        assertRefusedAndGone(second, SessionId.random(), account);
    }

    @Test
    void theAccountIsAskedAsItStandsThen() {
        TestAccounts account = TestAccounts.named("changed");
        everywhere(account);
        SessionId session = first.session("changed");
        second.objects.put(account.withPassword("another").build());
        assertRefusedAndGone(second, session, account);
        second.objects.put(account.withKeys("ssh-ed25519 AAAA a key").build());
        assertRefusedAndGone(second, session, account);
        second.objects.put(account.disabled().build());
        assertRefusedAndGone(second, session, account);
        second.objects.put(account.from("203.0.113.0/24").build());
        assertRefusedAndGone(second, session, account);
        second.objects.put(account.with(Protocol.HTTPS).build());
        assertRefusedAndGone(second, session, account);
        assertThat(nodeOf(session)).as("it stays where it is").contains("n1");
        second.objects.put(account.build());
        assertThat(resume(second, session, account)).isInstanceOf(LoginResult.Accepted.class);
    }

    @Test
    void aSessionOfAnotherAccountIsNotTaken() {
        everywhere(TestAccounts.named("mine"));
        everywhere(TestAccounts.named("yours"));
        SessionId yours = first.session("yours");
        assertRefusedAndGone(second, yours, TestAccounts.named("mine"));
        assertThat(nodeOf(yours)).contains("n1");
    }

    @Test
    void aNodeEndsASessionThatAnotherOneHasTaken() {
        TestAccounts account = TestAccounts.named("taken");
        everywhere(account);
        SessionId session = first.session("taken");
        assertThat(resume(second, session, account)).isInstanceOf(LoginResult.Accepted.class);
        await().atMost(SOON).until(() -> first.endedByNode.contains(session));
        assertNoSession(first, session);
        assertThat(second.endedByNode).doesNotContain(session);
    }

    @Test
    void aNodeThatStopsLeavesItsSessionsToOthers() {
        TestAccounts account = TestAccounts.named("left");
        everywhere(account);
        SessionId session = first.session("left");
        first.sessions.leave(List.of(session));
        first.sessions.end(session, "the server stops");
        assertNoSession(first, session);
        assertThat(resume(second, session, account)).isInstanceOf(LoginResult.Accepted.class);
        assertThat(nodeOf(session)).contains("n2");
    }

    // ---- uploads ----

    private static UploadOutcome ask(SessionId session, TransferId transfer, AskPurpose purpose) {
        return second.sessions.answer(new AskUpload(session, transfer, VirtualPath.parse("/outbox/a"), purpose));
    }

    @Test
    void anotherNodeKnowsWhatWasCommitted() {
        TestAccounts account = TestAccounts.named("committed");
        everywhere(account);
        SessionId session = first.session("committed");
        UploadReceipt receipt = first.put(session, "/outbox/a", "hello".getBytes(StandardCharsets.UTF_8));
        assertThat(resume(second, session, account)).isInstanceOf(LoginResult.Accepted.class);
        assertThat(ask(session, receipt.transfer(), AskPurpose.LOOK))
                .isEqualTo(new UploadOutcome(UploadOutcome.State.COMMITTED, Optional.of(receipt)));
        assertThat(ask(session, receipt.transfer(), AskPurpose.SETTLE).state())
                .isEqualTo(UploadOutcome.State.COMMITTED);
        SessionId other = second.session("committed");
        assertThat(ask(other, receipt.transfer(), AskPurpose.LOOK).state())
                .as("for the session that sent it")
                .isEqualTo(UploadOutcome.State.OPEN);
        assertThat(ask(other, receipt.transfer(), AskPurpose.SETTLE).state()).isEqualTo(UploadOutcome.State.FAILED);
        assertThat(ask(session, receipt.transfer(), AskPurpose.LOOK).state()).isEqualTo(UploadOutcome.State.COMMITTED);
    }

    @Test
    void whatIsSettledIsNeverCommitted() {
        TestAccounts account = TestAccounts.named("settled");
        everywhere(account);
        SessionId session = first.session("settled");
        try (UploadChannel upload = first.upload(session, "/outbox/a")) {
            upload.write(ByteBuffer.wrap(new byte[10]), 0);
            assertThat(resume(second, session, account)).isInstanceOf(LoginResult.Accepted.class);
            assertThat(ask(session, upload.transfer(), AskPurpose.LOOK).state()).isEqualTo(UploadOutcome.State.OPEN);
            assertThat(ask(session, upload.transfer(), AskPurpose.SETTLE).state())
                    .isEqualTo(UploadOutcome.State.FAILED);
            assertThat(ask(session, upload.transfer(), AskPurpose.LOOK).state()).isEqualTo(UploadOutcome.State.FAILED);
            assertThatThrownBy(upload::commit).isInstanceOf(SeraiException.class);
        }
        assertThatThrownBy(() ->
                        second.sessions.answer(new StatFile(session, VirtualPath.parse("/outbox/a"), StatPurpose.LOOK)))
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SUCH_FILE));
    }
}
