package io.serai.route.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.limit.SessionRegister.Admission;
import io.serai.config.object.Account;
import io.serai.config.object.Protocol;
import io.serai.endpoint.LoginResult;
import io.serai.route.TestAccounts;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LoginDecisionTest {
    private static final TestAccounts ACME = TestAccounts.named("acme");

    private static LoginDecision decide(TestAccounts account, String address, boolean lockedOut, boolean proven)
            throws UnknownHostException {
        Optional<Account> known = Optional.ofNullable(account).map(TestAccounts::build);
        return LoginDecision.of(
                new LoginDecision.Facts(known, Protocol.SFTP, InetAddress.getByName(address), lockedOut, proven));
    }

    @Test
    void acceptsOnlyWhenNothingSpeaksAgainstIt() throws Exception {
        assertThat(decide(ACME, "192.0.2.1", false, true)).isEqualTo(LoginDecision.ACCEPTED);
        assertThat(decide(ACME, "192.0.2.1", true, true)).isEqualTo(LoginDecision.LOCKED_OUT);
        assertThat(decide(ACME, "192.0.2.1", false, false)).isEqualTo(LoginDecision.WRONG_CREDENTIALS);
        assertThat(decide(null, "192.0.2.1", false, true)).isEqualTo(LoginDecision.WRONG_CREDENTIALS);
        assertThat(decide(ACME.disabled(), "192.0.2.1", false, true)).isEqualTo(LoginDecision.DISABLED);
        assertThat(decide(ACME.with(Protocol.HTTPS), "192.0.2.1", false, true)).isEqualTo(LoginDecision.WRONG_PROTOCOL);
        assertThat(LoginDecision.of(Admission.FULL)).isEqualTo(LoginDecision.TOO_MANY_SESSIONS);
        assertThat(LoginDecision.of(Admission.LOCKED_OUT)).isEqualTo(LoginDecision.LOCKED_OUT);
    }

    @Test
    void onlyWhatSaysSomethingOfTheCredentialsIsAGuess() {
        assertThat(Arrays.stream(LoginDecision.values()).filter(decision -> decision.guess() == LoginResult.Guess.MADE))
                .containsExactly(
                        LoginDecision.WRONG_CREDENTIALS,
                        LoginDecision.DISABLED,
                        LoginDecision.WRONG_PROTOCOL,
                        LoginDecision.WRONG_ADDRESS);
    }

    @Test
    void comparesAddressesBitByBit() throws Exception {
        TestAccounts fromNet = ACME.from("192.0.2.0/25", "2001:db8::/33");
        assertThat(decide(fromNet, "192.0.2.127", false, true)).isEqualTo(LoginDecision.ACCEPTED);
        assertThat(decide(fromNet, "192.0.2.128", false, true)).isEqualTo(LoginDecision.WRONG_ADDRESS);
        assertThat(decide(fromNet, "2001:db8:7fff::1", false, true)).isEqualTo(LoginDecision.ACCEPTED);
        assertThat(decide(fromNet, "2001:db8:8000::1", false, true)).isEqualTo(LoginDecision.WRONG_ADDRESS);
        assertThat(decide(ACME.from("192.0.2.9"), "192.0.2.9", false, true)).isEqualTo(LoginDecision.ACCEPTED);
    }
}
