package io.serai.config.name;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkTest {
    @Test
    void containsItsAddresses() throws UnknownHostException {
        assertThat(Network.parse("10.0.0.0/8").contains(InetAddress.getByName("10.255.255.255")))
                .isTrue();
        assertThat(Network.parse("255.0.0.9").contains(InetAddress.getByName("255.0.0.9")))
                .isTrue();
        assertThat(Network.parse("2001:db8::/32").contains(InetAddress.getByName("2001:db8:1::1")))
                .isTrue();
        assertThat(Network.parse("::/0").contains(InetAddress.getByName("::1"))).isTrue();
        assertThat(Network.parse("10.0.0.0/8").contains(InetAddress.getByName("11.0.0.1")))
                .isFalse();
    }

    /** Java would ask a name server for some of them. */
    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.256", "10.0.0.256/8", "999.0.0.1", "10.1", "...", ".:1", "1:2", "balancer", ""})
    void whatIsNoAddressIsNotTakenForAName(String text) {
        assertThatThrownBy(() -> Network.parse(text)).hasMessageContaining("expected a network");
        String literal = text.contains("/") ? text.substring(0, text.indexOf('/')) : text;
        assertThatThrownBy(() -> AddressLiteral.parse(literal))
                .as("refused before Java could look it up, or refused by Java as an address")
                .hasMessageContaining("not an address")
                .satisfies(refused -> assertThat(literal.equals("1:2") || refused.getCause() == null)
                        .isTrue());
    }
}
