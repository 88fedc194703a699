package io.serai.endpoint.sftp;

import io.serai.endpoint.SshPublicKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.auth.AbstractUserAuth;
import org.apache.sshd.server.auth.UserAuth;
import org.apache.sshd.server.auth.UserAuthFactory;
import org.apache.sshd.server.session.ServerSession;

/**
 * The method {@code publickey} of RFC 4252 section 7. It verifies nothing: key and signature are relayed, and the
 * answering side, which has the account's keys, decides.
 */
final class PublicKeyLogin extends AbstractUserAuth {
    private static final String METHOD = "publickey";
    private static final int ALGORITHM_LENGTH = 64;

    private final SftpSession session;

    private PublicKeyLogin(SftpSession session) {
        super(METHOD);
        this.session = session;
    }

    @Override
    @SuppressWarnings("NullAway") // null is how MINA is told that the method goes on with another message
    protected Boolean doAuth(Buffer buffer, boolean init) throws IOException {
        if (!init) {
            return false;
        }
        boolean signed = buffer.getBoolean();
        String algorithm = buffer.getString();
        if (algorithm.length() > ALGORITHM_LENGTH) {
            return false;
        }
        SshPublicKey key = new SshPublicKey(algorithm, buffer.getBytes());
        if (signed) {
            return session.loginByPublicKey(getUsername(), getService(), key, buffer.getBytes());
        }
        if (!session.wouldAccept(getUsername(), getService(), key)) {
            return false;
        }
        sendAcceptable(key);
        return null;
    }

    private void sendAcceptable(SshPublicKey key) throws IOException {
        byte[] algorithm = key.algorithm().getBytes(StandardCharsets.UTF_8);
        byte[] blob = key.blob();
        Buffer reply = getServerSession()
                .createBuffer(SshConstants.SSH_MSG_USERAUTH_PK_OK, algorithm.length + blob.length + 2 * Integer.BYTES);
        reply.putBytes(algorithm);
        reply.putBytes(blob);
        getServerSession().writePacket(reply);
    }

    /** Makes one for each attempt. */
    static final class Factory implements UserAuthFactory {
        @Override
        public String getName() {
            return METHOD;
        }

        @Override
        public UserAuth createUserAuth(ServerSession ssh) {
            return new PublicKeyLogin(SftpSession.of(ssh));
        }
    }
}
