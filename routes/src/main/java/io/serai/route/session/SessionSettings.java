package io.serai.route.session;

import io.serai.cluster.limit.LockoutLimits;
import java.time.Duration;
import java.util.Optional;

/**
 * The limits of partner sessions on this node.
 *
 * @param maxSessions sessions at the same time, logged in or not; more are refused as busy
 * @param banner shown to clients before they log in
 * @param maxTries logins that may fail before the endpoint disconnects
 * @param loginGrace the time in which a login must have succeeded
 * @param mostBeforeLogin sessions of one address that have not logged in
 * @param lockout when repeated failures lock a login out
 */
public record SessionSettings(
        int maxSessions,
        Optional<String> banner,
        int maxTries,
        Duration loginGrace,
        int mostBeforeLogin,
        Lockout lockout) {
    public static final SessionSettings DEFAULTS =
            new SessionSettings(2000, Optional.empty(), 6, Duration.ofSeconds(60), 100, Lockout.DEFAULTS);

    /**
     * Failures decay: one is forgotten after each {@code forgetOneAfter}.
     *
     * @param failuresOfLogin failures of one user name from one address that lock this pair out
     * @param failuresOfAddress failures from one address, whatever the user names, that lock the address out
     * @param forgetOneAfter the time after which one failure is forgotten
     * @param maxTracked pairs and addresses that are remembered, each; the longest unused are forgotten first
     */
    public record Lockout(int failuresOfLogin, int failuresOfAddress, Duration forgetOneAfter, int maxTracked) {
        public static final Lockout DEFAULTS = new Lockout(8, 40, Duration.ofSeconds(30), 20_000);

        public Lockout {
            if (failuresOfLogin < 1
                    || failuresOfAddress < 1
                    || maxTracked < 1
                    || forgetOneAfter.isZero()
                    || forgetOneAfter.isNegative()) {
                throw new IllegalArgumentException("a lockout needs positive limits");
            }
        }

        /** The same for the whole cluster. */
        public LockoutLimits ofCluster(Optional<Duration> banFor) {
            return new LockoutLimits(failuresOfLogin, failuresOfAddress, forgetOneAfter, banFor, maxTracked);
        }
    }
}
