package io.serai.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.SessionId;
import io.serai.config.name.VirtualPath;
import io.serai.config.object.Protocol;
import io.serai.config.secret.SecretText;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.Reply;
import io.serai.edge.link.StreamKind;
import io.serai.edge.message.Method;
import io.serai.edge.message.OperationCodec;
import io.serai.edge.message.OperationCodec.Call;
import io.serai.edge.message.ReplyCodec;
import io.serai.edge.message.Status;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.CloseSession;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.OpenDownload;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.PartnerOperation.Origin;
import io.serai.endpoint.PartnerOperation.StatFile;
import io.serai.endpoint.PartnerOperation.StatPurpose;
import io.serai.endpoint.SshPublicKey;
import io.serai.endpoint.SshSignature;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.Signature;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A real server with two edges in the wrong hands: what they can do with its accounts, its files, its log. */
@Tag("paired")
class OwnedEdgeIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String TRAP = "x\n2026-01-01 ERROR [main] all is lost\u001b[2J\u202e";

    @Test
    void anOwnedEdgeActsForNobodyWhoDidNotLogInThroughIt() throws Exception {
        int first = ClusterDatabase.freePort();
        int second = ClusterDatabase.freePort();
        try (TestFolder folder = new TestFolder("owned-edge");
                RunningServer server = RunningServer.start(folder, "server", Map.of(), RunningServer.BRIEF)) {
            server.apply(Map.of("zone.yaml", zone(first, second)));
            Partner.of(server, folder, "acme");
            KeyPair key = KeyUtils.generateKeyPair("ssh-rsa", 2048);
            server.apply(Map.of("keyed.yaml", keyed(key)));
            try (OwnedEdge one = new OwnedEdge(server, "edge1", first, folder.resolve("edge1"), TRAP);
                    OwnedEdge two = new OwnedEdge(server, "edge2", second, folder.resolve("edge2"), "two")) {
                assertThat(metrics(server)).contains("serai_edge_up{edge=\"edge2\"");
                nothingOutsideTheHome(one.link(), server);
                nothingInSessionsOfOthers(one.link(), two.link());
                aProofCountsOnce(one.link(), two.link(), key);
                server.restart();
                assertThat(logsIn(one.link(), open(one.link(), "x"), key)).isFalse();
                assertThat(ask(two.link(), Method.STAT, new byte[] {1, 2, 3}).status())
                        .isEqualTo(Status.PROTOCOL);
            }
            assertThat(metrics(server)).contains("serai_edge_violations_total{edge=\"edge2\"} 1.0");
            String log = server.logSince(0);
            assertThat(log).contains("via edge1", "a proof of a public key login that was used before");
            assertThat(log.lines()).noneMatch(line -> line.startsWith("2026-01-01 ERROR"));
            assertThat(log).doesNotContain("\u001b[2J", "\u202e");
        }
    }

    private static String metrics(RunningServer server) throws IOException {
        try (InputStream metrics =
                URI.create(server.adminUrl() + "/observe/metrics").toURL().openStream()) {
            return new String(metrics.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String zone(int first, int second) {
        return """
                kind: Zone
                name: dmz
                spec:
                  edges:
                    - name: edge1
                      addresses: ["127.0.0.1:%d"]
                    - name: edge2
                      addresses: ["127.0.0.1:%d"]
                """.formatted(first, second);
    }

    private static String keyed(KeyPair key) {
        return """
                kind: Account
                name: keyed
                spec:
                  publicKeys: ["%s"]
                """.formatted(PublicKeyEntry.toString(key.getPublic()));
    }

    // ---- what is asked ----

    private static Reply ask(Link by, Method method, byte[] message) throws Exception {
        return by.call(0, method, message, PATIENCE);
    }

    private static Reply ask(Link by, PartnerOperation<?> operation) throws Exception {
        return ask(by, OperationCodec.method(operation), OperationCodec.encode(Call.of(operation, 0)));
    }

    private static SessionId open(Link by, String software) throws Exception {
        SessionId id = SessionId.random();
        Origin origin = new Origin(
                Protocol.SFTP,
                TRAP,
                new InetSocketAddress("203.0.113.9", 4711),
                new InetSocketAddress("192.0.2.1", 22),
                Optional.of(software));
        assertThat(ask(by, new OpenSession(id, origin)).status()).isEqualTo(Status.OK);
        return id;
    }

    private static boolean logsIn(Link by, SessionId session, KeyPair key) throws Exception {
        return accepted(ask(by, new LoginByPublicKey(session, "keyed", shown(key), proof(key))));
    }

    private static SshPublicKey shown(KeyPair pair) {
        ByteArrayBuffer blob = new ByteArrayBuffer();
        blob.putRawPublicKey(pair.getPublic());
        return new SshPublicKey("rsa-sha2-512", blob.getCompactData());
    }

    private static boolean accepted(Reply reply) throws Exception {
        assertThat(reply.status()).isEqualTo(Status.OK);
        return ReplyCodec.decode(LoginResult.class, reply.payload()) instanceof LoginResult.Accepted;
    }

    private static SessionId acme(Link by) throws Exception {
        SessionId session = open(by, TRAP);
        assertThat(accepted(ask(by, new LoginByPassword(session, "acme", new SecretText(Partner.PASSWORD)))))
                .isTrue();
        return session;
    }

    private static Status read(Link by, SessionId session, String path) throws Exception {
        byte[] open = OperationCodec.encode(Call.of(new OpenDownload(session, VirtualPath.parse(path)), 0));
        LinkStream stream = by.open(StreamKind.READ, Method.READ, open);
        return stream.awaitEnd(PATIENCE).orElseThrow().status();
    }

    /** As a client signs for an SSH session whose id is all zero. */
    private static SshSignature proof(KeyPair pair) throws Exception {
        SshPublicKey key = shown(pair);
        byte[] sshSession = new byte[32];
        ByteArrayBuffer data = new ByteArrayBuffer();
        data.putBytes(sshSession);
        data.putByte((byte) 50);
        data.putString("keyed");
        data.putString("ssh-connection");
        data.putString("publickey");
        data.putBoolean(true);
        data.putString(key.algorithm());
        data.putBytes(key.blob());
        Signature signer = Signature.getInstance("SHA512withRSA");
        signer.initSign(pair.getPrivate());
        signer.update(data.getCompactData());
        ByteArrayBuffer signature = new ByteArrayBuffer();
        signature.putString(key.algorithm());
        signature.putBytes(signer.sign());
        return new SshSignature(sshSession, signature.getCompactData());
    }

    // ---- what must not be ----

    private static void nothingOutsideTheHome(Link link, RunningServer server) throws Exception {
        SessionId session = acme(link);
        Path outbox = server.file("acme", "/outbox/x").getParent();
        Files.createSymbolicLink(outbox.resolve("passwd"), Path.of("/etc/passwd"));
        Files.createSymbolicLink(outbox.resolve("etc"), Path.of("/etc"));
        for (String path : new String[] {"/outbox/passwd", "/outbox/etc/passwd", "/etc/passwd"}) {
            assertThat(read(link, session, path)).as(path).isNotEqualTo(Status.OK);
            StatFile stat = new StatFile(session, VirtualPath.parse(path), StatPurpose.LOOK);
            assertThat(ask(link, stat).status()).as(path).isNotEqualTo(Status.OK);
        }
        assertThat(server.admin().get("/api/v1/sessions", Map.of()).toString())
                .contains("203.0.113.9:4711 via edge1")
                .doesNotContain("\\n", "\\u001b");
        assertThat(ask(link, new CloseSession(session, TRAP)).status()).isEqualTo(Status.OK);
    }

    private static void nothingInSessionsOfOthers(Link one, Link two) throws Exception {
        SessionId theirs = acme(two);
        assertThat(read(one, theirs, "/outbox")).isEqualTo(Status.NO_SESSION);
        assertThat(ask(one, new CloseSession(theirs, "away")).status()).isEqualTo(Status.NO_SESSION);
        assertThat(ask(two, new StatFile(theirs, VirtualPath.parse("/outbox"), StatPurpose.LOOK))
                        .status())
                .isEqualTo(Status.OK);
        assertThat(ask(two, new CloseSession(theirs, "bye")).status()).isEqualTo(Status.OK);
    }

    private static void aProofCountsOnce(Link one, Link two, KeyPair key) throws Exception {
        SessionId session = open(one, "x");
        assertThat(logsIn(one, session, key)).isTrue();
        assertThat(ask(one, new CloseSession(session, "bye")).status()).isEqualTo(Status.OK);
        assertThat(logsIn(one, open(one, "x"), key)).isFalse();
        assertThat(logsIn(two, open(two, "x"), key)).isFalse();
        assertThat(logsIn(one, session(one, session), key)).isFalse();
    }

    /** Once more with the id of a session that has ended. */
    private static SessionId session(Link by, SessionId id) throws Exception {
        Origin origin = new Origin(
                Protocol.SFTP,
                "x",
                new InetSocketAddress("203.0.113.9", 4711),
                new InetSocketAddress("192.0.2.1", 22),
                Optional.empty());
        assertThat(ask(by, new OpenSession(id, origin)).status()).isEqualTo(Status.OK);
        return id;
    }
}
