package io.serai.route.site;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.CopyOption;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.file.virtualfs.VirtualFileSystemFactory;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.apache.sshd.server.session.ServerSession;
import org.apache.sshd.sftp.SftpModuleProperties;
import org.apache.sshd.sftp.server.DirectoryHandle;
import org.apache.sshd.sftp.server.FileHandle;
import org.apache.sshd.sftp.server.SftpEventListener;
import org.apache.sshd.sftp.server.SftpSubsystem;
import org.apache.sshd.sftp.server.SftpSubsystemFactory;

/**
 * An SFTP server that misbehaves: lists names that are not there, runs out of space after some bytes, does not answer
 * logins, renames when a test lets it. Its renaming does not replace, as the protocol's version 3 has it.
 */
final class OddSite implements AutoCloseable {
    private final SshServer server = SshServer.setUpDefaultServer();
    private final KeyPair hostKey;
    private final Map<String, String> shownNames;
    volatile long space = Long.MAX_VALUE;
    /** What happens before a login is answered. */
    volatile Consumer<ServerSession> beforeLogin = session -> {};
    /** What happens before a file gets another name: the name that it has, and the one that it gets. */
    volatile BiConsumer<String, String> beforeRename = (from, to) -> {};

    OddSite(Path root, Map<String, String> shownNames) {
        this.shownNames = shownNames;
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(256);
            hostKey = generator.generateKeyPair();
            server.setHost("127.0.0.1");
            server.setPort(0);
            server.setKeyPairProvider(KeyPairProvider.wrap(hostKey));
            server.setPasswordAuthenticator((user, password, session) -> {
                beforeLogin.accept(session);
                return password.equals("secret");
            });
            SftpModuleProperties.OPENSSH_EXTENSIONS.set(server, "fsync@openssh.com=1");
            server.setFileSystemFactory(new VirtualFileSystemFactory(root));
            server.setSubsystemFactories(List.of(new OddFactory()));
            server.start();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    Site site() {
        return Parcels.site(
                Protocol.SFTP,
                ((InetSocketAddress) server.getBoundAddresses().iterator().next()).getPort(),
                "",
                Optional.of("partner"),
                Optional.of(new SecretText("secret")),
                Optional.empty(),
                List.of(PublicKeyEntry.toString(hostKey.getPublic())),
                Duration.ofSeconds(10));
    }

    private final class OddFactory extends SftpSubsystemFactory {
        @Override
        public Command createSubsystem(ChannelSession channel) {
            SftpSubsystem subsystem = new OddSubsystem(channel, this);
            subsystem.addSftpEventListener(new Watching());
            return subsystem;
        }
    }

    private final class Watching implements SftpEventListener {
        @Override
        public void moving(ServerSession session, Path from, Path to, Collection<CopyOption> options) {
            beforeRename.accept(from.getFileName().toString(), to.getFileName().toString());
        }

        @Override
        public void writing(
                ServerSession session, String remote, FileHandle file, long offset, byte[] data, int at, int length)
                throws IOException {
            if (offset + length > space) {
                throw new IOException("No space left on device");
            }
        }
    }

    private final class OddSubsystem extends SftpSubsystem {
        OddSubsystem(ChannelSession channel, SftpSubsystemFactory factory) {
            super(channel, factory);
        }

        @Override
        @SuppressWarnings("checkstyle:ParameterNumber") // the overridden method's
        protected void writeDirEntry(
                int id,
                DirectoryHandle folder,
                Map<String, Path> entries,
                Buffer buffer,
                int index,
                Path file,
                String name,
                LinkOption... options)
                throws IOException {
            super.writeDirEntry(id, folder, entries, buffer, index, file, shownNames.getOrDefault(name, name), options);
        }
    }

    /** Ends all connections without a word, before what has been asked for is done. */
    void breakLines() {
        server.getActiveSessions().forEach(session -> session.close(true));
        throw new UncheckedIOException(new IOException("the line is broken"));
    }

    @Override
    public void close() {
        try {
            server.stop(true);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.DEFECT, "the test's server did not stop", e);
        }
    }
}
