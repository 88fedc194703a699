package io.serai.route.site.connection;

import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSchAlgoNegoFailException;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.JSchHostKeyException;
import com.jcraft.jsch.SftpException;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.object.Site;
import io.serai.route.site.outbound.ProxyDown;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * The one place that says what a failure at a site means: which {@link ErrorCode}, and in which words. Made for one
 * connection, because a connection that was cut fails with whatever its blocked call happens to throw.
 */
public final class SiteFailures {
    private static final int SSH_WRITE_PROTECT = 12;
    private static final int NOT_LOGGED_IN = 530;

    private final Site site;
    private final Line line;

    public SiteFailures(Site site, Line line) {
        this.site = site;
        this.line = line;
    }

    /** A failure of any operation but connecting; {@code doing} completes "while …". */
    public SeraiException during(String doing, Throwable failure) {
        Optional<SeraiException> known = cutOrKnown(doing, failure);
        if (known.isPresent()) {
            return known.get();
        }
        SftpException status = find(failure, SftpException.class);
        if (status != null && status.getCause() == null) {
            return sftpStatus(doing, status);
        }
        return broken(doing, failure);
    }

    /** A failure to connect or log in by SSH. */
    public SeraiException connectingSsh(JSchException failure, HostKeys keys) {
        Optional<SeraiException> known = cutOrKnown("connecting", failure);
        if (known.isPresent()) {
            return known.get();
        }
        if (failure instanceof JSchHostKeyException) {
            return untrustedHostKey(keys);
        }
        String text = String.valueOf(failure.getMessage());
        // JSch says "Auth fail" too when the line broke while it waited for the verdict.
        IOException ended = line.broken();
        if (text.startsWith("Auth ") && ended != null) {
            return broken("logging in", ended);
        }
        if (text.startsWith("Auth ") || text.contains("authentication failures")) {
            return loginRefused(text);
        }
        if (text.contains("invalid privatekey") || text.contains("USERAUTH")) {
            return of(ErrorCode.INVALID, "its private key cannot be read (" + shown(text) + "); apply the site anew");
        }
        if (failure instanceof JSchAlgoNegoFailException) {
            return of(ErrorCode.SITE_REJECTED, "it offers no SSH algorithm that Serai accepts: " + shown(text));
        }
        return broken("connecting", failure);
    }

    private SeraiException untrustedHostKey(HostKeys keys) {
        String fingerprint = keys.shown()
                .map(key -> HostKeys.algorithm(key) + " " + HostKeys.fingerprint(key))
                .orElse("unknown");
        String what = keys.any()
                ? "it showed another host key than the trusted ones: "
                : "its host key has not been confirmed yet: ";
        return untrusted(what + fingerprint);
    }

    /** The far end's key or certificate is not the trusted one. */
    public SeraiException untrusted(String what) {
        return of(
                ErrorCode.SITE_UNTRUSTED,
                what + ". Compare it with what the partner tells you by another way, then run: serai site trust "
                        + site.name());
    }

    public SeraiException loginRefused(String reply) {
        return of(
                ErrorCode.SITE_LOGIN_REFUSED,
                "it refused the login" + site.user().map(user -> " of " + user).orElse("") + " (" + shown(reply)
                        + "); correct the site's user, password or key, then retry the event");
    }

    /** An FTP reply that says no: 4xx may pass, 5xx is for good, but for those that mean a full disk. */
    public SeraiException reply(String doing, int code, @Nullable String text) {
        Optional<SeraiException> known = cutOrKnown(doing, null);
        if (known.isPresent()) {
            return known.get();
        }
        String shown = "it answered while " + doing + ": " + shown(String.valueOf(text));
        if (code == NOT_LOGGED_IN) {
            return loginRefused(String.valueOf(text));
        }
        boolean passes = code < 500 || code == 552;
        return of(passes ? ErrorCode.SITE_FAILED : ErrorCode.SITE_REJECTED, shown);
    }

    public SeraiException of(ErrorCode code, String what) {
        return of(code, what, null);
    }

