package io.serai.endpoint.sftp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import io.serai.endpoint.PartnerOperation.OpenSession;
import io.serai.endpoint.SessionGreeting;
import io.serai.endpoint.SshPublicKey;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SftpLoginTest {
    private static final Duration LIMIT = Duration.ofSeconds(15);

    @TempDir
    Path folder;

    private SftpFixture server;
    private final List<SshClient> clients = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        server = new SftpFixture(folder, "&maxUnauthenticated=2&maxSessions=3&loginGrace=20s");
    }

    @AfterEach
    void stop() {
        clients.forEach(SshClient::stop);
        server.close();
    }

    @Test
    void refusesAWrongPasswordAnUnknownUserAndAFailingAnswer() {
        assertThatThrownBy(() -> server.connect(SftpFixture.USER, "wrong")).isInstanceOf(JSchException.class);
        assertThatThrownBy(() -> server.connect("nobody", SftpFixture.PASSWORD)).isInstanceOf(JSchException.class);
        server.partners.before(operation -> {
            if (operation instanceof LoginByPassword) {
                throw new SeraiException(ErrorCode.DATABASE_DOWN, "no database");
            }
        });
        assertThatThrownBy(() -> server.connect()).isInstanceOf(JSchException.class);
        assertThat(server.partners.operations(LoginByPassword.class)).hasSize(3);
        await().atMost(LIMIT).until(() -> server.partners.sessions().isEmpty());
    }

    @Test
    void disconnectsAfterTheTriesOfTheGreeting() throws Exception {
        server.partners.greetWith(new SessionGreeting(Optional.of("Welcome\n"), 2, Duration.ofSeconds(20)));
        ClientSession session = connect("acme");
        session.addPasswordIdentity("one");
        session.addPasswordIdentity("two");
        session.addPasswordIdentity("three");
        assertThatThrownBy(() -> session.auth().verify(LIMIT)).isInstanceOf(IOException.class);
        await().atMost(LIMIT).until(() -> !session.isOpen());
        assertThat(server.partners.operations(LoginByPassword.class)).hasSize(2);
    }

    @Test
    void refusesUserNamesWithControlCharactersBeforeAnythingElse() throws Exception {
        for (String user : List.of("acme\0", "ac\nme", "acme\u007f", "\u202eemca", "", "x".repeat(300))) {
            ClientSession session = connect(user);
            session.addPasswordIdentity(SftpFixture.PASSWORD);
            assertThatThrownBy(() -> session.auth().verify(LIMIT)).as(user).isInstanceOf(IOException.class);
            session.close(true);
            await().atMost(LIMIT).until(() -> server.partners.sessions().isEmpty());
        }
        assertThat(server.partners.operations(LoginByPassword.class)).isEmpty();
    }

    @Test
    void refusesASignatureByAnotherKey() throws Exception {
        KeyPair known = KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, 256);
        KeyPair other = KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, 256);
        server.partners.addAccount("acme", "pw", publicKey(known));
        ClientSession session = connect("acme");
        session.addPublicKeyIdentity(new KeyPair(known.getPublic(), other.getPrivate()));
        assertThatThrownBy(() -> session.auth().verify(LIMIT)).isInstanceOf(IOException.class);
        assertThat(server.partners.operations(LoginByPublicKey.class)).hasSize(1);

        ClientSession honest = connect("acme");
        honest.addPublicKeyIdentity(known);
        honest.auth().verify(LIMIT);
    }

    @Test
    void refusesKeysThatAreNoKeys() throws Exception {
        byte[][] blobs = {
            new byte[0],
            new byte[] {0, 0, 0, 11},
            new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 1},
            "/etc/passwd".getBytes(StandardCharsets.UTF_8),
            "\\\\host\\share\\key".getBytes(StandardCharsets.UTF_8),
            new byte[60_000],
        };
        for (byte[] blob : blobs) {
            ClientSession session = connect("acme");
            sendPublicKeyRequest(session, "ssh-ed25519", blob);
            session.close(true);
        }
        ClientSession session = connect("acme");
        session.addPasswordIdentity(SftpFixture.PASSWORD);
        session.auth().verify(LIMIT);
        assertThat(server.partners.operations(LoginByPublicKey.class)).isEmpty();
    }

    private static void sendPublicKeyRequest(ClientSession session, String algorithm, byte[] blob) throws IOException {
        session.waitFor(List.of(ClientSession.ClientSessionEvent.WAIT_AUTH), LIMIT);
        Buffer request = session.createBuffer(SshConstants.SSH_MSG_USERAUTH_REQUEST);
        request.putString("acme");
        request.putString("ssh-connection");
        request.putString("publickey");
        request.putBoolean(true);
        request.putString(algorithm);
        request.putBytes(blob);
        request.putBytes(new byte[64]);
        session.writePacket(request).verify(LIMIT);
    }

    @Test
    void disconnectsOnMessagesThatNeedALogin() throws Exception {
        int[] messages = {
            SshConstants.SSH_MSG_USERAUTH_SUCCESS,
            SshConstants.SSH_MSG_GLOBAL_REQUEST,
            SshConstants.SSH_MSG_CHANNEL_OPEN,
            SshConstants.SSH_MSG_CHANNEL_REQUEST,
            SshConstants.SSH_MSG_CHANNEL_DATA
        };
        for (int message : messages) {
            ClientSession session = connect("acme");
            session.waitFor(List.of(ClientSession.ClientSessionEvent.WAIT_AUTH), LIMIT);
            Buffer packet = session.createBuffer((byte) message);
            packet.putString("session");
            packet.putUInt(0);
            packet.putUInt(1 << 20);
            packet.putUInt(32_768);
            session.writePacket(packet);
            await(SshConstants.getCommandMessageName(message)).atMost(LIMIT).until(() -> !session.isOpen());
        }
        assertThat(server.partners.operations()).allMatch(operation -> !(operation instanceof LoginByPassword));
        await().atMost(LIMIT).until(() -> server.partners.sessions().isEmpty());
    }

    @Test
    void offersNoShellNoCommandsAndNoForwarding() throws Exception {
        Session session = server.connect();
        assertThatThrownBy(() -> session.openChannel("shell").connect(5_000)).isInstanceOf(JSchException.class);
        com.jcraft.jsch.ChannelExec exec = (com.jcraft.jsch.ChannelExec) session.openChannel("exec");
        exec.setCommand("id");
        assertThatThrownBy(() -> exec.connect(5_000)).isInstanceOf(JSchException.class);
        assertThatThrownBy(() -> session.setPortForwardingR(0, "127.0.0.1", 1)).isInstanceOf(JSchException.class);
        assertThatThrownBy(() ->
                        session.getStreamForwarder("127.0.0.1", server.port()).connect(5_000))
                .isInstanceOf(JSchException.class);
        ChannelSftp sftp = SftpFixture.sftp(session);
        assertThat(sftp.pwd()).isEqualTo("/");
        session.disconnect();
    }

    @Test
    void boundsConnectionsThatDoNotLogIn() throws Exception {
        try (Socket first = new Socket("127.0.0.1", server.port());
                Socket second = new Socket("127.0.0.1", server.port())) {
            assertThat(first.getInputStream().read()).isEqualTo('S');
            assertThat(second.getInputStream().read()).isEqualTo('S');
            try (Socket third = new Socket("127.0.0.1", server.port())) {
                third.setSoTimeout((int) LIMIT.toMillis());
                assertThat(third.getInputStream().read()).isEqualTo(-1);
            } catch (java.net.SocketException e) {
                assertThat(e).hasMessageContaining("reset");
            }
        }
        await().atMost(LIMIT)
                .ignoreExceptions()
                .untilAsserted(() -> server.connect().disconnect());
        assertThat(server.partners.operations(OpenSession.class))
                .as("connections that never ask to log in are not told of")
                .hasSize(1);
    }

    @Test
    void endsAnIdleSession() throws Exception {
        server.partners.idleTimeout(Duration.ofSeconds(1));
        Session session = server.connect();
        SftpFixture.sftp(session);
        await().atMost(LIMIT).until(() -> server.partners.sessions().isEmpty());
        session.disconnect();
    }

    @Test
    void endsAConnectionThatTakesTooLongToLogIn() throws Exception {
        server.partners.greetWith(new SessionGreeting(Optional.empty(), 3, Duration.ofSeconds(1)));
        ClientSession session = connect("acme");
        await().atMost(LIMIT).until(() -> !session.isOpen());
    }

    @Test
    void aResetConnectionAborts() throws Exception {
        Session session = new com.jcraft.jsch.JSch().getSession("acme", "127.0.0.1", server.port());
        List<Socket> sockets = new ArrayList<>();
        session.setSocketFactory(new ResettableSockets(sockets));
        session.setPassword(SftpFixture.PASSWORD);
        session.setConfig("StrictHostKeyChecking", "no");
        session.connect(10_000);
        var out = SftpFixture.sftp(session).put("/a");
        out.write(new byte[100_000]);
        out.flush();
        await().atMost(LIMIT).until(() -> server.account().openUploads() == 1);
        sockets.get(0).setSoLinger(true, 0);
        sockets.get(0).close();
        await().atMost(LIMIT).until(() -> server.account().openUploads() == 0);
        assertThat(server.account().arrivals()).isEmpty();
        assertThat(server.account().part("/a")).isPresent();
        await().atMost(LIMIT).until(() -> server.partners.sessions().isEmpty());
    }

    /** Plain sockets that the test can get hold of. */
    private record ResettableSockets(List<Socket> made) implements com.jcraft.jsch.SocketFactory {
        @Override
        public Socket createSocket(String host, int port) throws IOException {
            Socket socket = new Socket(host, port);
            made.add(socket);
            return socket;
        }

        @Override
        public java.io.InputStream getInputStream(Socket socket) throws IOException {
            return socket.getInputStream();
        }

        @Override
        public java.io.OutputStream getOutputStream(Socket socket) throws IOException {
            return socket.getOutputStream();
        }
    }

    private ClientSession connect(String user) throws IOException {
        SshClient client = RawSftp.newClient();
        clients.add(client);
        return client.connect(user, "127.0.0.1", server.port()).verify(LIMIT).getSession();
    }

    private static SshPublicKey publicKey(KeyPair pair) {
        Buffer blob = new ByteArrayBuffer();
        blob.putRawPublicKey(pair.getPublic());
        return new SshPublicKey(KeyUtils.getKeyType(pair), blob.getCompactData());
    }
}
