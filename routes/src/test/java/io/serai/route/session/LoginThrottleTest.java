package io.serai.route.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class LoginThrottleTest {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final LoginThrottle throttle =
            new LoginThrottle(new SessionSettings.Lockout(3, 5, Duration.ofSeconds(30), 4), () -> now);

    private static String address(String text) {
        try {
            return AddressRange.origin(InetAddress.getByName(text));
        } catch (java.net.UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Test
    void locksOutAfterFailuresAndForgetsThemOneByOne() {
        String client = address("192.0.2.1");
        for (int i = 0; i < 3; i++) {
            throttle.failed("acme", client);
        }
        assertThat(throttle.isLockedOut("acme", client)).isTrue();
        assertThat(throttle.isLockedOut("other", client)).isFalse();
        assertThat(throttle.isLockedOut("acme", address("192.0.2.2"))).isFalse();
        now = now.plusSeconds(30);
        assertThat(throttle.isLockedOut("acme", client)).isFalse();
    }

    @Test
    void forgetsARangeThatWasForgiven() {
        String client = address("2001:db8:0:5::1");
        for (int i = 0; i < 5; i++) {
            throttle.failed("user" + i, client);
            throttle.failed("acme", address("192.0.2.9"));
        }
        throttle.forget(AddressRange.parse("2001:db8:0:5::/64"));
        assertThat(throttle.isLockedOut("user9", client)).isFalse();
        assertThat(throttle.isLockedOut("acme", address("192.0.2.9"))).isTrue();
    }

    @Test
    void locksOutAnAddressThatTriesManyNamesThoughOneLoginSucceeds() {
        String client = address("2001:db8::1");
        for (int i = 0; i < 5; i++) {
            throttle.failed("user" + i, client);
        }
        throttle.succeeded("user4", client);
        assertThat(throttle.isLockedOut("user9", client)).isTrue();
        assertThat(throttle.isLockedOut("user9", address("2001:db8::ffff"))).isTrue();
        assertThat(throttle.isLockedOut("user9", address("2001:db8:0:1::1"))).isFalse();
    }
}
