package io.serai.config.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.config.name.CalendarName;
import io.serai.config.name.EdgeName;
import io.serai.config.name.HostPort;
import io.serai.config.name.Network;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.name.SiteName;
import io.serai.config.name.VirtualPath;
import io.serai.config.name.ZoneName;
import io.serai.config.secret.PasswordHash;
import io.serai.config.secret.SecretBox;
import io.serai.config.secret.SecretText;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.LocalDate;
import java.time.MonthDay;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ObjectJsonTest {
    static final Account ACCOUNT = new Account(
            new AccountName("acme"),
            "ACME",
            false,
            Optional.of(
                    new PasswordHash(
                            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$DEwLbbIZGUtgBuB4gYok6r6hNvevYZoxkwMQ5/LXSaU")),
            List.of("ssh-ed25519 AAAA"),
            Set.of(Permission.READ, Permission.LIST),
            Set.of(Protocol.SFTP),
            List.of(VirtualPath.parse("/inbox")),
            List.of("10.0.0.0/8"),
            new Account.Limits(3, OptionalLong.of(20_000_000_000L), OptionalLong.empty(), Duration.ofMinutes(5)));
    static final Site SITE = new Site(
            new SiteName("bank"),
            "",
            Protocol.FTPS,
            "bank.example",
            990,
            "/in",
            Optional.of("serai"),
            Optional.of(new SecretText("hunter2-password")),
            Optional.of(new SecretText("hunter2-key")),
            Optional.of(new SecretText("hunter2-passphrase")),
            Optional.of(new SecretText("hunter2-token")),
            List.of("sha256/00"),
            Site.TlsMode.IMPLICIT,
            Duration.ofSeconds(3),
            Duration.ofMillis(1500),
            2,
            OptionalLong.empty());
    static final Site SITE_THROUGH_ZONE = through(new ZoneChoice.Named(new ZoneName("dmz")), List.of());
    static final Site SITE_WITH_RECOVERY = through(
            ObjectDefaults.SITE_ZONE, List.of(new HostPort("bank2.example", 990), new HostPort("2001:db8::1", 991)));
    static final Schedule SCHEDULE = new Schedule(
            new ScheduleName("nightly"),
            "Night",
            true,
            List.of("0 30 2 * * ?"),
            ZoneId.of("Europe/Berlin"),
            Schedule.Missed.SKIP);
    static final Schedule MONTHLY = new Schedule(
            new ScheduleName("monthly"),
            "",
            true,
            List.of("0 0 6 1 * ?"),
            ZoneId.of("Europe/Berlin"),
            Schedule.Missed.RUN_ALL,
            Optional.of(new CalendarName("bank")),
            Schedule.Holidays.NEXT_WORKING_DAY,
            Schedule.Overlap.ALLOW);
    static final Calendar CALENDAR = new Calendar(
            new CalendarName("bank"),
            "Where nobody works",
            Set.of(DayOfWeek.SUNDAY),
            Set.of(LocalDate.parse("2026-04-03")),
            Set.of(MonthDay.of(2, 29)));
    static final Zone ZONE = new Zone(
            new ZoneName("dmz"),
            "Frankfurt",
            List.of(
                    new Zone.Edge(
                            new EdgeName("edge1"),
                            List.of(new HostPort("10.20.0.11", 7443), new HostPort("2001:db8::11", 7444)),
                            Set.of("ab".repeat(32)),
                            Optional.of("203.0.113.11"),
                            Optional.of("50000-50099")),
                    new Zone.Edge(
                            new EdgeName("edge2"),
                            List.of(new HostPort("edge2.inside", 7443)),
                            Set.of(),
                            Optional.empty(),
                            Optional.empty())),
            List.of(
                    new Zone.Listener(
                            "sftp",
                            Protocol.SFTP,
                            "0.0.0.0",
                            22,
                            Site.TlsMode.EXPLICIT,
                            Optional.empty(),
                            OptionalInt.of(500),
                            List.of(Network.parse("192.0.2.0/28")),
                            new Zone.Admission(
                                    List.of(Network.parse("198.51.100.0/24")),
                                    List.of(Network.parse("198.51.100.9")),
                                    new Zone.Rates(
                                            Optional.of(Zone.Rate.parse("600/m")),
                                            Optional.of(Zone.Rate.parse("10/s")),
                                            Optional.of(Zone.Rate.parse("5/s"))))),
                    new Zone.Listener(
                            "ftps",
                            Protocol.FTPS,
                            "198.51.100.7",
                            990,
                            Site.TlsMode.IMPLICIT,
                            Optional.of("50000-50999"),
                            OptionalInt.empty(),
                            List.of(),
                            Zone.Admission.EVERYWHERE)),
            new Zone.Outbound(
                    true,
                    true,
                    Zone.WhenDown.DIRECT,
                    List.of("*.bank.example:22", "[2001:db8::/32]:*"),
                    Duration.ofMinutes(5),
                    Optional.empty()),
            Zone.OwnRoutes.ALLOWED);
    static final Zone PROXIES = new Zone(
            new ZoneName("company"),
            "",
            List.of(),
            List.of(),
            new Zone.Outbound(
                    true,
                    false,
                    Zone.WhenDown.REFUSE,
                    List.of(),
                    Duration.ofMinutes(30),
                    Optional.of(new Zone.Proxies(
                            List.of(Zone.Proxy.parse("socks5://10.0.0.1"), Zone.Proxy.parse("http://[2001:db8::1]:81")),
                            Optional.of("serai"),
                            Optional.of(new SecretText("hunter2-proxy"))))));
    static final Route ROUTE = new Route(new RouteId("orders"), Route.Dsl.YAML, "- route:\n    id: orders\n");

    @TempDir
    Path home;

    private ObjectJson json;

    @BeforeEach
    void setUp() {
        json = new ObjectJson(SecretBox.openOrCreate(home.resolve("key.json")));
    }

    @Test
    void givesBackEveryKind() {
        for (ConfigObject object : List.of(
                ACCOUNT,
                SITE,
                SCHEDULE,
                MONTHLY,
                CALENDAR,
                ZONE,
                PROXIES,
                ROUTE,
                SITE_THROUGH_ZONE,
                SITE_WITH_RECOVERY)) {
            assertThat(json.read(object.kind(), object.objectName(), json.write(object)))
                    .isEqualTo(object);
        }
    }

    private static Site through(ZoneChoice zone, List<HostPort> recovery) {
        return new Site(
                SITE.name(),
                SITE.description(),
                SITE.protocol(),
                SITE.host(),
                SITE.port(),
                SITE.folder(),
                SITE.user(),
                SITE.password(),
                SITE.privateKey(),
                SITE.privateKeyPassphrase(),
                SITE.bearerToken(),
                SITE.trust(),
                SITE.tlsMode(),
                SITE.connectTimeout(),
                SITE.timeout(),
                SITE.maxParallel(),
                SITE.bandwidthBytes(),
                zone,
                recovery);
    }

    @Test
    void storedFormShowsNoSecret() {
        assertThat(json.write(SITE)).doesNotContain("hunter2").contains("\"password\":\"aead1:");
        assertThat(json.write(PROXIES)).doesNotContain("hunter2").contains("\"proxyPassword\":\"aead1:");
    }

    @Test
    void storedFormIsStable() {
        assertThat(json.write(SCHEDULE))
                .isEqualTo("{\"description\":\"Night\",\"enabled\":true,\"cron\":[\"0 30 2 * * ?\"],"
                        + "\"timeZone\":\"Europe/Berlin\",\"missed\":\"SKIP\"}");
        assertThat(json.write(ACCOUNT)).isEqualTo(json.write(ACCOUNT));
    }

    @Test
    void aSecretThatWasCopiedToAnotherSiteDoesNotDecrypt() {
        String stored = json.write(SITE);
        assertThatThrownBy(() -> json.read(ObjectKind.SITE, "thief", stored)).isInstanceOf(SeraiException.class);
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        for (String stored : List.of(
                "",
                "{}",
                "[]",
                "{\"dsl\":\"XML\",\"source\":\"\"}",
                "{\"dsl\":\"YAML\",\"source\":1}",
                "{\"dsl\":\"YAML\",\"source\":\"\",\"future\":true}")) {
            assertThatThrownBy(() -> json.read(ObjectKind.ROUTE, "orders", stored))
                    .isInstanceOf(SeraiException.class)
                    .hasMessageContaining("Route orders");
        }
    }
}
