package io.serai.route.session;

import io.serai.cluster.limit.ClusterLimits;
import io.serai.cluster.limit.LoginFailures;
import io.serai.cluster.limit.SessionRegister;
import io.serai.cluster.object.ObjectStore;
import io.serai.cluster.storage.Storage;
import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.object.Account;
import io.serai.config.secret.PasswordHash;
import io.serai.config.secret.PasswordHasher;
import io.serai.config.secret.SecretText;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.KeyAnswer;
import io.serai.endpoint.SshSignature;
import io.serai.endpoint.sftp.SignatureProof;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logins by password and by public key. Collects the facts, {@link LoginDecision} decides; whatever goes wrong on the
 * way is a refusal. An unknown name costs what a known one costs. The limit of an account's sessions is admitted by the
 * database, for the whole cluster, in one step with the question whether failures on other nodes forbid the login.
 */
final class SessionLogins {
    private static final Logger LOG = LoggerFactory.getLogger(SessionLogins.class);

    private final ObjectStore objects;
    private final Storage storage;
    private final PasswordHasher passwords;
    private final LoginThrottle throttle;
    private final ClusterLimits limits;

    SessionLogins(SessionSettings settings, ObjectStore objects, PartnerStores stores, InstantSource clock) {
        this.objects = objects;
        this.storage = stores.storage();
        this.passwords = stores.passwords();
        this.throttle = new LoginThrottle(settings.lockout(), clock);
        this.limits = stores.limits();
    }

    LoginResult byPassword(PartnerSession session, PartnerOperation.LoginByPassword login) {
        return logIn(session, login.user(), account -> isPassword(account, login.password()));
    }

    LoginResult byPublicKey(PartnerSession session, PartnerOperation.LoginByPublicKey login) {
        return logIn(session, login.user(), account -> {
            boolean signed = SignatureProof.verify(login.key(), login.signature(), login.user());
            boolean known = account.filter(found -> AuthorizedKeys.contains(found, login.key()))
                    .isPresent();
            return signed && known && isFresh(session, login.signature());
        });
    }

    /**
     * Whether nobody else has logged in by this proof. A listener of our own has taken part in the key exchange that it
     * belongs to; an edge only says so, and could have kept it from an earlier login.
     */
    private boolean isFresh(PartnerSession session, SshSignature signature) {
        Optional<String> edge = session.origin().edge();
        if (edge.isEmpty() || limits.proofs().use(signature.sshSessionId(), session.proofOwner())) {
            return true;
        }
        LOG.error(
                "The edge {} showed a proof of a public key login that was used before: it may be in the wrong hands. Its"
                        + " session {} is refused",
                edge.get(),
                session.id());
        return false;
    }

    KeyAnswer check(PartnerSession session, PartnerOperation.CheckPublicKey check) {
        try {
            boolean usable = SignatureProof.isUsable(check.key());
            boolean known = account(check.user())
                    .filter(found -> AuthorizedKeys.contains(found, check.key()))
                    .isPresent();
            return usable && known && !throttle.isLockedOut(check.user(), session.failuresOf())
                    ? KeyAnswer.ACCEPTABLE
                    : KeyAnswer.REFUSED;
        } catch (RuntimeException e) { // whatever goes wrong in a login is a refusal
            LOG.warn("A public key of session {} could not be checked", session.id(), e);
            return KeyAnswer.REFUSED;
        }
    }

    private boolean isPassword(Optional<Account> account, SecretText password) {
        Optional<PasswordHash> hash = account.flatMap(Account::password);
        return hash.isPresent() ? passwords.verify(password, hash.get()) : passwords.verifyUnknown(password);
    }

    private LoginResult logIn(PartnerSession session, String user, Predicate<Optional<Account>> proof) {
        LoginDecision decision = LoginDecision.FAILED;
        try {
            Optional<Account> account = account(user);
            boolean lockedOut = throttle.isLockedOut(user, session.failuresOf());
            // The session of one account tells nothing about the password of another, by its time neither.
            boolean ofAnother =
                    session.account().isPresent() && !session.account().equals(account.map(Account::name));
            boolean proven = !lockedOut && !ofAnother && proof.test(account);
            // Asked again: attempts that ran side by side must not count as one.
            decision = decide(session, account, lockedOut || throttle.isLockedOut(user, session.failuresOf()), proven);
            if (decision == LoginDecision.ACCEPTED) {
                decision = admit(session, account.orElseThrow(), user);
            }
            if (decision == LoginDecision.ACCEPTED) {
                throttle.succeeded(user, session.failuresOf());
                return accepted(session, account.orElseThrow());
            }
            if (decision == LoginDecision.WRONG_CREDENTIALS) {
                failed(session, user);
            }
        } catch (RuntimeException e) { // whatever goes wrong in a login is a refusal
            LOG.warn("A login of session {} failed", session.id(), e);
            if (decision == LoginDecision.ACCEPTED) {
                decision = LoginDecision.FAILED; // it was right, but could not be carried out
            }
            if (session.end("the login failed")) {
                session.breakOff();
            }
        }
        LOG.info(
                "Login of \"{}\" from {} by {} was refused: {}",
                printable(user),
                session.origin().shownClient(),
                session.origin().protocol(),
                decision.reason());
        return new LoginResult.Refused(decision.guess());
    }

