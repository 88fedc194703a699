package io.serai.route.site.connection;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import io.serai.config.secret.SecretText;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.Calendar;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.camel.component.file.GenericFileOperationFailedException;
import org.apache.camel.component.file.remote.FtpsComponent;
import org.apache.camel.component.file.remote.FtpsConfiguration;
import org.apache.camel.component.file.remote.FtpsEndpoint;
import org.apache.camel.component.file.remote.FtpsOperations;
import org.apache.commons.net.ftp.FTPFile;
import org.apache.commons.net.ftp.FTPListParseEngine;
import org.apache.commons.net.ftp.FTPReply;
import org.jspecify.annotations.Nullable;

/**
 * A connection by Camel's FTPS component: its endpoint, options, connect and login, with protected data connections. The
 * file operations go to its client one by one, because Camel's own reconnect by themselves.
 */
final class FtpsConnection implements SiteConnection {
    private static final int BUFFER_BYTES = 128 * 1024;
    private static final int LIST_PAGE = 100;
    private static final Pattern SHA256 = Pattern.compile("\\b[0-9A-Fa-f]{64}\\b");

    private final Site site;
    private final Line line;
    private final SiteFailures failures;
    private final FtpsLineClient client;

    private FtpsConnection(Site site, Line line, SiteFailures failures, FtpsLineClient client) {
        this.site = site;
        this.line = line;
        this.failures = failures;
        this.client = client;
    }

    /** Connects and logs in, with the certificate verified by the site's trust. */
    static FtpsConnection connect(CamelContext camel, Site site, Line line) {
        SiteFailures failures = new SiteFailures(site, line);
        TlsTrust trust = new TlsTrust(site);
        FtpsLineClient client = new FtpsLineClient(site, trust.context(), line);
        try {
            FtpsConfiguration configuration = configuration(site);
            FtpsEndpoint endpoint =
                    new FtpsEndpoint("ftps:" + SiteFailures.peer(site), new FtpsComponent(camel), configuration);
            endpoint.setCamelContext(camel);
            endpoint.setFtpClient(client);
            // An attempt that failed is over; Serai's own schedule says when the next one is.
            endpoint.setMaximumReconnectAttempts(0);
            FtpsOperations operations = (FtpsOperations) endpoint.createRemoteFileOperations();
            operations.connect(configuration, null);
            return new FtpsConnection(site, line, failures, client);
        } catch (GenericFileOperationFailedException e) {
            disconnect(client);
            throw refused(failures, trust, e);
        } catch (Exception e) {
            disconnect(client);
            throw failures.during("connecting", e);
        }
    }

    private static SeraiException refused(
            SiteFailures failures, TlsTrust trust, GenericFileOperationFailedException failure) {
        if (failure.getCause() == null && FTPReply.isNegativePermanent(failure.getCode())) {
            return failures.loginRefused(String.valueOf(failure.getReason()));
        }
        SeraiException mapped = failures.during("connecting", failure);
        return mapped.code() == ErrorCode.SITE_UNTRUSTED
                ? trust.shown()
                        .map(shown ->
                                failures.untrusted("its certificate is not trusted: it showed " + TlsTrust.pin(shown)))
                        .orElse(mapped)
                : mapped;
    }

    private static FtpsConfiguration configuration(Site site) {
        FtpsConfiguration configuration = new FtpsConfiguration();
        configuration.setProtocol("ftps");
        configuration.setHost(site.host());
        configuration.setPort(site.port());
        configuration.setUsername(site.user().orElse(""));
        configuration.setPassword(site.password().map(SecretText::reveal).orElse(""));
        configuration.setImplicit(site.tlsMode() == Site.TlsMode.IMPLICIT);
        configuration.setExecProt("P");
        configuration.setExecPbsz(0L);
        configuration.setPassiveMode(true);
        configuration.setBinary(true);
        configuration.setStepwise(false);
        configuration.setStreamDownload(true);
        configuration.setConnectTimeout(Math.toIntExact(site.connectTimeout().toMillis()));
        configuration.setSoTimeout(Math.toIntExact(site.timeout().toMillis()));
        configuration.setTimeout(Math.toIntExact(site.timeout().toMillis()));
        return configuration;
    }

