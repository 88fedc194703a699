package io.serai.cluster.limit;

import java.time.Duration;
import java.util.Optional;

/**
 * When failed logins lock out. Failures fade: one is forgotten after each {@code forgetOneAfter}.
 *
 * @param ofLogin failures of one user name from one address that lock this pair out
 * @param ofOrigin failures from one address, whatever the user names, that lock the address out
 * @param banFor how long an address that is locked out is not even let in any more; empty for not at all
 * @param mostTracked pairs and addresses that are remembered; the longest unused are forgotten first
 */
public record LockoutLimits(
        int ofLogin, int ofOrigin, Duration forgetOneAfter, Optional<Duration> banFor, int mostTracked) {
    public LockoutLimits {
        if (ofLogin < 1 || ofOrigin < 1 || mostTracked < 1 || forgetOneAfter.toMillis() < 1) {
            throw new IllegalArgumentException("a lockout needs positive limits");
        }
    }
}
