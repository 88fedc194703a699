package io.serai.config.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.ZoneName;
import io.serai.config.object.ConfigObject;
import io.serai.config.object.ObjectDefaults;
import io.serai.config.object.ObjectDiff;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.Zone;
import io.serai.config.object.ZoneChoice;
import io.serai.config.secret.LocalSecrets;
import io.serai.config.secret.PasswordHasher;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ZoneReaderTest {
    private static final String PIN = "0123456789abcdef".repeat(4);
    private static final String WHOLE = """
            kind: Zone
            name: dmz
            spec:
              description: Frankfurt
              edges:
                - name: edge1
                  addresses: ["10.20.0.11:7444", "[2001:db8::11]:7445", edge1.inside]
                  pins: [%s]
                  publicAddress: 203.0.113.11
                - name: edge2
                  addresses: [10.20.0.12]
                  passivePorts: 51000-51999
              listeners:
                - name: sftp
                  protocol: sftp
                  maxSessions: 500
                  proxyProtocolFrom: [192.0.2.0/28]
                  allowFrom: [198.51.100.0/24, "2001:db8::/32"]
                  denyFrom: [198.51.100.9]
                  connectionRate: 600/m
                  connectionRatePerAddress: 2/s
                  loginRate: 20/s
                - name: ftps
                  protocol: ftps
                  address: 198.51.100.7
                  tls: implicit
                  passivePorts: 50000-50999
              outbound: true
              default: true
              whenDown: direct
              destinations: ["sftp.bank.example:22", "203.0.113.0/24:21,990,30000-31000"]
              outboundIdle: 10m
              ownRoutes: true
            """.formatted(PIN);

    private static ObjectDraft draft(String text) {
        return new Documents(new LocalSecrets(Map.of()), CronCheck.NONE)
                .parse(List.of(new DocumentFile("z.yaml", text)))
                .get(0);
    }

    private static Zone zone(String text, Optional<Zone> stored) {
        return (Zone) draft(text).complete(stored, new PasswordHasher());
    }

    @Test
    void readsAZoneWithAllItsFields() {
        Zone zone = zone(WHOLE, Optional.empty());
        assertThat(zone.edge(new EdgeName("edge1")).orElseThrow().addresses())
                .containsExactly(
                        new HostPort("10.20.0.11", 7444),
                        new HostPort("2001:db8::11", 7445),
                        new HostPort("edge1.inside", ObjectDefaults.LINK_PORT));
        assertThat(zone.edge(new EdgeName("edge1")).orElseThrow().pins()).containsExactly(PIN);
        assertThat(zone.edge(new EdgeName("edge2")).orElseThrow().pins()).isEmpty();
        assertThat(zone.edge(new EdgeName("edge2")).orElseThrow().passivePorts())
                .hasValue("51000-51999");
        assertThat(zone.listeners()).extracting(Zone.Listener::port).containsExactly(22, 990);
        assertThat(zone.listeners()).extracting(Zone.Listener::protocol).containsExactly(Protocol.SFTP, Protocol.FTPS);
        assertThat(zone.listeners().get(0).admission().rates())
                .isEqualTo(new Zone.Rates(
                        Optional.of(new Zone.Rate(600, Zone.Rate.Per.MINUTE)),
                        Optional.of(new Zone.Rate(2, Zone.Rate.Per.SECOND)),
                        Optional.of(new Zone.Rate(20, Zone.Rate.Per.SECOND))));
        assertThat(zone.listeners().get(1).admission()).isEqualTo(Zone.Admission.EVERYWHERE);
        assertThat(zone.ownRoutes()).isEqualTo(Zone.OwnRoutes.ALLOWED);
        assertThat(zone.outbound())
                .isEqualTo(new Zone.Outbound(
                        true,
                        true,
                        Zone.WhenDown.DIRECT,
                        List.of("sftp.bank.example:22", "203.0.113.0/24:21,990,30000-31000"),
                        Duration.ofMinutes(10),
                        Optional.empty()));
    }

    @Test
    void lettingNothingOutAndRefusingAreTheDefaults() {
        Zone zone = zone("kind: Zone\nname: dmz\nspec:\n  edges: []\n", Optional.empty());
        assertThat(zone.outbound()).isEqualTo(new Zone.Outbound(false, false, Zone.WhenDown.REFUSE));
        assertThat(zone.ownRoutes()).isEqualTo(Zone.OwnRoutes.REFUSED);
        assertThat(zone.listeners()).isEmpty();
    }

    @Test
    void aZoneMayBeProxiesAloneAndKeepsTheirPassword() {
        String text = """
                kind: Zone
                name: company
                spec:
                  outbound: true
                  proxies: ["socks5://10.0.0.1", "http://proxy.example:8080", "socks5://[2001:db8::1]:1081"]
                  proxyUser: serai
                  proxyPassword: hunter2-proxy
                """;
        Zone zone = zone(text, Optional.empty());
        assertThat(zone.outbound().proxies().orElseThrow().addresses())
                .extracting(Zone.Proxy::toString)
                .containsExactly("socks5://10.0.0.1:1080", "http://proxy.example:8080", "socks5://[2001:db8::1]:1081");
        String exported = ObjectYaml.export(zone).text();
        assertThat(exported).doesNotContain("hunter2");
        assertThat(zone(text.replace("hunter2-proxy", "\"********\""), Optional.of(zone)))
                .isEqualTo(zone);
        assertThatThrownBy(() -> zone(text.replace("hunter2-proxy", "\"********\""), Optional.empty()))
                .hasMessageContaining("there is none");
        for (String wrong : List.of(
                text.replace("outbound: true", "outbound: false"),
                text.replace("http://proxy", "https://proxy"),
                text.replace("  proxyUser: serai\n", ""),
                text.replaceAll("  proxies: .*\n", "  edges: []\n"),
                text + "  destinations: [\"*:22\"]\n")) {
            assertThat(wrong).isNotEqualTo(text);
            assertThatThrownBy(() -> draft(wrong)).isInstanceOf(SeraiException.class);
        }
    }

    @Test
    void aListenerMayPassConnectionsThrough() {
        Zone zone = zone(WHOLE.replace("protocol: sftp", "protocol: sftp\n      mode: tcp"), Optional.empty());
        assertThat(zone.listeners()).extracting(Zone.Listener::mode).containsExactly(Zone.Mode.TCP, Zone.Mode.SESSIONS);
        assertThat(zone(ObjectYaml.export(zone).text(), Optional.empty())).isEqualTo(zone);
    }

    @Test
    void aSiteHasAddressesForRecovery() {
        ObjectDraft draft = draft("kind: Site\nname: bank\nspec:\n  protocol: https\n  host: bank.example\n"
                + "  recovery: [bank2.example, \"203.0.113.9:8443\"]\n");
        Site site = (Site) draft.complete(Optional.empty(), new PasswordHasher());
        assertThat(site.addresses())
                .extracting(HostPort::toString)
                .containsExactly("bank.example:443", "bank2.example:443", "203.0.113.9:8443");
        assertThat(draft(ObjectYaml.export(site).text()).complete(Optional.empty(), new PasswordHasher()))
                .isEqualTo(site);
    }

    @ParameterizedTest
    @CsvSource({"timeout: 10s", "connectTimeout: 60s", "'connectTimeout: 20s\n  timeout: 20s'"})
    void addressesForRecoveryNeedTimeToBeTried(String times) {
        String site = "kind: Site\nname: bank\nspec:\n  protocol: https\n  host: bank.example\n  " + times + "\n";
        assertThat(draft(site)).isNotNull();
        assertThatThrownBy(() -> draft(site + "  recovery: [bank2.example]\n"))
                .isInstanceOfSatisfying(
                        SeraiException.class,
                        refused -> assertThat(refused.text()).contains("timeout must be longer than connectTimeout"));
    }

    @Test
    void networksAreWhatAnEdgeTakesAndNoMore() {
        String most = "192.0.2.0/24, ".repeat(4_998);
        assertThat(draft(WHOLE.replace("denyFrom: [", "denyFrom: [" + most))).isNotNull();
        String more = WHOLE.replace("denyFrom: [", "denyFrom: [" + most + "192.0.2.0/24, 192.0.2.0/24, ");
        assertThatThrownBy(() -> draft(more))
                .isInstanceOfSatisfying(
                        SeraiException.class,
                        refused -> assertThat(refused.text()).contains("denyFrom", "65000 characters"));
        String together = WHOLE.replace("denyFrom: [", "denyFrom: [" + "192.0.2.0/24, ".repeat(4_900))
                .replace("allowFrom: [", "allowFrom: [" + "192.0.2.0/24, ".repeat(4_900))
                .replace("proxyProtocolFrom: [", "proxyProtocolFrom: [" + "192.0.2.0/24, ".repeat(4_900));
        assertThatThrownBy(() -> draft(together))
                .isInstanceOfSatisfying(
                        SeraiException.class,
                        refused -> assertThat(refused.text()).contains("160000 characters together"));
    }

    @Test
    void destinationsAreWhatAnEdgeTakesAndNoMore() {
        String few = "destinations: [";
        String most = "\"192.0.2.1:22\", ".repeat(9_998);
        assertThat(draft(WHOLE.replace(few, few + most))).isNotNull();
        assertRefused(
                WHOLE.replace(few, few + most + "\"192.0.2.1:22\", "),
                "z.yaml:",
                "spec.destinations",
                "10001",
                "an edge takes 10000");
        String one = "sftp-" + "0".repeat(20) + ".bank.example:22"; // 44 bytes of the message
        String many = ("\"" + one + "\", ").repeat(4_530);
        assertThat(draft(WHOLE.replace(few, few + many))).isNotNull();
        assertRefused(
                WHOLE.replace(few, few + many + many.substring(0, 20 * (one.length() + 4))),
                "z.yaml:",
                "spec.destinations",
                "an edge takes 200000 together");
        // What the listeners' networks take is not there for destinations.
        assertRefused(
                WHOLE.replace(few, few + many).replace("denyFrom: [", "denyFrom: [" + "192.0.2.0/24, ".repeat(2_000)),
                "spec.destinations",
                "the networks of the listeners 26",
                "an edge takes 200000 together");
    }

    private static void assertRefused(String text, String... reasons) {
        assertThatThrownBy(() -> draft(text))
                .isInstanceOfSatisfying(
                        SeraiException.class,
                        refused -> assertThat(refused.text()).contains(reasons));
    }

    @Test
    void whatIsExportedReadsAsTheSameZone() {
        Zone zone = zone(WHOLE, Optional.empty());
        assertThat(zone(ObjectYaml.export(zone).text(), Optional.empty())).isEqualTo(zone);
        assertThat(ObjectDiff.between(zone, zone)).isEmpty();
    }

    @Test
    void anEdgeKeepsTheKeysThatADocumentDoesNotName() {
        String other = "f".repeat(64);
        Zone before = zone(WHOLE, Optional.empty());
        Zone enrolled =
                before.with(before.edge(new EdgeName("edge2")).orElseThrow().withPins(Set.of(other)));
        Zone again = zone(WHOLE, Optional.of(enrolled));
        assertThat(again).isEqualTo(enrolled);

        Zone emptied = zone(
                WHOLE.replace("addresses: [10.20.0.12]", "addresses: [10.20.0.12]\n      pins: []"),
                Optional.of(enrolled));
        assertThat(emptied.edge(new EdgeName("edge2")).orElseThrow().pins()).isEmpty();
        Zone renamed = zone(WHOLE.replace("edge2", "edge3"), Optional.of(enrolled));
        assertThat(renamed.edge(new EdgeName("edge3")).orElseThrow().pins()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "name: dmz|name: none|a meaning of its own",
                "name: dmz|name: default|a meaning of its own",
                "name: edge2|name: edge1|another edge has this name",
                "connectionRate: 600/m|connectionRate: 0/m|such as 10/s or 600/m",
                "connectionRate: 600/m|connectionRate: 600|such as 10/s or 600/m",
                "loginRate: 20/s|loginRates: 20/s|did you mean \"loginRate\"",
                "name: edge2|name: ../x|not a valid name",
                "addresses: [10.20.0.12]|addresses: []|give the addresses",
                "addresses: [10.20.0.12]|addresses: ['10.20.0.11:7444']|is given twice",
                "addresses: [10.20.0.12]|addresses: ['10.20.0.12:0']|expected a port",
                "addresses: [10.20.0.12]|addresses: ['http://x']|expected host:port",
                "addresses: [10.20.0.12]|address: 10.20.0.12|did you mean \"addresses\"",
                "publicAddress: 203.0.113.11|publicAddress: '2001:db8::1'|expected an IPv4 address",
                "passivePorts: 51000-51999|passivePorts: 51000|a range of ports",
                "pins: [0|pins: [G|64 lower-case hexadecimal",
                "protocol: sftp|protocol: scp|not a choice",
                "name: ftps|name: sftp|another listener has this name",
                "tls: implicit|port: 22|the listener sftp has this port",
                "denyFrom: [198.51.100.9]|denyFrom: [198.51.100.9/24]|bits after the prefix",
                "maxSessions: 500|passivePorts: 50000-50001|is for ftps only",
                "passivePorts: 50000-50999|passivePorts: 50999-50000|a range of ports",
                "outbound: true|outbound: false|needs outbound: true",
                "whenDown: direct|whenDown: perhaps|not a choice",
                "destinations: [\"sftp.bank.example:22\"|x: [\"sftp.bank.example:22\"|say where the edges may connect to",
                "sftp.bank.example:22|sftp.bank.example|expected a name, an address",
                "outboundIdle: 10m|outboundIdle: 1s|10s",
                "protocol: ftps|'protocol: ftps\n      mode: tcp'|cannot be passed through",
                "protocol: sftp|'protocol: sftp\n      mode: raw'|not a choice"
            })
    void refusesWhatIsWrongWithItsPlaceAndReason(String right, String wrong, String reason) {
        assertThat(WHOLE).contains(right);
        assertThatThrownBy(() -> draft(WHOLE.replace(right, wrong)))
                .isInstanceOfSatisfying(SeraiException.class, refused -> {
                    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID);
                    assertThat(refused.text()).contains("z.yaml:").contains(reason == null ? "" : reason);
                });
    }

    @ParameterizedTest
    @CsvSource({"none", "default", "dmz"})
    void aSiteSaysWhichZoneItLeavesThrough(String word) {
        ConfigObject site = draft("kind: Site\nname: bank\nspec:\n  protocol: https\n  host: bank.example\n  zone: "
                        + word + "\n")
                .complete(Optional.empty(), new PasswordHasher());
        ZoneChoice expected = switch (word) {
            case "none" -> ZoneChoice.Word.NONE;
            case "default" -> ZoneChoice.Word.DEFAULT;
            default -> new ZoneChoice.Named(new ZoneName(word));
        };
        assertThat(((Site) site).zone()).isEqualTo(expected);
        assertThat(draft(ObjectYaml.export(site).text()).complete(Optional.empty(), new PasswordHasher()))
                .isEqualTo(site);
    }
}
