package io.serai.server.demo;

import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.HostKey;
import com.jcraft.jsch.HostKeyRepository;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SftpException;
import com.jcraft.jsch.SftpProgressMonitor;
import com.jcraft.jsch.UserInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A partner with SFTP; trusts the host by its key's fingerprint, as the server's operator told it. */
final class SftpClient implements PartnerClient {
    private final Session session;
    private final ChannelSftp channel;

    SftpClient(Login login) throws IOException {
        try {
            JSch ssh = new JSch();
            ssh.setHostKeyRepository(new Pinned(login.fingerprints()));
            session = ssh.getSession(login.user(), login.host(), login.port());
            session.setConfig("StrictHostKeyChecking", "yes");
            session.setConfig("PreferredAuthentications", "password");
            session.setPassword(login.password());
            session.connect(15_000);
            channel = (ChannelSftp) session.openChannel("sftp");
            channel.connect(15_000);
        } catch (JSchException e) {
            throw new IOException("SFTP login of " + login.user() + " failed: " + e.getMessage(), e);
        }
    }

    @Override
    public void upload(Path file, String remotePath, Progress progress) throws IOException {
        try {
            channel.put(file.toString(), remotePath, new Monitor(progress));
        } catch (SftpException e) {
            throw new IOException("SFTP upload of " + remotePath + " failed: " + e.getMessage(), e);
        }
    }

    @Override
    public void download(String remotePath, Path file, Progress progress) throws IOException {
        try {
            channel.get(remotePath, file.toString(), new Monitor(progress));
        } catch (SftpException e) {
            throw new IOException("SFTP download of " + remotePath + " failed: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        channel.disconnect();
        session.disconnect();
    }

    private static final class Monitor implements SftpProgressMonitor {
        private final Progress progress;
        private long soFar;

        Monitor(Progress progress) {
            this.progress = progress;
        }

        @Override
        public void init(int operation, String source, String target, long size) {
            progress.bytes(0);
        }

        @Override
        public boolean count(long bytes) {
            soFar += bytes;
            progress.bytes(soFar);
            return true;
        }

        @Override
        public void end() {
            progress.bytes(soFar);
        }
    }

    /** Knows a host by the fingerprints of its keys alone. */
    private static final class Pinned implements HostKeyRepository {
        private final Set<String> fingerprints;

        Pinned(Set<String> fingerprints) {
            this.fingerprints = fingerprints;
        }

        @Override
        public int check(String host, byte[] key) {
            try {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(key);
                String fingerprint =
                        "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(digest);
                return fingerprints.contains(fingerprint) ? OK : CHANGED;
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void add(HostKey hostkey, UserInfo userInfo) {
            throw new IllegalStateException("a pinned host learns no keys");
        }

        @Override
        public void remove(String host, String type) {
            throw new IllegalStateException("a pinned host forgets no keys");
        }

        @Override
        public void remove(String host, String type, byte[] key) {
            remove(host, type);
        }

        @Override
        public String getKnownHostsRepositoryID() {
            return "pinned";
        }

        @Override
        public HostKey[] getHostKey() {
            return new HostKey[0];
        }

        @Override
        public HostKey[] getHostKey(@Nullable String host, @Nullable String type) {
            return new HostKey[0];
        }
    }
}