    @Override
    public Line line() {
        return line;
    }

    @Override
    public boolean alive() {
        try {
            return client.isConnected() && client.sendNoOp();
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void store(String path, InputStream body) {
        String doing = "sending " + RemotePath.printable(path);
        try {
            OutputStream out = client.storeFileStream(path);
            if (out == null) {
                throw reply(doing);
            }
            try (out) {
                byte[] buffer = new byte[BUFFER_BYTES];
                for (int got = body.read(buffer); got >= 0; got = body.read(buffer)) {
                    out.write(buffer, 0, got);
                }
                out.flush();
                client.endUpload();
            } catch (IOException e) {
                throw uploadEnded(doing, e);
            }
            if (!client.completePendingCommand()) {
                throw reply(doing);
            }
        } catch (IOException e) {
            throw failures.during(doing, e);
        }
    }

    @Override
    public void storeFrom(String path, long offset, InputStream body) {
        client.setRestartOffset(offset);
        try {
            store(path, body);
        } finally {
            client.setRestartOffset(0);
        }
    }

    /** A part of a file would have to be broken off, which many servers take for a failed transfer. */
    @Override
    public Optional<byte[]> read(String path, long offset, int length) {
        return Optional.empty();
    }

    @Override
    public Optional<String> sha256(String path) {
        try {
            if (!client.hasFeature("XSHA256")) {
                return Optional.empty();
            }
            boolean done = FTPReply.isPositiveCompletion(client.sendCommand("XSHA256", path));
            Matcher hash = SHA256.matcher(done ? client.getReplyString() : "");
            return hash.find() ? Optional.of(hash.group().toLowerCase(Locale.ROOT)) : Optional.empty();
        } catch (IOException e) {
            throw failures.during("checking " + RemotePath.printable(path), e);
        }
    }

    /** A site that is full closes the data connection and says why on the other one. */
    private SeraiException uploadEnded(String doing, IOException broken) {
        if (line.cut() == null) {
            try {
                client.setSoTimeout(2_000);
                if (!FTPReply.isPositiveCompletion(client.getReply())) {
                    return reply(doing);
                }
            } catch (IOException e) {
                broken.addSuppressed(e);
            }
        }
        return failures.during(doing, broken);
    }

    @Override
    public Optional<RemoteEntry> stat(String path) {
        String doing = "looking for " + RemotePath.printable(path);
        try {
            String size = client.getSize(path);
            if (size != null) {
                return Optional.of(new RemoteEntry(
                        RemotePath.name(path),
                        RemoteEntry.Kind.FILE,
                        OptionalLong.of(Long.parseLong(size.strip())),
                        modified(path)));
            }
            if (client.getReplyCode() == FTPReply.FILE_UNAVAILABLE) {
                return Optional.empty();
            }
            return listed(path);
        } catch (IOException | NumberFormatException e) {
            throw failures.during(doing, e);
        }
    }

    /** For servers without SIZE. */
    private Optional<RemoteEntry> listed(String path) {
        RemoteEntry[] found = new RemoteEntry[1];
        list(RemotePath.parent(path), entry -> {
            if (entry.name().equals(RemotePath.name(path))) {
                found[0] = entry;
            }
            return true;
        });
        return Optional.ofNullable(found[0]);
    }

    private Instant modified(String path) throws IOException {
        Calendar time = client.mdtmCalendar(path);
        return time == null ? Instant.EPOCH : time.toInstant();
    }

    @Override
    public boolean rename(String from, String to, Optional<Replaced> replaced) {
        String doing = "renaming to " + RemotePath.printable(to);
        try {
            if (client.rename(from, to)) {
                return true;
            }
            SeraiException refusal = reply(doing);
            if (stat(from).isEmpty()) {
                return false;
            }
            boolean inTheWay = replaced.isPresent()
                    && stat(to).filter(entry -> entry.kind() != RemoteEntry.Kind.FOLDER)
                            .isPresent();
            if (!inTheWay) {
                throw refusal;
            }
            return new Replacing(this, replaced.get()).rename(from, to);
        } catch (IOException e) {
            throw failures.during(doing, e);
        }
    }

    @Override
    public boolean delete(String path) {
        String doing = "removing " + RemotePath.printable(path);
        try {
            if (client.deleteFile(path)) {
                return true;
            }
            SeraiException refusal = reply(doing);
            if (stat(path).isEmpty()) {
                return false;
            }
            throw refusal;
        } catch (IOException e) {
            throw failures.during(doing, e);
        }
    }

    @Override
    public void list(String folder, Predicate<RemoteEntry> each) {
        String doing = "listing " + RemotePath.printable(folder);
        try {
            boolean exact = client.hasFeature("MLST") || client.hasFeature("MLSD");
            String path = folder.isEmpty() ? null : folder;
            FTPListParseEngine engine = exact ? client.initiateMListParsing(path) : client.initiateListParsing(path);
            if (!FTPReply.isPositiveCompletion(client.getReplyCode())) {
                throw reply(doing);
            }
            while (engine.hasNext()) {
                for (FTPFile file : engine.getNext(LIST_PAGE)) {
                    if (file != null && !each.test(entry(folder, file, exact))) {
                        return;
                    }
                }
            }
        } catch (IOException e) {
            throw failures.during(doing, e);
        }
    }

    private RemoteEntry entry(String folder, FTPFile file, boolean exact) throws IOException {
        String name = file.getName();
        RemoteEntry.Kind kind = file.isDirectory()
                ? RemoteEntry.Kind.FOLDER
                : file.isFile() ? RemoteEntry.Kind.FILE : RemoteEntry.Kind.OTHER;
        Instant modified = Instant.EPOCH;
        if (exact && file.getTimestamp() != null) {
            modified = file.getTimestamp().toInstant();
        } else if (kind == RemoteEntry.Kind.FILE && RemotePath.isFetchable(name)) {
            // A plain listing shows the time in a form that changes with the file's age.
            modified = modified(RemotePath.in(folder, name));
        }
        OptionalLong size = file.getSize() < 0 ? OptionalLong.empty() : OptionalLong.of(file.getSize());
        return new RemoteEntry(name, kind, size, modified);
    }

    @Override
    public Fetch fetch(String path) {
        String doing = "fetching " + RemotePath.printable(path);
        try {
            InputStream stream = client.retrieveFileStream(path);
            if (stream == null) {
                throw reply(doing);
            }
            return new FtpsFetch(doing, stream);
        } catch (IOException e) {
            throw failures.during(doing, e);
        }
    }

    /** The end of the data connection says little; the site's closing reply says that the file was sent whole. */
    private final class FtpsFetch implements Fetch {
        private final String doing;
        private final InputStream stream;

        FtpsFetch(String doing, InputStream stream) {
            this.doing = doing;
            this.stream = new FilterInputStream(stream) {
                @Override
                public int read(byte[] target, int offset, int length) throws IOException {
                    int got = in.read(target, offset, length);
                    line.touch();
                    return got;
                }
            };
        }

        @Override
        public InputStream stream() {
            return stream;
        }

        @Override
        public void complete() {
            try {
                stream.close();
                if (!client.completePendingCommand()) {
                    throw reply(doing);
                }
            } catch (IOException e) {
                throw failures.during(doing, e);
            }
        }

        @Override
        public void close() {
            try {
                stream.close();
            } catch (IOException e) {
                // What was wanted of the stream has been read or given up, and the connection is closed after it.
                return;
            }
        }
    }

    private SeraiException reply(String doing) {
        return failures.reply(doing, client.getReplyCode(), client.getReplyString());
    }

    @Override
    public void close() {
        disconnect(client);
    }

    private static void disconnect(@Nullable FtpsLineClient client) {
        if (client == null) {
            return;
        }
        try {
            client.disconnect();
        } catch (IOException e) {
            // The sockets are closed one way or the other; nothing is expected from them any more.
            return;
        }
    }

    /** For messages: the site, never its secrets. */
    @Override
    public String toString() {
        return "FtpsConnection[" + site.name() + "]";
    }
}
