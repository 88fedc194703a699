package io.serai.route.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.serai.cluster.database.TestDatabase;
import io.serai.cluster.ledger.TransferState;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Permission;
import io.serai.config.object.Protocol;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.FileAttributes;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.Overwrite;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.PartnerOperation.UploadMode;
import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import io.serai.endpoint.UploadChannel;
import io.serai.endpoint.UploadReceipt;
import io.serai.route.RunningNode;
import io.serai.route.TestAccounts;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Everything that a partner can ask, on real storage and a real database. Each test has an account of its own. */
class PartnerSessionsTest {
    @RegisterExtension
    static final TestDatabase DATABASE = new TestDatabase();

    @TempDir
    static Path folder;

    private static RunningNode node;

    @BeforeAll
    static void startNode() throws Exception {
        node = new RunningNode(DATABASE.database(), folder, folder.resolve("area")).start();
    }

    @AfterAll
    static void stopNode() {
        node.close();
    }

    private static VirtualPath path(String text) {
        return VirtualPath.parse(text);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void assertRefused(ErrorCode code, ThrowingCallable act) {
        assertThatThrownBy(act)
                .isInstanceOfSatisfying(
                        SeraiException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static FileAttributes stat(SessionId session, String name, StatPurpose purpose) {
        return node.sessions.answer(new PartnerOperation.StatFile(session, path(name), purpose));
    }

    @Test
    void uploadsAreListedReadRenamedAndRemoved() {
        node.objects.put(TestAccounts.named("whole").build());
        SessionId session = node.session("whole");
        UploadReceipt receipt = node.put(session, "/outbox/a.txt", bytes("hello"));

        assertThat(stat(session, "/outbox/a.txt", StatPurpose.LOOK).version()).isEqualTo(receipt.version());
        node.sessions.answer(new PartnerOperation.MakeFolder(session, path("/outbox/sub")));
        node.sessions.answer(new PartnerOperation.RenameFile(
                session, path("/outbox/a.txt"), path("/outbox/sub/b.txt"), Overwrite.REFUSE));
        assertThat(node.sessions
                        .answer(new PartnerOperation.ListFolder(session, path("/outbox/sub"), Optional.empty()))
                        .entries())
                .extracting(entry -> entry.name())
                .containsExactly("b.txt");
        try (DownloadChannel download =
                node.sessions.answer(new PartnerOperation.OpenDownload(session, path("/outbox/sub/b.txt")))) {
            ByteBuffer read = ByteBuffer.allocate(100);
            assertThat(download.read(read, 0)).isEqualTo(5);
            assertThat(download.read(ByteBuffer.allocate(1), 5)).isEqualTo(-1);
            assertThat(node.sessions.openTransfers()).isEqualTo(1);
            download.delivered();
            await().until(() -> node.ledger
                    .get(download.transfer())
                    .map(row -> row.state())
                    .equals(Optional.of(TransferState.COMPLETED)));
        }
        node.sessions.answer(new PartnerOperation.RemoveFile(session, path("/outbox/sub/b.txt")));
        node.sessions.answer(new PartnerOperation.RemoveFolder(session, path("/outbox/sub")));
        assertRefused(ErrorCode.NO_SUCH_FILE, () -> stat(session, "/outbox/sub", StatPurpose.LOOK));
    }

    @Test
    void everyOperationNeedsItsRight() {
        node.objects.put(TestAccounts.named("rights").build());
        SessionId session = node.session("rights");
        node.put(session, "/outbox/a", bytes("a"));
        node.put(session, "/outbox/b", bytes("b"));

        node.objects.put(TestAccounts.named("rights").with(new Permission[0]).build());
        for (PartnerOperation<?> operation : List.<PartnerOperation<?>>of(
                new PartnerOperation.ListFolder(session, path("/outbox"), Optional.empty()),
                new PartnerOperation.MakeFolder(session, path("/x")),
                new PartnerOperation.RemoveFolder(session, path("/inbox")),
                new PartnerOperation.RemoveFile(session, path("/outbox/a")),
                new PartnerOperation.RenameFile(session, path("/outbox/a"), path("/outbox/c"), Overwrite.REPLACE),
                new PartnerOperation.SetModifiedTime(session, path("/outbox/a"), java.time.Instant.EPOCH),
                new PartnerOperation.OpenUpload(session, path("/outbox/z"), UploadMode.REPLACE, OptionalLong.empty()),
                new PartnerOperation.OpenDownload(session, path("/outbox/a")))) {
            assertRefused(ErrorCode.PERMISSION_DENIED, () -> node.sessions.answer(operation));
        }
        assertRefused(ErrorCode.NO_SUCH_FILE, () -> stat(session, "/outbox/a", StatPurpose.LOOK));
        assertThat(stat(session, "/outbox", StatPurpose.LOOK).isFolder()).isTrue();

        node.objects.put(TestAccounts.named("rights").with(Permission.RENAME).build());
        assertRefused(
                ErrorCode.EXISTS,
                () -> node.sessions.answer(new PartnerOperation.RenameFile(
                        session, path("/outbox/a"), path("/outbox/b"), Overwrite.REPLACE)));
    }

    @Test
    void brokenUploadsAreHiddenButForTheirResume() {
        node.objects.put(TestAccounts.named("resume").build());
        SessionId session = node.session("resume");
        UploadChannel broken = node.upload(session, "/outbox/part");
        broken.write(ByteBuffer.wrap(bytes("half")), 0);
        node.sessions.answer(new PartnerOperation.CloseSession(session, "connection reset"));
        assertRefused(ErrorCode.NO_SESSION, () -> broken.write(ByteBuffer.wrap(bytes("more")), 4));
        broken.close();

        SessionId again = node.session("resume");
        assertRefused(ErrorCode.NO_SUCH_FILE, () -> stat(again, "/outbox/part", StatPurpose.LOOK));
        assertThat(node.sessions
                        .answer(new PartnerOperation.ListFolder(again, path("/outbox"), Optional.empty()))
                        .entries())
                .isEmpty();
        assertThat(stat(again, "/outbox/part", StatPurpose.RESUME).sizeBytes()).isEqualTo(3);
        try (UploadChannel resumed = node.sessions.answer(new PartnerOperation.OpenUpload(
                again, path("/outbox/part"), UploadMode.RESUME, OptionalLong.empty()))) {
            assertThat(resumed.startOffset()).isEqualTo(3);
            resumed.write(ByteBuffer.wrap(bytes("e and half")), 3);
            assertThat(resumed.commit().sizeBytes()).isEqualTo(13);
        }
    }

    @Test
    void connectionsBeforeTheLoginAreCountedByNetworkForIpv6() {
        for (int i = 0; i < SessionSettings.DEFAULTS.mostBeforeLogin(); i++) {
            node.open(Protocol.SFTP, "2001:db8:0:7::" + Integer.toHexString(i));
        }
        assertRefused(ErrorCode.BUSY, () -> node.open(Protocol.SFTP, "2001:db8:0:7:ffff::1"));
        node.open(Protocol.SFTP, "2001:db8:0:8::1");
    }

    @Test
    void limitsOfSizeQuotaAndSessionsHold() {
        node.objects.put(TestAccounts.named("limits")
                .limited(1, OptionalLong.of(10), OptionalLong.of(15))
                .build());
        SessionId session = node.session("limits");
        assertThat(node.logIn(node.open(Protocol.SFTP, "192.0.2.7"), "limits", "secret"))
                .isInstanceOf(LoginResult.Refused.class);
        try (UploadChannel upload = node.upload(session, "/outbox/big")) {
            assertRefused(ErrorCode.TOO_LARGE, () -> upload.write(ByteBuffer.wrap(new byte[11]), 0));
        }
        node.put(session, "/outbox/ten", new byte[10]);
        try (UploadChannel upload = node.upload(session, "/outbox/six")) {
            assertRefused(ErrorCode.QUOTA, () -> upload.write(ByteBuffer.wrap(new byte[6]), 0));
        }
    }

    @Test
    void aDisabledAccountLosesItsSessions() {
        node.objects.put(TestAccounts.named("gone").build());
        SessionId session = node.session("gone");
        UploadChannel upload = node.upload(session, "/outbox/x");
        upload.write(ByteBuffer.wrap(bytes("x")), 0);

        node.objects.put(TestAccounts.named("gone").disabled().build());

        assertThat(node.endedByNode).contains(session);
        assertRefused(ErrorCode.NO_SESSION, upload::commit);
        assertRefused(ErrorCode.NO_SESSION, () -> stat(session, "/", StatPurpose.LOOK));
        assertThat(node.logIn(node.open(Protocol.SFTP, "192.0.2.7"), "gone", "secret"))
                .isInstanceOf(LoginResult.Refused.class);
    }

    @Test
    void anotherPasswordEndsTheSessionsOfTheOldOne() {
        node.objects.put(TestAccounts.named("renewed").build());
        SessionId session = node.session("renewed");
        node.objects.put(TestAccounts.named("renewed").with(Permission.LIST).build());
        assertThat(node.endedByNode).doesNotContain(session);

        node.objects.put(TestAccounts.named("renewed").withPassword("other").build());

        assertThat(node.endedByNode).contains(session);
        assertRefused(ErrorCode.NO_SESSION, () -> stat(session, "/", StatPurpose.LOOK));
    }

    @Test
    void nobodyDoesAnythingBeforeTheLogin() {
        SessionId session = node.open(Protocol.SFTP, "192.0.2.9");
        assertRefused(ErrorCode.NO_SESSION, () -> stat(session, "/", StatPurpose.LOOK));
        for (String user : List.of("", "nobody", "../etc", "a\u0000b", "x".repeat(10_000))) {
            assertThat(node.logIn(session, user, "secret")).isInstanceOf(LoginResult.Refused.class);
        }
        assertRefused(ErrorCode.NO_SESSION, () -> stat(SessionId.random(), "/", StatPurpose.LOOK));
    }

    @Test
    void guessingLocksOutEvenTheRightPassword() {
        node.objects.put(TestAccounts.named("guessed").build());
        for (int i = 0; i < SessionSettings.Lockout.DEFAULTS.failuresOfLogin(); i++) {
            node.logIn(node.open(Protocol.FTPS, "192.0.2.66"), "guessed", "guess" + i);
        }
        assertThat(node.logIn(node.open(Protocol.FTPS, "192.0.2.66"), "guessed", "secret"))
                .isInstanceOf(LoginResult.Refused.class);
        assertThat(node.logIn(node.open(Protocol.FTPS, "192.0.2.67"), "guessed", "secret"))
                .isInstanceOf(LoginResult.Accepted.class);
    }

    @Test
    void onlyASignatureByAKeyOfTheAccountLogsIn() throws Exception {
        KeyPair known = KeyUtils.generateKeyPair("ssh-rsa", 2048);
        KeyPair stranger = KeyUtils.generateKeyPair("ssh-rsa", 2048);
        node.objects.put(TestAccounts.named("keyed")
                .withKeys(PublicKeyEntry.toString(known.getPublic()) + " partner@example")
                .build());
        SessionId session = node.open(Protocol.SFTP, "192.0.2.7");
        SshPublicKey key = key(known);

        assertThat(node.sessions.answer(new PartnerOperation.CheckPublicKey(session, "keyed", key)))
                .isEqualTo(PartnerOperation.KeyAnswer.ACCEPTABLE);
        assertThat(node.sessions.answer(new PartnerOperation.CheckPublicKey(session, "keyed", key(stranger))))
                .isEqualTo(PartnerOperation.KeyAnswer.REFUSED);
        assertThat(node.sessions.answer(new PartnerOperation.LoginByPublicKey(
                        session, "keyed", key(stranger), signature(stranger, key(stranger), "keyed"))))
                .isInstanceOf(LoginResult.Refused.class);
        assertThat(node.sessions.answer(new PartnerOperation.LoginByPublicKey(
                        session, "keyed", key, signature(stranger, key, "keyed"))))
                .isInstanceOf(LoginResult.Refused.class);
        assertThat(node.sessions.answer(
                        new PartnerOperation.LoginByPublicKey(session, "keyed", key, signature(known, key, "someone"))))
                .isInstanceOf(LoginResult.Refused.class);
        assertThat(node.sessions.answer(
                        new PartnerOperation.LoginByPublicKey(session, "keyed", key, signature(known, key, "keyed"))))
                .isInstanceOf(LoginResult.Accepted.class);
    }

    private static SessionId through(String edge) {
        PartnerOperation.Origin said = RunningNode.origin(Protocol.SFTP, "192.0.2.7");
        SessionId session = SessionId.random();
        node.sessions.answer(new PartnerOperation.OpenSession(
                session,
                new PartnerOperation.Origin(
                        said.protocol(),
                        said.listener(),
                        said.client(),
                        said.local(),
                        said.clientSoftware(),
                        Optional.of(edge))));
        return session;
    }

    @Test
    void aFailureOfTheServerIsNoGuess() throws Exception {
        node.objects.put(TestAccounts.named("unlucky").build());
        Path home = folder.resolve("storage/homes/unlucky");
        Files.createDirectories(home.getParent());
        Files.writeString(home, "no folder");
        assertThat(node.logIn(through("edge-1"), "unlucky", "secret"))
                .isEqualTo(new LoginResult.Refused(LoginResult.Guess.NONE));
        assertThat(node.logIn(through("edge-1"), "unlucky", "guess"))
                .isEqualTo(new LoginResult.Refused(LoginResult.Guess.MADE));
        Files.delete(home);
        assertThat(node.logIn(through("edge-1"), "unlucky", "secret")).isInstanceOf(LoginResult.Accepted.class);
    }

    /** An edge in the wrong hands has sessions of those who logged in through it. */
    @Test
    void theSessionOfOneAccountTriesNoPasswordsOfAnother() {
        node.objects.put(TestAccounts.named("insider").build());
        node.objects.put(TestAccounts.named("wanted").build());
        SessionId session = through("edge-1");
        assertThat(node.logIn(session, "insider", "secret")).isInstanceOf(LoginResult.Accepted.class);
        assertThat(node.logIn(session, "wanted", "guess")).isEqualTo(new LoginResult.Refused(LoginResult.Guess.MADE));
        assertThat(node.logIn(session, "wanted", "secret"))
                .as("right, and not said so")
                .isEqualTo(new LoginResult.Refused(LoginResult.Guess.MADE));
        for (int i = 0; i < SessionSettings.Lockout.DEFAULTS.failuresOfLogin(); i++) {
            node.logIn(session, "wanted", "guess" + i);
        }
        assertThat(node.logIn(through("edge-1"), "wanted", "secret"))
                .as("what was tried counts")
                .isEqualTo(new LoginResult.Refused(LoginResult.Guess.NONE));
    }

    /** An edge in the wrong hands makes addresses up. */
    @Test
    void whatAnEdgeSaysOfAnAddressCountsNotAgainstWhoComesFromThere() {
        node.objects.put(TestAccounts.named("framed").build());
        for (int i = 0; i < SessionSettings.Lockout.DEFAULTS.failuresOfAddress(); i++) {
            node.logIn(through("edge-1"), i % 2 == 0 ? "framed" : "nobody" + i, "guess" + i);
        }
        assertThat(node.logIn(through("edge-1"), "framed", "secret")).isInstanceOf(LoginResult.Refused.class);
        assertThat(node.logIn(node.open(Protocol.FTPS, "192.0.2.7"), "framed", "secret"))
                .isInstanceOf(LoginResult.Accepted.class);
        assertThat(node.logIn(through("edge-2"), "framed", "secret")).isInstanceOf(LoginResult.Accepted.class);
    }

    @Test
    void aProofThatAnEdgeRelaysCountsOnceInTheWholeCluster() throws Exception {
        KeyPair known = KeyUtils.generateKeyPair("ssh-rsa", 2048);
        node.objects.put(TestAccounts.named("relayed")
                .withKeys(PublicKeyEntry.toString(known.getPublic()) + " partner@example")
                .build());
        SshPublicKey key = key(known);
        SshSignature proof = signature(known, key, "relayed");
        SessionId first = through("edge-1");
        TestAccounts account =
                TestAccounts.named("relayed").withKeys(PublicKeyEntry.toString(known.getPublic()) + " partner@example");
        node.objects.put(account.disabled().build());
        assertThat(node.sessions.answer(new PartnerOperation.LoginByPublicKey(first, "relayed", key, proof)))
                .isInstanceOf(LoginResult.Refused.class);
        node.objects.put(account.build());
        // The client may try again on its connection after it was refused for another reason.
        assertThat(node.sessions.answer(new PartnerOperation.LoginByPublicKey(first, "relayed", key, proof)))
                .isInstanceOf(LoginResult.Accepted.class);
        assertThat(node.sessions.list().stream()
                        .filter(view -> view.id().equals(first))
                        .findFirst()
                        .orElseThrow()
                        .edge())
                .contains("edge-1");
        node.sessions.answer(new PartnerOperation.CloseSession(first, "bye"));
        for (String edge : List.of("edge-1", "edge-2")) {
            assertThat(node.sessions.answer(
                            new PartnerOperation.LoginByPublicKey(through(edge), "relayed", key, proof)))
                    .isInstanceOf(LoginResult.Refused.class);
        }
        // Not even in a session that the edge gives the id of the first one.
        node.sessions.answer(new PartnerOperation.OpenSession(
                first,
                new PartnerOperation.Origin(
                        Protocol.SFTP,
                        "x",
                        RunningNode.origin(Protocol.SFTP, "192.0.2.7").client(),
                        RunningNode.origin(Protocol.SFTP, "192.0.2.7").local(),
                        Optional.empty(),
                        Optional.of("edge-1"))));
        assertThat(node.sessions.answer(new PartnerOperation.LoginByPublicKey(first, "relayed", key, proof)))
                .isInstanceOf(LoginResult.Refused.class);
        // It is known to the database, and so to other nodes and after a restart.
        assertThat(new io.serai.cluster.limit.UsedProofs(DATABASE.database())
                        .use(proof.sshSessionId(), java.util.UUID.randomUUID()))
                .isFalse();
    }

    private static SshPublicKey key(KeyPair pair) {
        ByteArrayBuffer blob = new ByteArrayBuffer();
        blob.putRawPublicKey(pair.getPublic());
        return new SshPublicKey("rsa-sha2-512", blob.getCompactData());
    }

    private static SshSignature signature(KeyPair pair, SshPublicKey key, String user) throws Exception {
        byte[] sshSession = new byte[32];
        ByteArrayBuffer data = new ByteArrayBuffer();
        data.putBytes(sshSession);
        data.putByte((byte) 50);
        data.putString(user);
        data.putString("ssh-connection");
        data.putString("publickey");
        data.putBoolean(true);
        data.putString(key.algorithm());
        data.putBytes(key.blob());
        java.security.Signature signer = java.security.Signature.getInstance("SHA512withRSA");
        signer.initSign(pair.getPrivate());
        signer.update(data.getCompactData());
        ByteArrayBuffer signature = new ByteArrayBuffer();
        signature.putString(key.algorithm());
        signature.putBytes(signer.sign());
        return new SshSignature(sshSession, signature.getCompactData());
    }

    @Test
    void operatorsSeeAndEndSessions() {
        node.objects.put(TestAccounts.named("watched").build());
        SessionId session = node.session("watched");
        UploadChannel upload = node.upload(session, "/outbox/x");
        upload.write(ByteBuffer.wrap(bytes("abc")), 0);
        SessionView view = node.sessions.list().stream()
                .filter(found -> found.id().equals(session))
                .findFirst()
                .orElseThrow();
        assertThat(view.transfers()).singleElement().satisfies(running -> {
            assertThat(running.path()).isEqualTo("/outbox/x");
            assertThat(running.bytes()).isEqualTo(3);
        });

        assertThat(node.sessions.end(session, "an operator ended it")).isTrue();
        assertRefused(ErrorCode.NO_SESSION, upload::commit);
        assertThat(node.endedByNode).contains(session);
        node.sessions.answer(new PartnerOperation.CloseSession(session, "closed"));
        assertThat(node.sessions.end(session, "again")).isFalse();
    }
}