    private static LoginDecision decide(
            PartnerSession session, Optional<Account> account, boolean lockedOut, boolean proven) {
        return LoginDecision.of(
                new LoginDecision.Facts(account, session.origin().protocol(), session.client(), lockedOut, proven));
    }

    private LoginDecision admit(PartnerSession session, Account account, String user) {
        PartnerOperation.Origin origin = session.origin();
        LoginDecision decision = LoginDecision.of(limits.sessions()
                .admit(new SessionRegister.NewSession(
                        session.id(),
                        account.name(),
                        account.limits().sessions(),
                        origin.protocol(),
                        origin.listener(),
                        origin.shownClient(),
                        origin.clientSoftware(),
                        user,
                        session.failuresOf())));
        if (decision == LoginDecision.ACCEPTED) {
            session.logIn(account.name());
            boolean revoked = account(user)
                    .filter(now -> !PartnerSessions.isRevoked(account, now))
                    .isEmpty();
            if (revoked || session.isEnded()) {
                // It changed or ended while it was being admitted, so nobody else gives its place back.
                if (session.end("the account was changed")) {
                    session.breakOff();
                }
                limits.sessions().ended(session.id());
                return LoginDecision.FAILED;
            }
        }
        return decision;
    }

    /** A session that logged in at another server: nothing is proven anew, everything else is asked again. */
    LoginResult resume(PartnerSession session, PartnerOperation.ResumeSession resume) {
        Optional<Account> found = account(resume.account().value());
        String reason;
        if (found.isEmpty() || !credentials(found.get()).equals(resume.credentials())) {
            reason = "its password or keys are others now";
        } else {
            Account account = found.get();
            LoginDecision standing =
                    LoginDecision.standing(account, session.origin().protocol(), session.client());
            if (standing != LoginDecision.ACCEPTED) {
                reason = standing.reason();
            } else if (!limits.sessions()
                    .move(session.id(), account.name(), account.limits().sessions(), resume.attempt())) {
                reason = "it has ended or gone elsewhere since, or its account has its most sessions";
            } else {
                session.logIn(account.name());
                boolean changed = account(account.name().value())
                        .filter(now -> credentials(now).equals(resume.credentials()))
                        .isEmpty();
                if (!changed && !session.isEnded()) {
                    LOG.info("Session {}: {} goes on here", session.id(), account.name());
                    return new LoginResult.Accepted(
                            account.name(),
                            account.permissions(),
                            account.limits().idleTimeout(),
                            resume.credentials());
                }
                limits.sessions().ended(session.id());
                reason = "the account was changed";
            }
        }
        LOG.info("Session {} of {} does not go on here: {}", session.id(), resume.account(), reason);
        return new LoginResult.Refused();
    }

    /** Another value for another password or other keys, from which neither can be learnt. */
    static String credentials(Account account) {
        StringBuilder all = new StringBuilder();
        account.password().ifPresent(hash -> all.append(hash.phc()));
        account.publicKeys().stream().sorted().forEach(key -> all.append('\n').append(key));
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(all.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    /** Counted here at once and by the cluster, whose count may be higher. */
    private void failed(PartnerSession session, String user) {
        String from = session.failuresOf();
        throttle.failed(user, from);
        // An address that only an edge asserts is locked out there, but not banned: it may be that of a partner who
        // comes directly.
        LoginFailures.Standing standing = session.origin().edge().isPresent()
                ? limits.failures().count(user, from)
                : limits.failures().failed(user, from);
        throttle.learn(user, from, standing.ofLogin(), standing.ofOrigin());
    }

    /** Failures from there count no more. */
    void forgive(AddressRange range) {
        throttle.forget(range);
    }

    private LoginResult accepted(PartnerSession session, Account account) {
        storage.prepareHome(account.name(), account.folders());
        LOG.info(
                "Session {}: {} has logged in from {} by {}",
                session.id(),
                account.name(),
                session.origin().shownClient(),
                session.origin().protocol());
        return new LoginResult.Accepted(
                account.name(), account.permissions(), account.limits().idleTimeout(), credentials(account));
    }

    private Optional<Account> account(String user) {
        AccountName name;
        try {
            name = new AccountName(user);
        } catch (SeraiException e) {
            return Optional.empty();
        }
        return objects.find(Account.class, name.value());
    }

    /** A name that somebody typed, for the log: control and non-ASCII characters escaped, cut. */
    private static String printable(String user) {
        StringBuilder out = new StringBuilder();
        user.chars().limit(64).forEach(c -> out.append(c >= 0x20 && c < 0x7f && c != '"' ? (char) c : '?'));
        return out.toString();
    }
}
