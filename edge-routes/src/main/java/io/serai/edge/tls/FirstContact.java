package io.serai.edge.tls;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/**
 * TLS between two that do not know each other's keys yet: both show a certificate of their role and prove that its key is
 * theirs, and nothing says so far whose keys these are. What is said over it must prove that, by something that only the
 * right peer knows, bound to both pins.
 */
public final class FirstContact {
    /** The protocol's name in the handshake; a link is another one, so the two cannot be taken for each other. */
    public static final String PROTOCOL = "serai-enrol/1";

    private static final char[] IN_MEMORY = "in memory only".toCharArray();

    private static final LinkTrust ANYBODY = new LinkTrust() {
        @Override
        public boolean knows(Pin pin) {
            return true;
        }

        @Override
        public boolean speaksFor(Pin pin, String node) {
            return false;
        }
    };

    private FirstContact() {}

    public static SSLContext context(LinkRole role, LinkIdentity identity) {
        try {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(null, null);
            keys.setKeyEntry("link", identity.key(), IN_MEMORY, new Certificate[] {identity.certificate()});
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(keys, IN_MEMORY);
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(managers.getKeyManagers(), new TrustManager[] {new PinnedPeers(ANYBODY, role.other())}, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The link's key does not serve for TLS: " + e.getMessage(), e);
        }
    }

    /** Shakes hands; both sides have then shown a key. */
    public static Pin shake(SSLSocket socket, LinkRole role) throws IOException {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3"});
        parameters.setApplicationProtocols(new String[] {PROTOCOL});
        if (role == LinkRole.EDGE) {
            parameters.setNeedClientAuth(true);
        }
        socket.setUseClientMode(role == LinkRole.SERVER);
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        if (!PROTOCOL.equals(socket.getApplicationProtocol())) {
            throw new SSLPeerUnverifiedException("the peer speaks another protocol than that of enrolment");
        }
        return Pin.of(socket.getSession().getPeerCertificates()[0]);
    }
}
