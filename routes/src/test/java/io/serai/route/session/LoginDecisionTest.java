package io.serai.route.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.object.Account;
import io.serai.config.object.Protocol;
import io.serai.route.TestAccounts;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LoginDecisionTest {
    private static final TestAccounts ACME = TestAccounts.named("acme");

    private static LoginDecision decide(
            TestAccounts account, String address, boolean lockedOut, boolean proven, int sessions)
            throws UnknownHostException {
        Optional<Account> known = Optional.ofNullable(account).map(TestAccounts::build);
        return LoginDecision.of(new LoginDecision.Facts(
                known, Protocol.SFTP, InetAddress.getByName(address), lockedOut, proven, sessions));
    }

    @Test
    void acceptsOnlyWhenNothingSpeaksAgainstIt() throws Exception {
        assertThat(decide(ACME, "192.0.2.1", false, true, 0)).isEqualTo(LoginDecision.ACCEPTED);
        assertThat(decide(ACME, "192.0.2.1", true, true, 0)).isEqualTo(LoginDecision.LOCKED_OUT);
        assertThat(decide(ACME, "192.0.2.1", false, false, 0)).isEqualTo(LoginDecision.WRONG_CREDENTIALS);
        assertThat(decide(null, "192.0.2.1", false, true, 0)).isEqualTo(LoginDecision.WRONG_CREDENTIALS);
        assertThat(decide(ACME.disabled(), "192.0.2.1", false, true, 0)).isEqualTo(LoginDecision.DISABLED);
        assertThat(decide(ACME.with(Protocol.HTTPS), "192.0.2.1", false, true, 0))
                .isEqualTo(LoginDecision.WRONG_PROTOCOL);
        assertThat(decide(ACME, "192.0.2.1", false, true, 10)).isEqualTo(LoginDecision.TOO_MANY_SESSIONS);
    }

    @Test
    void comparesAddressesBitByBit() throws Exception {
        TestAccounts fromNet = ACME.from("192.0.2.0/25", "2001:db8::/33");
        assertThat(decide(fromNet, "192.0.2.127", false, true, 0)).isEqualTo(LoginDecision.ACCEPTED);
        assertThat(decide(fromNet, "192.0.2.128", false, true, 0)).isEqualTo(LoginDecision.WRONG_ADDRESS);
        assertThat(decide(fromNet, "2001:db8:7fff::1", false, true, 0)).isEqualTo(LoginDecision.ACCEPTED);
        assertThat(decide(fromNet, "2001:db8:8000::1", false, true, 0)).isEqualTo(LoginDecision.WRONG_ADDRESS);
        assertThat(decide(ACME.from("192.0.2.9"), "192.0.2.9", false, true, 0)).isEqualTo(LoginDecision.ACCEPTED);
    }
}
