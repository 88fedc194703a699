package io.serai.endpoint.sftp;

import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.auth.AbstractUserAuth;
import org.apache.sshd.server.auth.UserAuth;
import org.apache.sshd.server.auth.UserAuthFactory;
import org.apache.sshd.server.session.ServerSession;

/** The method {@code password} of RFC 4252 section 8, without a change of passwords. */
final class PasswordLogin extends AbstractUserAuth {
    private static final String METHOD = "password";

    private final SftpSession session;

    private PasswordLogin(SftpSession session) {
        super(METHOD);
        this.session = session;
    }

    @Override
    protected Boolean doAuth(Buffer buffer, boolean init) {
        if (!init || buffer.getBoolean()) {
            return false;
        }
        return session.loginByPassword(getUsername(), getService(), buffer.getString());
    }

    /** Makes one for each attempt. */
    static final class Factory implements UserAuthFactory {
        @Override
        public String getName() {
            return METHOD;
        }

        @Override
        public UserAuth createUserAuth(ServerSession ssh) {
            return new PasswordLogin(SftpSession.of(ssh));
        }
    }
}
