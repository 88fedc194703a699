package io.serai.server.demo;

import io.serai.server.client.PinnedTls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.net.ftp.FTP;
import org.apache.commons.net.ftp.FTPSClient;
import org.apache.commons.net.io.CopyStreamAdapter;

/** A partner with FTPS (explicit TLS, passive mode). */
final class FtpsClient implements PartnerClient {
    private final FTPSClient client;

    FtpsClient(Login login) throws IOException {
        client = new FTPSClient(false, PinnedTls.context(login.fingerprints()));
        client.setConnectTimeout(15_000);
        client.connect(login.host(), login.port());
        client.setSoTimeout(60_000);
        client.execPBSZ(0);
        client.execPROT("P");
        if (!client.login(login.user(), login.password())) {
            throw new IOException("FTPS login of " + login.user() + " failed: " + client.getReplyString());
        }
        client.enterLocalPassiveMode();
        client.setFileType(FTP.BINARY_FILE_TYPE);
        client.setBufferSize(256 << 10);
    }

    @Override
    public void upload(Path file, String remotePath, Progress progress) throws IOException {
        watch(progress);
        try (InputStream in = Files.newInputStream(file)) {
            if (!client.storeFile(remotePath, in)) {
                throw new IOException("FTPS upload of " + remotePath + " failed: " + client.getReplyString());
            }
        }
    }

    @Override
    public void download(String remotePath, Path file, Progress progress) throws IOException {
        watch(progress);
        try (OutputStream out = Files.newOutputStream(file)) {
            if (!client.retrieveFile(remotePath, out)) {
                throw new IOException("FTPS download of " + remotePath + " failed: " + client.getReplyString());
            }
        }
    }

    private void watch(Progress progress) {
        client.setCopyStreamListener(new CopyStreamAdapter() {
            @Override
            public void bytesTransferred(long total, int bytes, long size) {
                progress.bytes(total);
            }
        });
    }

    @Override
    public void close() throws IOException {
        try {
            client.logout();
        } finally {
            client.disconnect();
        }
    }
}
