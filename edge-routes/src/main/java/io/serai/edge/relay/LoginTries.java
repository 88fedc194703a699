package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.relay.EdgeGuard.Allowance;
import io.serai.edge.relay.EdgeGuard.Limit;
import io.serai.endpoint.LoginResult;
import io.serai.endpoint.PartnerOperation;
import io.serai.endpoint.PartnerOperation.LoginByPassword;
import io.serai.endpoint.PartnerOperation.LoginByPublicKey;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What logins through one edge may fail. First by the networks that the client is said to be in, so that one stranger does not use up what
 * all share; what all share bounds guesses from addresses that the edge makes up. Who comes from a network that he has logged in from needs
 * that network's part alone. Passwords and public keys are counted apart. Safe for several threads; its lock guards all that it holds.
 */
final class LoginTries {
    private static final Logger LOG = LoggerFactory.getLogger(LoginTries.class);
    private static final int REMEMBERED = 10_000;
    private static final int REMEMBERED_NETWORKS = 3 * REMEMBERED;
    /** Of one user; each lets an edge that claims it guess as much as a network may. */
    private static final int KNOWN_NETWORKS = 4;

    private static final int USER_CHARS = 128;
    private static final int SHOWN_CHARS = 64;
    private static final int NETWORK_BITS = 64;
    /** Of IPv6, larger than what one customer has at most places; the larger one has twice the part of the smaller. */
    private static final int[] LARGER_NETWORKS_BITS = {56, 48};
    /** A network needs no longer to learn what became of the tries that hold its part. */
    private static final Duration DECIDED_WITHIN = Duration.ofSeconds(2);

    private static final Duration TOLD_EACH = Duration.ofMinutes(1);
    private static final int LINES_A_MINUTE = 60;

    /** What is tried. */
    private enum Kind {
        PASSWORD,
        PUBLIC_KEY
    }

    /** @param bits how many of the first bits of an IPv6 address; those of IPv4 are alone in theirs */
    private record Network(int bits, long prefix) {
        private static final int WHOLE_IPV4 = 32;

        static Network of(InetAddress client, int bits) {
            byte[] address = client.getAddress();
            return address.length == Integer.BYTES
                    ? new Network(WHOLE_IPV4, ByteBuffer.wrap(address).getInt())
                    : new Network(bits, ByteBuffer.wrap(address).getLong() >>> Long.SIZE - bits);
        }

        boolean isIpv4() {
            return bits == WHOLE_IPV4;
        }
    }

    private record OfNetwork(Kind kind, Network network) {}

    /** What is allowed to one network or user. */
    private static final class Share {
        final Allowance left;
        /** What was taken of it for tries that are being decided. */
        int undecided;

        @Nullable
        Long toldNanos;

        Share(Allowance left) {
            this.left = left;
        }
    }

    private final EdgeGuard guard;
    private final int ofNetwork;
    private final int ofUser;
    private final Duration forgiven;
    private final LongSupplier nanos;
    private final Share passwords;
    private final Share keys;
    private final Allowance lines;
    private final Map<OfNetwork, Share> networks = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, Share> users = new LinkedHashMap<>(16, 0.75f, true);
    /** The networks from which users have logged in, the latest last. */
    private final Map<String, List<Network>> known = new LinkedHashMap<>(16, 0.75f, true);

    LoginTries(EdgeGuard guard, EdgeLimits limits, LongSupplier nanos) {
        this.guard = guard;
        this.ofNetwork = limits.failedLoginsOfNetwork();
        this.ofUser = limits.failedLoginsOfUser();
        this.forgiven = limits.forgiven();
        this.nanos = nanos;
        this.passwords = share(limits.failedLogins());
        this.keys = share(limits.failedLogins());
        this.lines = new Allowance(LINES_A_MINUTE, TOLD_EACH, nanos.getAsLong());
    }

    /**
     * A login that is tried, unless there is a refusal. It counts as failed until it has not, so that tries side by side do not count as
     * one.
     */
    final class Try {
        private final String user;
        private final @Nullable Network from;
        private final List<Share> taken;
        private final @Nullable LoginResult refusal;
        private boolean isAnswered;

        private Try(String user, Optional<InetAddress> client, List<Share> taken, @Nullable LoginResult refusal) {
            this.user = user;
            this.from = client.map(address -> Network.of(address, NETWORK_BITS)).orElse(null);
            this.taken = taken;
            this.refusal = refusal;
            this.isAnswered = refusal != null;
        }

        /** The answer, if it is not to be tried. */
        Optional<LoginResult> refusal() {
            return Optional.ofNullable(refusal);
        }

        /** What came of it; only the first time counts. Without a reply it was no guess: the server could not decide. */
        void answered(@Nullable Object reply) {
            synchronized (LoginTries.this) {
                if (isAnswered) {
                    return;
                }
                isAnswered = true;
                boolean guess =
                        reply instanceof LoginResult.Refused refused && refused.guess() == LoginResult.Guess.MADE;
                taken.forEach(share -> decided(share, guess));
                if (reply instanceof LoginResult.Accepted && from != null) {
                    learn(user, from);
                }
                LoginTries.this.notifyAll();
            }
        }
    }

    /** Asks the desk, if it may be asked. */
    LoginResult ask(PartnerOperation<LoginResult> login, InetAddress client, PartnerDesk desk) {
        Try tried = begin(login, Optional.of(client));
        LoginResult result = tried.refusal().orElse(null);
        if (result != null) {
            return result;
        }
        try {
            result = desk.answer(login);
            return result;
        } finally {
            tried.answered(result);
        }
    }

