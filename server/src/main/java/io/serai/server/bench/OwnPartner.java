package io.serai.server.bench;

import io.serai.server.client.PinnedTls;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLSocketFactory;
import org.apache.commons.net.ftp.FTP;
import org.apache.commons.net.ftp.FTPSClient;
import org.apache.sshd.sftp.client.SftpClient;

/**
 * A partner's session of this process' own, for what is too short to be measured with programmes: those have timers of their
 * own (curl lets up to a second go by between two files of FTPS, whoever serves them).
 */
interface OwnPartner extends AutoCloseable {
    /** Asks for a file of the folder and waits for its first byte; takes the rest, too. In ms. */
    double firstByte(String name) throws IOException;

    @Override
    void close() throws IOException;

    /** Where such sessions go. */
    record Place(String protocol, String host, int port) {}

    /**
     * Opens a session at this place.
     *
     * @param certificates {@code sha256/…} of those that are trusted
     */
    static OwnPartner open(Place place, SftpSessions sessions, Set<String> certificates) throws IOException {
        return switch (place.protocol()) {
            case "sftp" -> new Sftp(sessions.open(EdgeField.ACCOUNT, place.port()));
            case "ftps" -> Ftps.login(place, certificates);
            case "https" -> new Https(place, certificates);
            default -> throw new IllegalArgumentException(place.protocol());
        };
    }

    private static double millisSince(long begin) {
        return (System.nanoTime() - begin) / 1e6;
    }

    private static void requireByte(int read, String name) throws IOException {
        if (read < 0) {
            throw new EOFException("nothing came of " + name);
        }
    }

    /** SFTP: the answer to the first READ. */
    record Sftp(SftpClient client) implements OwnPartner {
        private static final int BLOCK_BYTES = 32_768;

        @Override
        public double firstByte(String name) throws IOException {
            byte[] block = new byte[BLOCK_BYTES];
            long begin = System.nanoTime();
            try (SftpClient.CloseableHandle handle = client.open("/in/" + name, SftpClient.OpenMode.Read)) {
                requireByte(client.read(handle, 0, block, 0, block.length), name);
                return millisSince(begin);
            }
        }

        @Override
        public void close() {
            client.getClientSession().close(true);
        }
    }

    /** FTPS with TLS on each data connection, passive. */
    final class Ftps implements OwnPartner {
        private final FTPSClient client;

        private Ftps(FTPSClient client) {
            this.client = client;
        }

        static Ftps login(Place place, Set<String> certificates) throws IOException {
            FTPSClient client = new FTPSClient(false, PinnedTls.context(certificates)) {
                /** Java writes a handshake in pieces, which would wait for each other for 40 ms now and then. */
                @Override
                protected void _prepareDataSocket_(Socket socket) throws IOException {
                    socket.setTcpNoDelay(true);
                }
            };
            client.setUseEPSVwithIPv4(true);
            client.connect(place.host(), place.port());
            Ftps session = new Ftps(client);
            try {
                client.setTcpNoDelay(true);
                client.execPBSZ(0);
                client.execPROT("P");
                session.require(client.login(EdgeField.ACCOUNT, EdgeField.PASSWORD));
                client.enterLocalPassiveMode();
                session.require(client.setFileType(FTP.BINARY_FILE_TYPE));
                session.require(client.changeWorkingDirectory("/in"));
                return session;
            } catch (IOException e) {
                client.disconnect();
                throw e;
            }
        }

        private void require(boolean done) throws IOException {
            if (!done) {
                throw new IOException("FTPS: " + client.getReplyString());
            }
        }

        @Override
        public double firstByte(String name) throws IOException {
            long begin = System.nanoTime();
            double millis;
            try (InputStream data = client.retrieveFileStream(name)) {
                require(data != null);
                requireByte(data.read(), name);
                millis = millisSince(begin);
                data.transferTo(OutputStream.nullOutputStream());
            }
            require(client.completePendingCommand());
            return millis;
        }

        void upload(List<Path> files) throws IOException {
            for (Path file : files) {
                try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
                    require(client.storeFile(String.valueOf(file.getFileName()), in));
                }
            }
        }

        /** Fetches files of these names. */
        void download(List<Path> files, Path folder) throws IOException {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                try (OutputStream target = new BufferedOutputStream(Files.newOutputStream(folder.resolve(name)))) {
                    require(client.retrieveFile(name, target));
                }
            }
        }

        @Override
        public void close() throws IOException {
            client.disconnect();
        }
    }

    /** HTTPS: the first byte of the body; one connection for all requests. */
    final class Https implements OwnPartner {
        private final String base;
        private final SSLSocketFactory tls;
        private final String authorization;

        private Https(Place place, Set<String> certificates) {
            base = "https://" + place.host() + ":" + place.port() + "/in/";
            tls = PinnedTls.context(certificates).getSocketFactory();
            authorization = "Basic "
                    + Base64.getEncoder()
                            .encodeToString(
                                    (EdgeField.ACCOUNT + ":" + EdgeField.PASSWORD).getBytes(StandardCharsets.US_ASCII));
        }

        @Override
        public double firstByte(String name) throws IOException {
            URL url = URI.create(base + name).toURL();
            long begin = System.nanoTime();
            if (!(url.openConnection() instanceof HttpsURLConnection http)) {
                throw new IllegalStateException("not HTTPS: " + url);
            }
            http.setSSLSocketFactory(tls);
            // The certificate is pinned.
            http.setHostnameVerifier((host, session) -> true);
            http.setRequestProperty("Authorization", authorization);
            try (InputStream body = http.getInputStream()) {
                requireByte(body.read(), name);
                double millis = millisSince(begin);
                body.transferTo(OutputStream.nullOutputStream());
                return millis;
            }
        }

        @Override
        public void close() {
            // Its connection ends by itself when it is idle.
        }
    }
}
