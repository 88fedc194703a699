package io.serai.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Where an edge connects to, and above all where not. */
class DestinationsTest {
    private static InetAddress address(String text) throws Exception {
        return AddressRange.literal(text).orElseThrow(() -> new AssertionError(text));
    }

    private static boolean byAddress(String rules, String address, int port) throws Exception {
        return Destinations.of(List.of(rules.split(" "))).permits(Optional.empty(), address(address), port);
    }

    private static boolean byName(String rules, String name, String address, int port) throws Exception {
        Destinations destinations = Destinations.of(List.of(rules.split(" ")));
        Optional<String> known = Destinations.name(name);
        return known.isPresent()
                && destinations.mayPermit(known.get(), port)
                && destinations.permits(known, address(address), port);
    }

    @Test
    void withoutARuleThereIsNoDestination() throws Exception {
        assertThat(Destinations.of(List.of()).permits(Optional.of("a.example"), address("203.0.113.1"), 22))
                .isFalse();
        assertThat(Destinations.of(List.of()).mayPermit("a.example", 22)).isFalse();
    }

    @Test
    void rangesAndPortsAreAllowedAsFarAsTheyReach() throws Exception {
        assertThat(byAddress("203.0.113.0/25:22", "203.0.113.127", 22)).isTrue();
        assertThat(byAddress("203.0.113.0/25:22", "203.0.113.128", 22)).isFalse();
        assertThat(byAddress("203.0.113.0/25:22", "203.0.113.1", 23)).isFalse();
        assertThat(byAddress("203.0.113.7:990,30000-31000", "203.0.113.7", 30_500))
                .isTrue();
        assertThat(byAddress("203.0.113.7:990,30000-31000", "203.0.113.7", 31_001))
                .isFalse();
        assertThat(byAddress("203.0.113.7:*", "203.0.113.8", 22)).isFalse();
        assertThat(byAddress("[2001:db8::/33]:22", "2001:db8:7fff::1", 22)).isTrue();
        assertThat(byAddress("[2001:db8::/33]:22", "2001:db8:8000::1", 22)).isFalse();
        assertThat(byAddress("0.0.0.0/0:*", "2001:db8::1", 22)).isFalse();
    }

    @Test
    void namesAreComparedByTheirLabels() throws Exception {
        assertThat(byName("sftp.bank.example:22", "SFTP.Bank.Example.", "203.0.113.1", 22))
                .isTrue();
        assertThat(byName("sftp.bank.example:22", "xsftp.bank.example", "203.0.113.1", 22))
                .isFalse();
        assertThat(byName("*.bank.example:22", "a.b.bank.example", "203.0.113.1", 22))
                .isTrue();
        assertThat(byName("*.bank.example:22", "bank.example", "203.0.113.1", 22))
                .isFalse();
        assertThat(byName("*.bank.example:22", "evilbank.example", "203.0.113.1", 22))
                .isFalse();
        assertThat(byName("*:22", "anything.example", "203.0.113.1", 22)).isTrue();
        assertThat(byName("203.0.113.0/24:22", "anything.example", "203.0.113.1", 22))
                .isTrue();
        assertThat(byName("203.0.113.0/24:22", "anything.example", "203.0.114.1", 22))
                .isFalse();
        // A rule for a name says nothing about the address when that is asked for itself.
        assertThat(byAddress("sftp.bank.example:22", "203.0.113.1", 22)).isFalse();
        assertThat(byAddress("*:22", "203.0.113.1", 22)).isTrue();
    }