    /**
     * A try, of which {@link Try#answered} is told if it is not refused. When all that its network has left is held by others that are being
     * decided, it waits for them: many partners may come from there at once.
     *
     * @param client empty where it is not known any more
     * @throws SeraiException BUSY when too much has failed through this edge, whoever tried, or the others are not decided in time
     */
    synchronized Try begin(PartnerOperation<?> login, Optional<InetAddress> client) {
        Kind kind = login instanceof LoginByPassword ? Kind.PASSWORD : Kind.PUBLIC_KEY;
        String user = user(login);
        boolean isKnown = client.map(
                        from -> known.getOrDefault(user, List.of()).contains(Network.of(from, NETWORK_BITS)))
                .orElse(false);
        List<Share> wanted = new ArrayList<>();
        client.ifPresent(from -> wanted.addAll(networks(kind, from, isKnown)));
        Optional<Share> missing = missing(wanted);
        if (missing.isPresent()) {
            guard.refuseStranger(Limit.FAILED_LOGINS_OF_NETWORK);
            return refused(missing.get(), user, client, "from its network");
        }
        if (!isKnown) {
            Share ofAll = kind == Kind.PASSWORD ? passwords : keys;
            if (!ofAll.left.isLeft(nanos.getAsLong())) {
                guard.refuse(Limit.FAILED_LOGINS);
                throw new SeraiException(ErrorCode.BUSY, "Too many logins have failed through this edge");
            }
            wanted.add(ofAll);
        }
        if (!isKnown && kind == Kind.PASSWORD) {
            Share ofUser = of(users, user, this.ofUser, REMEMBERED);
            if (!ofUser.left.isLeft(nanos.getAsLong())) {
                guard.refuse(Limit.FAILED_LOGINS_OF_USER);
                return refused(ofUser, user, client, "of this user");
            }
            wanted.add(ofUser);
        }
        wanted.forEach(this::take);
        return new Try(user, client, wanted, null);
    }

    /** What has nothing left, when there is nothing to wait for any more. */
    private Optional<Share> missing(List<Share> wanted) {
        long since = System.nanoTime();
        while (true) {
            Optional<Share> missing = wanted.stream()
                    .filter(share -> !share.left.isLeft(nanos.getAsLong()))
                    .max((a, b) -> Boolean.compare(a.undecided == 0, b.undecided == 0));
            if (missing.isEmpty() || missing.get().undecided == 0) {
                return missing;
            }
            long left = DECIDED_WITHIN.toNanos() - (System.nanoTime() - since);
            if (left <= 0) {
                throw new SeraiException(ErrorCode.BUSY, "Other logins from this network are being decided");
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SeraiException(ErrorCode.BUSY, "The server is stopping", e);
            }
        }
    }

    private void take(Share share) {
        share.left.take(nanos.getAsLong());
        share.undecided++;
    }

    private static void decided(Share share, boolean guess) {
        share.undecided--;
        if (!guess) {
            share.left.putBack();
        }
    }

    private Try refused(Share by, String user, Optional<InetAddress> client, String what) {
        long now = nanos.getAsLong();
        boolean isNew = by.toldNanos == null || now - by.toldNanos >= TOLD_EACH.toNanos();
        if (isNew && lines.take(now)) {
            by.toldNanos = now;
            LOG.info(
                    "Login of \"{}\" from {} via {} was not tried: too many failed {}",
                    printable(user),
                    client.map(InetAddress::getHostAddress).orElse("?"),
                    guard.edge(),
                    what);
        }
        return new Try(user, client, List.of(), new LoginResult.Refused(LoginResult.Guess.NONE));
    }

    /** A name that somebody typed, for the log. */
    private static String printable(String user) {
        StringBuilder out = new StringBuilder();
        user.chars().limit(SHOWN_CHARS).forEach(c -> out.append(c >= 0x20 && c < 0x7f && c != '"' ? (char) c : '?'));
        return out.toString();
    }

    private void learn(String user, Network from) {
        List<Network> before = known.getOrDefault(user, List.of());
        List<Network> now = new ArrayList<>(before);
        now.remove(from);
        now.add(from);
        known.put(user, List.copyOf(now.subList(Math.max(0, now.size() - KNOWN_NETWORKS), now.size())));
        forgetEldest(known, REMEMBERED);
    }

    private static String user(PartnerOperation<?> login) {
        String user = login instanceof LoginByPassword password ? password.user() : ((LoginByPublicKey) login).user();
        return user.length() <= USER_CHARS ? user : user.substring(0, USER_CHARS);
    }

    /** That of the client, and unless he is known there those around it. */
    private List<Share> networks(Kind kind, InetAddress client, boolean isKnown) {
        Network smallest = Network.of(client, NETWORK_BITS);
        List<Share> all = new ArrayList<>();
        all.add(of(networks, new OfNetwork(kind, smallest), ofNetwork, REMEMBERED_NETWORKS));
        if (!smallest.isIpv4() && !isKnown) {
            int most = ofNetwork;
            for (int bits : LARGER_NETWORKS_BITS) {
                most = 2 * most;
                all.add(of(networks, new OfNetwork(kind, Network.of(client, bits)), most, REMEMBERED_NETWORKS));
            }
        }
        return all;
    }

    private <K> Share of(Map<K, Share> all, K key, int most, int remembered) {
        Share of = all.computeIfAbsent(key, name -> share(most));
        forgetEldest(all, remembered);
        return of;
    }

    private Share share(int most) {
        return new Share(new Allowance(most, forgiven, nanos.getAsLong()));
    }

    /** The one that was wanted longest ago, when there are too many. */
    private static void forgetEldest(Map<?, ?> all, int remembered) {
        if (all.size() > remembered) {
            all.remove(all.keySet().iterator().next());
        }
    }
}
