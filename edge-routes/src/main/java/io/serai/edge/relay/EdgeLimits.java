package io.serai.edge.relay;

import java.time.Duration;

/**
 * What one edge may ask of a server, whatever its partners do: an edge that is in the wrong hands must not take the server
 * from the others, nor guess passwords from addresses that it makes up. Whatever is more is answered BUSY.
 *
 * @param beforeLogin sessions that have not logged in
 * @param opens sessions that may be opened at once; a tenth comes back each second
 * @param failedLoginsOfNetwork logins that may fail at once from one network of clients, before they count for all
 * @param failedLogins passwords that may fail at once, and as many public keys; all come back in the time of {@code forgiven}
 * @param failedLoginsOfUser the same for the passwords of one user name
 * @param forgiven how long it takes until failed logins are forgotten
 * @param running requests and streams that are worked on at the same time
 * @param waiting requests and streams that wait for that
 */
public record EdgeLimits(
        int beforeLogin,
        int opens,
        int failedLoginsOfNetwork,
        int failedLogins,
        int failedLoginsOfUser,
        Duration forgiven,
        int running,
        int waiting) {
    public static final EdgeLimits DEFAULTS =
            new EdgeLimits(1_000, 5_000, 20, 6_000, 100, Duration.ofMinutes(10), 48, 1_000);

    public EdgeLimits {
        if (beforeLogin < 1
                || opens < 1
                || failedLoginsOfNetwork < 1
                || failedLogins < 1
                || failedLoginsOfUser < 1
                || forgiven.isZero()
                || forgiven.isNegative()
                || running < 1
                || waiting < 1) {
            throw new IllegalArgumentException("an edge needs positive limits");
        }
    }
}
