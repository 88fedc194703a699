package io.serai.route.site.connection;

import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SftpATTRS;
import com.jcraft.jsch.SftpException;
import com.jcraft.jsch.SocketFactory;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import org.apache.camel.CamelContext;
import org.apache.camel.LoggingLevel;
import org.apache.camel.component.file.remote.SftpComponent;
import org.apache.camel.component.file.remote.SftpConfiguration;
import org.apache.camel.component.file.remote.SftpEndpoint;
import org.apache.camel.component.file.remote.SftpOperations;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection by Camel's SFTP component: its endpoint, options and session. The file operations go to that session's
 * channel one by one, because Camel's own reconnect by themselves, which would undo a cancel and let a fenced holder
 * rename, and list a whole folder to find out whether a file exists.
 */
final class SftpConnection implements SiteConnection {
    private static final Logger LOG = LoggerFactory.getLogger(SftpConnection.class);
    private static final int BUFFER_BYTES = 128 * 1024;
    /** None of JSch's modes: the file is opened without truncation, and bytes go to the offset that is given. */
    private static final int AT_OFFSET = 3;

    private static final int KEEP_ALIVE_MILLIS = 15_000;
    private static final int KEEP_ALIVES_UNANSWERED = 3;
    private static final String KEY_EXCHANGES = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
            + "ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,"
            + "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256";

    private final Site site;
    private final Line line;
    private final SiteFailures failures;
    private final Session session;
    private ChannelSftp channel;

    private SftpConnection(Site site, Line line, SiteFailures failures, Session session, ChannelSftp channel) {
        this.site = site;
        this.line = line;
        this.failures = failures;
        this.session = session;
        this.channel = channel;
    }

    /** Connects and logs in, with the host key verified against the site's trusted ones. */
    static SftpConnection connect(CamelContext camel, Site site, Line line) {
        SiteFailures failures = new SiteFailures(site, line);
        HostKeys keys = new HostKeys(site);
        Session session = null;
        try {
            session = session(camel, site, line, keys);
            session.connect(Math.toIntExact(site.connectTimeout().toMillis()));
            return new SftpConnection(site, line, failures, session, channel(session, site));
        } catch (JSchException e) {
            if (session != null) {
                session.disconnect();
            }
            throw failures.connectingSsh(e, keys);
        }
    }

    private static ChannelSftp channel(Session session, Site site) throws JSchException {
        ChannelSftp channel = (ChannelSftp) session.openChannel("sftp");
        channel.connect(Math.toIntExact(site.connectTimeout().toMillis()));
        return channel;
    }

    /** A session as Camel's component makes it, on the line's sockets, not yet connected. */
    static Session session(CamelContext camel, Site site, Line line, HostKeys keys) throws JSchException {
        SftpConfiguration configuration = configuration(site);
        SftpComponent component = new SftpComponent(camel);
        SftpEndpoint endpoint = new SftpEndpoint("sftp:" + SiteFailures.peer(site), component, configuration);
        endpoint.setCamelContext(camel);
        SessionMaker maker = new SessionMaker();
        maker.setEndpoint(endpoint);
        Session session = maker.createSession(configuration);
        session.setHostKeyRepository(keys);
        // The list below is what this Java has; trying every algorithm out at every connect costs a second of CPU.
        session.setConfig("kex", KEY_EXCHANGES);
        session.setConfig("CheckKexes", "");
        session.setConfig("CheckCiphers", "");
        session.setConfig("CheckSignatures", "");
        session.setSocketFactory(
                new LineSockets(line, Math.toIntExact(site.connectTimeout().toMillis())));
        return session;
    }

