package io.serai.config.object;

import io.serai.config.name.HostPort;
import io.serai.config.name.SiteName;
import io.serai.config.secret.SecretText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A partner's server that we connect to.
 *
 * @param folder the folder on the site that paths in routes are taken from; {@code /} or empty for the login folder
 * @param user the login name; empty only for HTTPS without login or with a bearer token
 * @param privateKey an OpenSSH or PEM private key (SFTP)
 * @param bearerToken sent as {@code Authorization: Bearer} (HTTPS)
 * @param trust what identifies the far end: for SFTP lines {@code algorithm base64-key}; for TLS {@code sha256/…}
 *     fingerprints of the certificate (colon-free lower-case hex) or PEM certificates of authorities. Empty: for TLS the
 *     platform's authorities and host name check; for SFTP nobody is trusted until {@code serai site trust}
 * @param tlsMode explicit (AUTH TLS) or implicit; FTPS only
 * @param maxParallel deliveries and pulls at the same time, in the whole cluster
 * @param bandwidthBytes bytes per second of all its deliveries and pulls together, in the whole cluster; empty for no
 *     limit
 * @param zone which zone its connections leave through
 * @param recovery where the same server, or its stand-in with the same logins and keys, is reached when it cannot be
 *     reached at its host and port; tried in turn
 */
public record Site(
        SiteName name,
        String description,
        Protocol protocol,
        String host,
        int port,
        String folder,
        Optional<String> user,
        Optional<SecretText> password,
        Optional<SecretText> privateKey,
        Optional<SecretText> privateKeyPassphrase,
        Optional<SecretText> bearerToken,
        List<String> trust,
        TlsMode tlsMode,
        Duration connectTimeout,
        Duration timeout,
        int maxParallel,
        OptionalLong bandwidthBytes,
        ZoneChoice zone,
        List<HostPort> recovery)
        implements ConfigObject {

    /** How TLS begins on an FTPS connection. */
    public enum TlsMode {
        EXPLICIT,
        IMPLICIT
    }

    public Site {
        trust = List.copyOf(trust);
        recovery = List.copyOf(recovery);
    }

    /** Through the default zone, at one address. */
    public Site(
            SiteName name,
            String description,
            Protocol protocol,
            String host,
            int port,
            String folder,
            Optional<String> user,
            Optional<SecretText> password,
            Optional<SecretText> privateKey,
            Optional<SecretText> privateKeyPassphrase,
            Optional<SecretText> bearerToken,
            List<String> trust,
            TlsMode tlsMode,
            Duration connectTimeout,
            Duration timeout,
            int maxParallel,
            OptionalLong bandwidthBytes) {
        this(
                name,
                description,
                protocol,
                host,
                port,
                folder,
                user,
                password,
                privateKey,
                privateKeyPassphrase,
                bearerToken,
                trust,
                tlsMode,
                connectTimeout,
                timeout,
                maxParallel,
                bandwidthBytes,
                ObjectDefaults.SITE_ZONE,
                List.of());
    }

    /** Every place where it may be reached, in the order in which they are tried. */
    public List<HostPort> addresses() {
        List<HostPort> all = new ArrayList<>();
        all.add(new HostPort(host, port));
        all.addAll(recovery);
        return List.copyOf(all);
    }

    /** The same site as it is at one of its addresses. */
    public Site at(HostPort address) {
        return with(address, trust);
    }

    /** The same site, identified by this. */
    public Site withTrust(List<String> other) {
        return with(new HostPort(host, port), other);
    }

    private Site with(HostPort address, List<String> identity) {
        return new Site(
                name,
                description,
                protocol,
                address.host(),
                address.port(),
                folder,
                user,
                password,
                privateKey,
                privateKeyPassphrase,
                bearerToken,
                identity,
                tlsMode,
                connectTimeout,
                timeout,
                maxParallel,
                bandwidthBytes,
                zone,
                recovery);
    }

    @Override
    public ObjectKind kind() {
        return ObjectKind.SITE;
    }

    @Override
    public String objectName() {
        return name.value();
    }
}