    public SeraiException of(ErrorCode code, String what, @Nullable Throwable cause) {
        return new SeraiException(code, "Site " + site.name() + " (" + line.target() + "): " + what, cause);
    }

    /** The site's first address, by which the ledger shows it. */
    public static String peer(Site site) {
        return site.host() + ":" + site.port();
    }

    private Optional<SeraiException> cutOrKnown(String doing, @Nullable Throwable failure) {
        Line.Cut cut = line.cut();
        if (cut != null) {
            return Optional.of(
                    switch (cut) {
                        case STALLED ->
                            of(
                                    ErrorCode.SITE_TIMEOUT,
                                    "no byte moved for " + site.timeout().toSeconds() + " s while " + doing,
                                    failure);
                        case CANCELLED -> of(ErrorCode.CANCELLED, "the transfer was cancelled while " + doing, failure);
                    });
        }
        return failure == null ? Optional.empty() : Optional.ofNullable(find(failure, SeraiException.class));
    }

    private SeraiException broken(String doing, Throwable failure) {
        String text = "while " + doing + ": " + shown(rootText(failure));
        if (isUntrustedCertificate(failure)) {
            return untrusted("its certificate is not trusted (" + shown(rootText(failure)) + ")");
        }
        // The HTTP client drops the causes of what it could not connect.
        ProxyDown proxy = find(failure, ProxyDown.class);
        proxy = proxy == null ? line.failedProxy() : proxy;
        if (proxy != null) {
            return of(
                    ErrorCode.SITE_PROXY_DOWN, shown(String.valueOf(proxy.getMessage())) + ", while " + doing, failure);
        }
        if (find(failure, SocketTimeoutException.class) != null) {
            return of(ErrorCode.SITE_TIMEOUT, "it did not answer in time " + text, failure);
        }
        boolean unreachable = find(failure, UnknownHostException.class) != null
                || find(failure, ConnectException.class) != null
                || find(failure, NoRouteToHostException.class) != null;
        if (unreachable) {
            return of(ErrorCode.SITE_UNREACHABLE, "it cannot be reached " + text, failure);
        }
        if (find(failure, InterruptedIOException.class) != null || find(failure, InterruptedException.class) != null) {
            return of(ErrorCode.CANCELLED, "the transfer was stopped " + text, failure);
        }
        if (find(failure, IOException.class) != null || failure instanceof JSchException) {
            return of(ErrorCode.SITE_FAILED, "the connection broke " + text, failure);
        }
        return of(ErrorCode.SITE_FAILED, "it failed " + text, failure);
    }

    private static boolean isUntrustedCertificate(Throwable failure) {
        return find(failure, CertificateException.class) != null
                || find(failure, SSLPeerUnverifiedException.class) != null
                || (find(failure, SSLException.class) != null
                        && find(failure, java.security.cert.CertPathBuilderException.class) != null);
    }

    private SeraiException sftpStatus(String doing, SftpException status) {
        String text = "it answered while " + doing + ": " + shown(String.valueOf(status.getMessage()));
        ErrorCode code = switch (status.id) {
            case ChannelSftp.SSH_FX_NO_SUCH_FILE,
                    ChannelSftp.SSH_FX_PERMISSION_DENIED,
                    ChannelSftp.SSH_FX_OP_UNSUPPORTED,
                    SSH_WRITE_PROTECT -> ErrorCode.SITE_REJECTED;
            default -> ErrorCode.SITE_FAILED;
        };
        return of(code, text, status);
    }

    private static String rootText(Throwable failure) {
        Throwable root = failure;
        for (int depth = 0; root.getCause() != null && depth < 20; depth++) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return message == null || message.isBlank()
                ? root.getClass().getSimpleName()
                : root.getClass().getSimpleName() + ": " + message;
    }

    private static <T extends Throwable> @Nullable T find(Throwable failure, Class<T> type) {
        Throwable at = failure;
        for (int depth = 0; at != null && depth < 20; depth++) {
            if (type.isInstance(at)) {
                return type.cast(at);
            }
            at = at.getCause();
        }
        return null;
    }

    private static String shown(String text) {
        return RemotePath.printable(text.strip());
    }
}