    private static SftpConfiguration configuration(Site site) {
        SftpConfiguration configuration = new SftpConfiguration();
        configuration.setProtocol("sftp");
        configuration.setHost(site.host());
        configuration.setPort(site.port());
        configuration.setUsername(site.user().orElse(""));
        site.password().map(SecretText::reveal).ifPresent(configuration::setPassword);
        site.privateKey()
                .ifPresent(key -> configuration.setPrivateKey(key.reveal().getBytes(StandardCharsets.UTF_8)));
        site.privateKeyPassphrase().map(SecretText::reveal).ifPresent(configuration::setPrivateKeyPassphrase);
        configuration.setPreferredAuthentications("publickey,password,keyboard-interactive");
        configuration.setStrictHostKeyChecking("yes");
        configuration.setUseUserKnownHostsFile(false);
        configuration.setStepwise(false);
        configuration.setStreamDownload(true);
        configuration.setServerAliveInterval(KEEP_ALIVE_MILLIS);
        configuration.setServerAliveCountMax(KEEP_ALIVES_UNANSWERED);
        configuration.setConnectTimeout(Math.toIntExact(site.connectTimeout().toMillis()));
        configuration.setJschLoggingLevel(LoggingLevel.WARN);
        return configuration;
    }

    /** Opens what Camel's operations keep to themselves. */
    private static final class SessionMaker extends SftpOperations {
        Session createSession(SftpConfiguration configuration) throws JSchException {
            return super.createSession(configuration);
        }
    }

    /** Sockets of the line, connected within the limit. */
    private record LineSockets(Line line, int connectMillis) implements SocketFactory {
        @Override
        public Socket createSocket(String host, int port) throws IOException {
            Socket socket = line.newSocket();
            socket.connect(line.address(host, port), connectMillis);
            return socket;
        }

        @Override
        public InputStream getInputStream(Socket socket) throws IOException {
            return socket.getInputStream();
        }

        @Override
        public OutputStream getOutputStream(Socket socket) throws IOException {
            return socket.getOutputStream();
        }
    }

    @Override
    public Line line() {
        return line;
    }

    @Override
    public boolean alive() {
        if (!session.isConnected() || !channel.isConnected() || channel.isClosed()) {
            return false;
        }
        try {
            channel.stat(".");
            return true;
        } catch (SftpException e) {
            return e.getCause() == null && session.isConnected() && channel.isConnected();
        }
    }

    @Override
    public void store(String path, InputStream body) {
        try {
            channel.put(body, literally(path), ChannelSftp.OVERWRITE);
        } catch (SftpException e) {
            SeraiException failure = failures.during("sending " + RemotePath.printable(path), e);
            replaceChannel();
            throw failure;
        }
    }

