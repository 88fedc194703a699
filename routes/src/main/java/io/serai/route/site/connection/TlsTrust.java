package io.serai.route.site.connection;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Whom a site's TLS is trusted to be: a pinned certificate, or one that chains to the site's authorities (without any:
 * the platform's) and bears the host's name. Remembers the certificate that the far end showed. One per connection.
 */
final class TlsTrust extends X509ExtendedTrustManager {
    private static final String PIN = "sha256/";

    private final Set<String> pins = new HashSet<>();
    /** Null where only pins count. */
    private final @Nullable X509ExtendedTrustManager authorities;

    private volatile @Nullable X509Certificate shown;

    TlsTrust(Site site) {
        List<Certificate> own = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (String entry : site.trust()) {
                String text = entry.strip();
                if (text.startsWith(PIN)) {
                    pins.add(text.substring(PIN.length())
                            .toLowerCase(Locale.ROOT)
                            .replace(":", ""));
                } else {
                    own.addAll(factory.generateCertificates(
                            new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII))));
                }
            }
            authorities = pins.isEmpty() || !own.isEmpty() ? trusting(own) : null;
        } catch (GeneralSecurityException | IOException e) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "Site " + site.name() + ": its field 'trust' holds neither " + PIN
                            + "… fingerprints nor PEM certificates of authorities; see serai site trust " + site.name(),
                    e);
        }
    }

    private static X509ExtendedTrustManager trusting(List<Certificate> own)
            throws GeneralSecurityException, IOException {
        KeyStore store = null;
        if (!own.isEmpty()) {
            store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (int i = 0; i < own.size(); i++) {
                store.setCertificateEntry("authority-" + i, own.get(i));
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager extended) {
                return extended;
            }
        }
        throw new GeneralSecurityException("this Java has no extended X.509 trust manager");
    }

    /** A context that trusts by these rules; its session cache is its own. */
    SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {this}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "This Java has no TLS", e);
        }
    }

    /** The certificate that the far end showed; empty when it did not come to that. */
    Optional<X509Certificate> shown() {
        return Optional.ofNullable(shown);
    }

    /** The pin of a certificate: {@code sha256/} and the lower-case hex of its SHA-256. */
    static String pin(X509Certificate certificate) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
            return PIN + HexFormat.of().formatHex(digest);
        } catch (GeneralSecurityException e) {
            throw new SeraiException(ErrorCode.DEFECT, "A certificate cannot be hashed", e);
        }
    }

    private X509ExtendedTrustManager authorities(X509Certificate[] chain) throws CertificateException {
        if (authorities == null) {
            throw new CertificateException("it showed " + pin(chain[0]) + ", which is not the trusted one");
        }
        return authorities;
    }

    private boolean isPinned(X509Certificate[] chain) throws CertificateException {
        if (chain.length == 0) {
            throw new CertificateException("no certificate was shown");
        }
        shown = chain[0];
        return pins.contains(pin(chain[0]).substring(PIN.length()));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        if (!isPinned(chain)) {
            authorities(chain).checkServerTrusted(chain, type, socket);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        if (!isPinned(chain)) {
            authorities(chain).checkServerTrusted(chain, type, engine);
        }
    }

    /** Without a socket the host's name cannot be checked, so that only pins are good enough. */
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        if (!isPinned(chain)) {
            throw new CertificateException("the host name cannot be checked here");
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        throw new CertificateException("clients are not checked here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        throw new CertificateException("clients are not checked here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("clients are not checked here");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return authorities == null ? new X509Certificate[0] : authorities.getAcceptedIssuers();
    }
}
