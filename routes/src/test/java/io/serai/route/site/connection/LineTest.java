package io.serai.route.site.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.HostPort;
import io.serai.config.name.SiteName;
import io.serai.config.object.Protocol;
import io.serai.config.object.Site;
import io.serai.config.object.ZoneChoice;
import io.serai.route.site.outbound.OutboundPath;
import io.serai.route.site.outbound.SocksPath;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Which connections may be used again. */
class LineTest {
    private static final Duration LONG = Duration.ofHours(1);
    private static final HostPort FIRST = new HostPort("bank.example", 22);
    private static final HostPort SECOND = new HostPort("bank2.example", 22);
    private static final OutboundPath PROXY = new SocksPath("192.0.2.1", 1080, Optional.empty());
    private static final List<OutboundPath> WAYS = List.of(PROXY, OutboundPath.DIRECT);

    private static final Site SITE = new Site(
            new SiteName("bank"),
            "",
            Protocol.SFTP,
            FIRST.host(),
            FIRST.port(),
            "",
            Optional.of("u"),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Site.TlsMode.EXPLICIT,
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            1,
            OptionalLong.empty(),
            ZoneChoice.Word.NONE,
            List.of(SECOND));

    private static Line atTheSecond() {
        Line line = new Line(SITE, WAYS);
        assertThat(line.nextWay(new SeraiException(ErrorCode.SITE_UNREACHABLE, "nobody")))
                .isTrue();
        assertThat(line.target()).isEqualTo(SECOND);
        return line;
    }

    @Test
    void oneByTheFirstWayToTheFirstAddressIsUsedAgain() {
        assertThat(new Line(SITE, WAYS).mayBeUsedAgain(SITE, WAYS, Duration.ZERO))
                .isTrue();
        assertThat(new Line(SITE, Optional.of(FIRST), WAYS).mayBeUsedAgain(SITE, WAYS, Duration.ZERO))
                .isTrue();
    }

    @Test
    void oneAtAnAddressForRecoveryRetires() {
        assertThat(atTheSecond().mayBeUsedAgain(SITE, WAYS, LONG)).isTrue();
        assertThat(atTheSecond().mayBeUsedAgain(SITE, WAYS, Duration.ZERO)).isFalse();
    }

    @Test
    void oneByAnotherWayThanTheFirstRetires() {
        Line direct = new Line(SITE, List.of(OutboundPath.DIRECT));
        assertThat(direct.mayBeUsedAgain(SITE, WAYS, LONG)).isTrue();
        assertThat(direct.mayBeUsedAgain(SITE, WAYS, Duration.ZERO)).isFalse();
        assertThat(direct.mayBeUsedAgain(SITE, List.of(PROXY), LONG))
                .as("no way any more")
                .isFalse();
    }

    @Test
    void oneThatWasToGoToTheStandInAndNowhereElseIsForNobodyElse() {
        assertThat(new Line(SITE, Optional.of(SECOND), WAYS).mayBeUsedAgain(SITE, WAYS, LONG))
                .isFalse();
    }
}