    @Override
    public void storeFrom(String path, long offset, InputStream body) {
        String doing = "continuing " + RemotePath.printable(path);
        try (OutputStream out = channel.put(literally(path), null, AT_OFFSET, offset)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int got = body.read(buffer); got >= 0; got = body.read(buffer)) {
                out.write(buffer, 0, got);
            }
        } catch (SftpException | IOException e) {
            SeraiException failure = failures.during(doing, e.getCause() instanceof SftpException inner ? inner : e);
            replaceChannel();
            throw failure;
        }
    }

    @Override
    public Optional<byte[]> read(String path, long offset, int length) {
        try (InputStream in = channel.get(literally(path), null, offset)) {
            byte[] bytes = in.readNBytes(length);
            return bytes.length == length ? Optional.of(bytes) : Optional.empty();
        } catch (SftpException | IOException e) {
            // Folders that can be written and not read are usual; a line that is gone shows at the next step.
            LOG.debug("Site {}: {} cannot be read", site.name(), RemotePath.printable(path), e);
            replaceChannel();
            return Optional.empty();
        }
    }

    @Override
    public Optional<String> sha256(String path) {
        return Optional.empty();
    }

    /** JSch leaves answers of a broken upload unread, which would be taken for answers to what comes next. */
    private void replaceChannel() {
        channel.disconnect();
        if (line.cut() == null && session.isConnected()) {
            try {
                channel = channel(session, site);
            } catch (JSchException e) {
                LOG.debug("Site {}: no channel after a failed upload", site.name(), e);
            }
        }
    }

    @Override
    public Optional<RemoteEntry> stat(String path) {
        try {
            return Optional.of(entry(RemotePath.name(path), channel.lstat(literally(path))));
        } catch (SftpException e) {
            if (e.id == ChannelSftp.SSH_FX_NO_SUCH_FILE && e.getCause() == null) {
                return Optional.empty();
            }
            throw failures.during("looking for " + RemotePath.printable(path), e);
        }
    }

    @Override
    public boolean rename(String from, String to, Optional<Replaced> replaced) {
        try {
            channel.rename(literally(from), literally(to));
            return true;
        } catch (SftpException e) {
            return renamedAnotherWay(from, to, replaced, e);
        }
    }

    /** SFTP 3 leaves a taken name to the server: where it refuses and we may replace, what is in the way goes first. */
    private boolean renamedAnotherWay(String from, String to, Optional<Replaced> replaced, SftpException first) {
        if (first.getCause() != null || line.cut() != null) {
            throw failures.during("renaming to " + RemotePath.printable(to), first);
        }
        if (stat(from).isEmpty()) {
            return false;
        }
        boolean inTheWay = replaced.isPresent()
                && stat(to).filter(entry -> entry.kind() != RemoteEntry.Kind.FOLDER)
                        .isPresent();
        if (!inTheWay) {
            throw failures.during("renaming to " + RemotePath.printable(to), first);
        }
        return new Replacing(this, replaced.get()).rename(from, to);
    }

    @Override
    public boolean delete(String path) {
        try {
            channel.rm(literally(path));
            return true;
        } catch (SftpException e) {
            if (e.id == ChannelSftp.SSH_FX_NO_SUCH_FILE && e.getCause() == null) {
                return false;
            }
            throw failures.during("removing " + RemotePath.printable(path), e);
        }
    }

    @Override
    public void list(String folder, Predicate<RemoteEntry> each) {
        try {
            channel.ls(
                    folder.isEmpty() ? "." : literally(folder),
                    found -> each.test(entry(found.getFilename(), found.getAttrs()))
                            ? ChannelSftp.LsEntrySelector.CONTINUE
                            : ChannelSftp.LsEntrySelector.BREAK);
        } catch (SftpException e) {
            throw failures.during("listing " + RemotePath.printable(folder), e);
        }
    }

    @Override
    public Fetch fetch(String path) {
        try {
            return new SftpFetch(channel.get(literally(path)));
        } catch (SftpException e) {
            throw failures.during("fetching " + RemotePath.printable(path), e);
        }
    }

    /** The end of an SFTP file is an answer of its own, so that a broken connection cannot look like it. */
    private record SftpFetch(InputStream stream) implements Fetch {
        @Override
        public void complete() {
            close();
        }

        @Override
        public void close() {
            try {
                stream.close();
            } catch (IOException e) {
                // All that was wanted of the stream has been read, and the connection tells by itself that it is dead.
                return;
            }
        }
    }

    @Override
    public void close() {
        channel.disconnect();
        session.disconnect();
    }

    private static RemoteEntry entry(String name, SftpATTRS attributes) {
        RemoteEntry.Kind kind = attributes.isDir()
                ? RemoteEntry.Kind.FOLDER
                : attributes.isLink() ? RemoteEntry.Kind.OTHER : RemoteEntry.Kind.FILE;
        boolean sized = (attributes.getFlags() & SftpATTRS.SSH_FILEXFER_ATTR_SIZE) != 0;
        return new RemoteEntry(
                name,
                kind,
                sized ? OptionalLong.of(attributes.getSize()) : OptionalLong.empty(),
                Instant.ofEpochSecond(attributes.getMTime() & 0xffffffffL));
    }

    /** JSch reads {@code * ? \} as patterns; names are data. */
    private static String literally(String path) {
        return path.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?");
    }

    /** For messages: the site, never its secrets. */
    @Override
    public String toString() {
        return "SftpConnection[" + site.name() + "]";
    }
}