    @Test
    void whatIsInsideNeedsARuleThatSaysSo() throws Exception {
        List<String> inside = List.of(
                "127.0.0.1",
                "127.8.9.10",
                "0.0.0.0",
                "10.1.2.3",
                "172.31.0.1",
                "192.168.0.1",
                "100.64.0.1",
                "169.254.169.254",
                "224.0.0.1",
                "255.255.255.255",
                "::1",
                "::",
                "::7f00:1",
                "fe80::1",
                "fd00::1",
                "ff02::1",
                "64:ff9b::7f00:1",
                "2002:7f00:1::",
                "2001:0:7f00:1::");
        for (String each : inside) {
            for (String wide :
                    List.of("*:*", "0.0.0.0/0:*", "[::/0]:*", "0.0.0.0/0:* [::/0]:* *:* rebound.example:*")) {
                assertThat(byAddress(wide, each, 22)).as("%s by %s", each, wide).isFalse();
                assertThat(byName(wide, "rebound.example", each, 22))
                        .as("%s by name and %s", each, wide)
                        .isFalse();
            }
        }
        assertThat(byAddress("127.0.0.0/8:22", "127.0.0.1", 22)).isTrue();
        assertThat(byAddress("10.20.0.0/16:22", "10.20.3.4", 22)).isTrue();
        assertThat(byAddress("10.20.0.0/16:22", "10.21.3.4", 22)).isFalse();
        assertThat(byAddress("[::1]:22", "::1", 22)).isTrue();
        assertThat(byAddress("[fd00::/8]:22", "fd12::1", 22)).isTrue();
        assertThat(byName("10.20.0.0/16:22", "inside.example", "10.20.3.4", 22)).isTrue();
    }

    @Test
    void theEdgesOwnSideIsReachedByARuleOfItsOwnAlone() throws Exception {
        List<String> inner = List.of("203.0.113.11", "203.0.113.11/28", "10.20.0.11/16", "2001:db8:1::11/64", "odd");
        for (String wide : List.of("*:*", "203.0.113.0/24:*", "0.0.0.0/0:*", "10.0.0.0/8:*", "[2001:db8::/32]:*")) {
            Destinations destinations = Destinations.of(List.of(wide, "inside.example:*"), () -> inner);
            for (String each : List.of("203.0.113.11", "203.0.113.1", "10.20.9.9", "2001:db8:1::99")) {
                assertThat(destinations.permits(Optional.empty(), address(each), 22))
                        .as("%s by %s", each, wide)
                        .isFalse();
                assertThat(destinations.permits(Optional.of("inside.example"), address(each), 22))
                        .isFalse();
            }
        }
        Destinations outer = Destinations.of(List.of("203.0.113.0/24:22", "10.0.0.0/8:22"), () -> inner);
        assertThat(outer.permits(Optional.empty(), address("203.0.113.16"), 22)).isTrue();
        assertThat(outer.permits(Optional.empty(), address("10.21.0.1"), 22)).isTrue();
        Destinations own = Destinations.of(List.of("10.20.0.11:22", "203.0.113.0/29:22"), () -> inner);
        assertThat(own.permits(Optional.empty(), address("10.20.0.11"), 22)).isTrue();
        assertThat(own.permits(Optional.empty(), address("203.0.113.1"), 22)).isTrue();
        assertThat(own.permits(Optional.empty(), address("10.20.0.12"), 22)).isFalse();
    }

    @Test
    void numbersInDisguiseAreNoNames() {
        for (String odd : List.of(
                "2130706433",
                "0x7f000001",
                "127.1",
                "0177.0.0.1",
                "127.0.0.0x1",
                "::ffff:127.0.0.1",
                "fe80::1%eth0",
                "",
                ".",
                "a..b",
                "-a.example",
                "a b",
                "a\u0000.example",
                "a/b",
                "[::1]",
                "b\u00fccher.example",
                "x".repeat(64))) {
            assertThat(AddressRange.literal(odd)).as(odd).isEmpty();
            assertThat(Destinations.name(odd)).as(odd).isEmpty();
        }
        assertThat(Destinations.name("_sftp.xn--bcher-kva.example")).isPresent();
    }

    @Test
    void aRuleThatCannotBeReadIsNamed() {
        for (String odd : List.of(
                "",
                "bank.example",
                "bank.example:",
                "bank.example:0",
                "bank.example:70000",
                "bank.example:30-20",
                "*bank:22",
                "b*nk.example:22",
                "10.0.0.0/33:22",
                "2001:db8::1:22",
                "[bank.example]:22",
                "10.0.0:22",
                "a:22,,23",
                "a:22:23")) {
            assertThatThrownBy(() -> Destinations.of(List.of(odd)))
                    .as(odd)
                    .isInstanceOf(SeraiException.class)
                    .hasMessageContaining("'" + odd + "'");
        }
    }
}
