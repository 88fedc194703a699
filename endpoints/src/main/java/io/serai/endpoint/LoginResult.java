package io.serai.endpoint;

import io.serai.config.name.AccountName;
import io.serai.config.object.Permission;
import java.time.Duration;
import java.util.Set;

/** The outcome of a login. A refusal carries no reason for the partner; the reason is in our own log. */
public sealed interface LoginResult {
    /**
     * The session now acts for this account.
     *
     * @param permissions a hint for what to offer; every operation is authorised again
     * @param idleTimeout end the session after this time without traffic
     * @param credentials changes with the account's password and keys; stays on the server, and says nothing about them
     */
    record Accepted(AccountName account, Set<Permission> permissions, Duration idleTimeout, String credentials)
            implements LoginResult {
        public Accepted {
            permissions = Set.copyOf(permissions);
        }

        /** As an endpoint needs it. */
        public Accepted(AccountName account, Set<Permission> permissions, Duration idleTimeout) {
            this(account, permissions, idleTimeout, "");
        }
    }

    /**
     * Wrong, unknown, disabled, locked out, not from there, or too many sessions.
     *
     * @param guess whether something was guessed; stays on the server
     */
    record Refused(Guess guess) implements LoginResult {
        /** It may have been a guess. */
        public Refused() {
            this(Guess.MADE);
        }
    }

    /** What a refused login was, for those who count guesses. */
    enum Guess {
        MADE,
        /** Whoever tried learnt nothing: the login was locked out, the account has its most sessions, or the server failed. */
        NONE
    }
}
