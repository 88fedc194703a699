package io.serai.route.session;

import io.serai.cluster.limit.SessionRegister.Admission;
import io.serai.config.object.Account;
import io.serai.config.object.Protocol;
import io.serai.endpoint.LoginResult;
import java.net.InetAddress;
import java.util.Optional;

/**
 * Who may log in: the one place that says so, a pure function of the facts. Only when nothing speaks against it is the
 * answer yes; the limit of sessions, which the whole cluster shares, is admitted after that.
 */
enum LoginDecision {
    ACCEPTED("accepted"),
    LOCKED_OUT("too many failures from there"),
    WRONG_CREDENTIALS("wrong user name, password or key"),
    DISABLED("the account is disabled"),
    WRONG_PROTOCOL("the account may not use this protocol"),
    WRONG_ADDRESS("the account may not log in from there"),
    TOO_MANY_SESSIONS("the account has its most sessions in the cluster already"),
    FAILED("the login could not be decided");

    private final String reason;

    LoginDecision(String reason) {
        this.reason = reason;
    }

    /** For our log, never for the partner. */
    String reason() {
        return reason;
    }

    /**
     * What is known about a login.
     *
     * @param account empty for an unknown user
     * @param lockedOut whether earlier failures forbid this login
     * @param proven whether password or signature were verified against this account
     */
    record Facts(Optional<Account> account, Protocol protocol, InetAddress client, boolean lockedOut, boolean proven) {}

    /** What those who count guesses are told of a refusal. */
    LoginResult.Guess guess() {
        return switch (this) {
            case ACCEPTED, LOCKED_OUT, TOO_MANY_SESSIONS, FAILED -> LoginResult.Guess.NONE;
            case WRONG_CREDENTIALS, DISABLED, WRONG_PROTOCOL, WRONG_ADDRESS -> LoginResult.Guess.MADE;
        };
    }

    /** What the cluster says to a login that nothing else speaks against. */
    static LoginDecision of(Admission admission) {
        return switch (admission) {
            case ADMITTED -> ACCEPTED;
            case FULL -> TOO_MANY_SESSIONS;
            case LOCKED_OUT -> LOCKED_OUT;
        };
    }

    static LoginDecision of(Facts facts) {
        if (facts.lockedOut()) {
            return LOCKED_OUT;
        }
        if (!facts.proven() || facts.account().isEmpty()) {
            return WRONG_CREDENTIALS;
        }
        Account account = facts.account().get();
        return standing(account, facts.protocol(), facts.client());
    }

    /** Whether a session of this account may go on, as the account stands now. */
    static LoginDecision standing(Account account, Protocol protocol, InetAddress client) {
        if (!account.enabled()) {
            return DISABLED;
        }
        if (!account.protocols().contains(protocol)) {
            return WRONG_PROTOCOL;
        }
        boolean fromThere = account.allowFrom().isEmpty()
                || account.allowFrom().stream()
                        .anyMatch(range -> AddressRange.parse(range).contains(client));
        return fromThere ? ACCEPTED : WRONG_ADDRESS;
    }
}
