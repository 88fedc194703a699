package io.serai.route.session;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What this node knows of failed logins by user name and address ({@link AddressRange#origin}), and by address alone; too many lock out until enough
 * are forgotten. Unknown names count like known ones. The database counts those of all nodes and has the last word when a
 * login is admitted; this copy refuses what is locked out before a password is checked, which is dear. Its lock guards
 * both maps, whose sizes are bounded.
 */
final class LoginThrottle {
    private final SessionSettings.Lockout settings;
    private final InstantSource clock;
    private final Map<String, Failures> byLogin;
    private final Map<String, Failures> byAddress;

    LoginThrottle(SessionSettings.Lockout settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        this.byLogin = bounded(settings.maxTracked());
        this.byAddress = bounded(settings.maxTracked());
    }

    synchronized boolean isLockedOut(String user, String address) {
        return count(byLogin.get(login(user, address))) >= settings.failuresOfLogin()
                || count(byAddress.get(address)) >= settings.failuresOfAddress();
    }

    synchronized void failed(String user, String address) {
        byLogin.compute(login(user, address), (key, before) -> oneMore(before));
        byAddress.compute(address, (key, before) -> oneMore(before));
    }

    /** What the whole cluster counts, where that is more. */
    synchronized void learn(String user, String address, int ofLogin, int ofAddress) {
        byLogin.compute(login(user, address), (key, before) -> atLeast(before, ofLogin));
        byAddress.compute(address, (key, before) -> atLeast(before, ofAddress));
    }

    private Failures atLeast(@Nullable Failures before, int count) {
        return before != null && count(before) >= count ? before : new Failures(count, clock.instant());
    }

    /** Forgets the failures of this name from there; those of the address stay, or one good login would hide a search. */
    synchronized void succeeded(String user, String address) {
        byLogin.remove(login(user, address));
    }

    /** Forgets the failures of all addresses of a range. */
    synchronized void forget(AddressRange range) {
        byLogin.keySet().removeIf(key -> isFrom(range, key.substring(0, key.indexOf(' '))));
        byAddress.keySet().removeIf(origin -> isFrom(range, origin));
    }

    private static boolean isFrom(AddressRange range, String origin) {
        return range.contains(AddressRange.ofOrigin(origin).address());
    }

    private Failures oneMore(@Nullable Failures before) {
        return new Failures(count(before) + 1, clock.instant());
    }

    private int count(@Nullable Failures failures) {
        if (failures == null) {
            return 0;
        }
        long forgotten = Duration.between(failures.latest(), clock.instant()).dividedBy(settings.forgetOneAfter());
        return (int) Math.max(0, failures.count() - Math.max(0, forgotten));
    }

    /** Names are outside text of any length; the key is bounded. */
    private static String login(String user, String address) {
        return address + ' ' + (user.length() <= 128 ? user : user.substring(0, 128));
    }

    private static <V> Map<String, V> bounded(int limit) {
        return new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
                return size() > limit;
            }
        };
    }

    private record Failures(int count, Instant latest) {}
}
