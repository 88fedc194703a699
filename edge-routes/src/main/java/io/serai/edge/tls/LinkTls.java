package io.serai.edge.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS 1.3 with certificates on both sides and nothing else: by BoringSSL where its library loads, which needs half the CPU,
 * else by the JDK.
 */
public final class LinkTls {
    /** The major version of the link's protocol, negotiated in the handshake. */
    public static final String PROTOCOL = "serai-link/1";

    private static final Logger LOG = LoggerFactory.getLogger(LinkTls.class);

    /** Whose TLS. */
    public enum Engine {
        BORINGSSL,
        JDK
    }

    private final SslContext context;
    private final LinkTrust trust;

    private LinkTls(SslContext context, LinkTrust trust) {
        this.context = context;
        this.trust = trust;
    }

    /** With the best engine there is. */
    public static LinkTls of(LinkRole role, LinkIdentity identity, LinkTrust trust) {
        if (OpenSsl.isAvailable()) {
            return of(role, identity, trust, Engine.BORINGSSL);
        }
        LOG.warn(
                "Links use the TLS of the JDK, which needs about twice the CPU, since BoringSSL does not load: {}",
                String.valueOf(OpenSsl.unavailabilityCause()));
        return of(role, identity, trust, Engine.JDK);
    }

    public static LinkTls of(LinkRole role, LinkIdentity identity, LinkTrust trust, Engine engine) {
        SslContextBuilder builder = role == LinkRole.SERVER
                ? SslContextBuilder.forClient().keyManager(identity.key(), identity.certificate())
                : SslContextBuilder.forServer(identity.key(), identity.certificate())
                        .clientAuth(ClientAuth.REQUIRE);
        if (engine == Engine.JDK) {
            builder.ciphers(List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"));
        }
        try {
            SslContext context = builder.sslProvider(
                            engine == Engine.JDK ? SslProvider.JDK : SslProvider.OPENSSL_REFCNT)
                    .protocols("TLSv1.3")
                    .trustManager(new PinnedPeers(trust, role.other()))
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            Protocol.ALPN,
                            SelectorFailureBehavior.NO_ADVERTISE,
                            SelectedListenerFailureBehavior.ACCEPT,
                            PROTOCOL))
                    .build();
            return new LinkTls(context, trust);
        } catch (SSLException e) {
            throw new SeraiException(ErrorCode.INVALID, "The link's key does not serve for TLS: " + e.getMessage(), e);
        }
    }

    public SslHandler handler(ByteBufAllocator allocator) {
        return context.newHandler(allocator);
    }

    /**
     * The pin of a peer whose handshake has succeeded; empty if it did not agree on the protocol, or if its key is not
     * trusted any more (a resumed session is not checked by TLS itself).
     */
    public Optional<Pin> peer(SslHandler handler) {
        try {
            Pin pin = Pin.of(handler.engine().getSession().getPeerCertificates()[0]);
            boolean agreed = PROTOCOL.equals(handler.applicationProtocol());
            return agreed && trust.knows(pin) ? Optional.of(pin) : Optional.empty();
        } catch (SSLPeerUnverifiedException e) {
            return Optional.empty();
        }
    }

    public LinkTrust trust() {
        return trust;
    }
}
