package io.serai.endpoint.ftp;

import io.serai.endpoint.tls.TlsIdentity;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import org.apache.ftpserver.ssl.ClientAuth;
import org.apache.ftpserver.ssl.SslConfiguration;

/**
 * One context for control and data connections, so that a TLS 1.2 client can resume the one's session in the other.
 *
 * <p>TLS 1.3 tickets are not sent. They would arrive on data connections where a client only writes; one that then closes
 * without having read them resets the connection, and with it goes what it had sent last.
 */
final class ListenerTls implements SslConfiguration {
    /** Java's TLS sends no ticket when sessions live longer than a ticket may (RFC 8446 section 4.6.1: 7 days). */
    private static final int LONGER_THAN_TICKETS_SECONDS = 8 * 24 * 3600;

    private final SSLContext context;

    ListenerTls(TlsIdentity identity) {
        context = identity.context();
        context.getServerSessionContext().setSessionTimeout(LONGER_THAN_TICKETS_SECONDS);
    }

    @Override
    public SSLSocketFactory getSocketFactory() {
        return context.getSocketFactory();
    }

    @Override
    public SSLContext getSSLContext() {
        return context;
    }

    @Override
    public SSLContext getSSLContext(String protocol) {
        return context;
    }

    @Override
    public String[] getEnabledCipherSuites() {
        return TlsIdentity.suites().toArray(String[]::new);
    }

    @Override
    public String getEnabledProtocol() {
        return TlsIdentity.protocols().get(0);
    }

    @Override
    public String[] getEnabledProtocols() {
        return TlsIdentity.protocols().toArray(String[]::new);
    }

    @Override
    public ClientAuth getClientAuth() {
        return ClientAuth.NONE;
    }
}
