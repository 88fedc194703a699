package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.relay.EdgeGuard.Allowance;
import io.serai.edge.relay.EdgeGuard.Limit;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What logins through one edge may fail. First by the network that the client is said to be in, so that one stranger does not use up what
 * all share; what all share bounds guesses from addresses that the edge makes up. Passwords and public keys are counted apart. Safe for
 * several threads; each map is guarded by itself.
 */
final class LoginTries {
    private static final int REMEMBERED = 10_000;
    private static final int USER_CHARS = 128;
    private static final int NETWORK_BYTES_OF_IPV6 = 8;

    /** What is tried. */
    private enum Kind {
        PASSWORD,
        PUBLIC_KEY
    }

    private record Network(Kind kind, String prefix) {}

    private final EdgeGuard guard;
    private final int ofNetwork;
    private final int ofUser;
    private final Duration forgiven;
    private final LongSupplier nanos;
    private final Allowance passwords;
    private final Allowance keys;
    private final Map<Network, Allowance> networks = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, Allowance> users = new LinkedHashMap<>(16, 0.75f, true);

    LoginTries(EdgeGuard guard, EdgeLimits limits, LongSupplier nanos) {
        this.guard = guard;
        this.ofNetwork = limits.failedLoginsOfNetwork();
        this.ofUser = limits.failedLoginsOfUser();
        this.forgiven = limits.forgiven();
        this.nanos = nanos;
        this.passwords = new Allowance(limits.failedLogins(), forgiven, nanos.getAsLong());
        this.keys = new Allowance(limits.failedLogins(), forgiven, nanos.getAsLong());
    }

    /** Asks the desk, if it may be asked; otherwise as {@link #refusal}. */
    LoginResult ask(PartnerOperation<LoginResult> login, InetAddress client, PartnerDesk desk) {
        Optional<LoginResult> refusal = refusal(login, Optional.of(client));
        if (refusal.isPresent()) {
            return refusal.get();
        }
        LoginResult result = new LoginResult.Refused();
        try {
            result = desk.answer(login);
            return result;
        } finally {
            answered(login, Optional.of(client), result);
        }
    }

    /**
     * The answer to a login, if it is not to be tried; {@link #answered} follows if it is. A try counts as failed until it has not, so that
     * tries side by side do not count as one; only for its network it counts when it has failed, as many partners may come from there at
     * once.
     *
     * @param client empty where it is not known any more
     * @throws SeraiException BUSY when too much has failed through this edge, whoever tried
     */
    Optional<LoginResult> refusal(PartnerOperation<?> login, Optional<InetAddress> client) {
        if (!client.map(from -> network(login, from).isLeft(nanos.getAsLong())).orElse(true)) {
            guard.refuseStranger(Limit.FAILED_LOGINS_OF_NETWORK);
            return Optional.of(new LoginResult.Refused(LoginResult.Guess.NONE));
        }
        if (!ofAll(login).take(nanos.getAsLong())) {
            guard.refuse(Limit.FAILED_LOGINS);
            throw new SeraiException(ErrorCode.BUSY, "Too many logins have failed through this edge");
        }
        if (login instanceof LoginByPassword password && !user(password.user()).take(nanos.getAsLong())) {
            ofAll(login).putBack(); // nobody is asked
            guard.refuse(Limit.FAILED_LOGINS_OF_USER);
            return Optional.of(new LoginResult.Refused(LoginResult.Guess.NONE));
        }
        return Optional.empty();
    }

    /** What came of a login that was tried. */
    void answered(PartnerOperation<?> login, Optional<InetAddress> client, Object reply) {
        if (reply instanceof LoginResult.Refused refused && refused.guess() == LoginResult.Guess.MADE) {
            client.ifPresent(from -> network(login, from).spend(nanos.getAsLong()));
        } else {
            ofAll(login).putBack();
            if (login instanceof LoginByPassword password) {
                user(password.user()).putBack();
            }
        }
    }

    private static Kind kind(PartnerOperation<?> login) {
        return login instanceof LoginByPassword ? Kind.PASSWORD : Kind.PUBLIC_KEY;
    }

    private Allowance ofAll(PartnerOperation<?> login) {
        return switch (kind(login)) {
            case PASSWORD -> passwords;
            case PUBLIC_KEY -> keys;
        };
    }

    private Allowance network(PartnerOperation<?> login, InetAddress client) {
        byte[] address = client.getAddress();
        byte[] prefix = address.length == 4 ? address : Arrays.copyOf(address, NETWORK_BYTES_OF_IPV6);
        return of(networks, new Network(kind(login), Arrays.toString(prefix)), ofNetwork);
    }

    private Allowance user(String user) {
        return of(users, user.length() <= USER_CHARS ? user : user.substring(0, USER_CHARS), ofUser);
    }

    /** The one that was wanted longest ago is forgotten when there are too many. */
    private <K> Allowance of(Map<K, Allowance> all, K key, int most) {
        synchronized (all) {
            Allowance of = all.computeIfAbsent(key, name -> new Allowance(most, forgiven, nanos.getAsLong()));
            if (all.size() > REMEMBERED) {
                all.remove(all.keySet().iterator().next());
            }
            return of;
        }
    }
}
