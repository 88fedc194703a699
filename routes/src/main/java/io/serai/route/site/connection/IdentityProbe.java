package io.serai.route.site.connection;

import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.JSchHostKeyException;
import com.jcraft.jsch.Session;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import java.io.IOException;
import java.net.Socket;
import java.util.Optional;
import javax.net.ssl.SSLSocket;
import org.apache.camel.CamelContext;
import org.jspecify.annotations.Nullable;

/** Reads a site's host key or certificate without trusting it and without logging in. */
final class IdentityProbe {
    private final CamelContext camel;

    IdentityProbe(CamelContext camel) {
        this.camel = camel;
    }

    /** Connects as far as the key exchange or handshake. */
    Presented read(Site site, Line line) {
        while (true) {
            try {
                return readOnce(site.at(line.target()), line);
            } catch (SeraiException e) {
                if (!line.nextWay(e)) {
                    throw e;
                }
            }
        }
    }

    private Presented readOnce(Site site, Line line) {
        return switch (site.protocol()) {
            case SFTP -> hostKey(site, line);
            case FTPS -> certificate(site, line, this::helloFtps);
            case HTTPS -> certificate(site, line, this::helloHttps);
        };
    }

    private Presented hostKey(Site site, Line line) {
        HostKeys keys = new HostKeys(withoutTrust(site));
        Session session = null;
        JSchException failure = null;
        try {
            session = SftpConnection.session(camel, site, line, keys);
            session.connect(Math.toIntExact(site.connectTimeout().toMillis()));
        } catch (JSchHostKeyException e) {
            // This is the answer: the key was shown and, as nothing is trusted here, refused.
            failure = e;
        } catch (JSchException e) {
            failure = e;
        } finally {
            if (session != null) {
                session.disconnect();
            }
        }
        byte[] key = keys.shown().orElse(null);
        if (key == null) {
            throw nothingShown(site, line, failure);
        }
        return new Presented(HostKeys.algorithm(key), HostKeys.fingerprint(key), HostKeys.line(key));
    }

    private static Site withoutTrust(Site site) {
        return new Site(
                site.name(),
                site.description(),
                site.protocol(),
                site.host(),
                site.port(),
                site.folder(),
                site.user(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                java.util.List.of(),
                site.tlsMode(),
                site.connectTimeout(),
                site.timeout(),
                site.maxParallel(),
                site.bandwidthBytes(),
                site.zone(),
                site.recovery());
    }

    /** Shakes hands by TLS. */
    private interface Hello {
        void shake(Site site, Line line, TlsTrust trust) throws IOException;
    }

    private Presented certificate(Site site, Line line, Hello hello) {
        TlsTrust trust = new TlsTrust(withoutTrust(site));
        IOException failure = null;
        try {
            hello.shake(site, line, trust);
        } catch (IOException e) {
            failure = e;
        }
        var shown = trust.shown().orElse(null);
        if (shown == null) {
            throw nothingShown(site, line, failure);
        }
        String pin = TlsTrust.pin(shown);
        return new Presented("certificate", pin, pin);
    }

    private void helloFtps(Site site, Line line, TlsTrust trust) throws IOException {
        FtpsLineClient client = new FtpsLineClient(site, trust.context(), line);
        client.setConnectTimeout(Math.toIntExact(site.connectTimeout().toMillis()));
        client.setDefaultTimeout(Math.toIntExact(site.timeout().toMillis()));
        try {
            client.connect(site.host(), site.port());
        } finally {
            client.disconnect();
        }
    }

    private void helloHttps(Site site, Line line, TlsTrust trust) throws IOException {
        try (Socket plain = line.newSocket()) {
            plain.connect(
                    line.address(site.host(), site.port()),
                    Math.toIntExact(site.connectTimeout().toMillis()));
            try (SSLSocket socket = (SSLSocket)
                    trust.context().getSocketFactory().createSocket(plain, site.host(), site.port(), true)) {
                socket.startHandshake();
            }
        }
    }

    private static RuntimeException nothingShown(Site site, Line line, @Nullable Exception failure) {
        SiteFailures failures = new SiteFailures(site, line);
        return failure == null
                ? failures.of(ErrorCode.SITE_FAILED, "it ended the connection before it showed who it is")
                : failures.during("asking who it is", failure);
    }
}
