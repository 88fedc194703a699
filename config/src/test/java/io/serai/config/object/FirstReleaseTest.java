package io.serai.config.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.ResourceName;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FirstReleaseTest {
    @Test
    void readsObjectsThatUseNothingNewer() {
        assertThat(FirstRelease.unknown(ObjectJsonTest.ACCOUNT)).isEmpty();
        assertThat(FirstRelease.unknown(ObjectJsonTest.SITE)).isEmpty();
        assertThat(FirstRelease.unknown(ObjectJsonTest.SCHEDULE)).isEmpty();
        assertThat(FirstRelease.unknown(ObjectJsonTest.ROUTE)).isEmpty();
    }

    @Test
    void doesNotKnowNewerFieldsOfItsKinds() {
        Account given = ObjectJsonTest.ACCOUNT;
        Account limited = new Account(
                given.name(),
                given.description(),
                given.enabled(),
                given.password(),
                given.publicKeys(),
                given.permissions(),
                given.protocols(),
                given.folders(),
                given.allowFrom(),
                new Account.Limits(
                        1,
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        Duration.ofMinutes(1),
                        OptionalInt.of(2),
                        OptionalLong.of(1000)));
        assertThat(FirstRelease.unknown(limited)).contains("account \"acme\" with maxTransfers, bandwidth");
        assertThat(FirstRelease.unknown(ObjectJsonTest.MONTHLY))
                .contains("schedule \"monthly\" with calendar, holidays, overlap, missed: run-all");
        assertThat(FirstRelease.unknown(slowed(ObjectJsonTest.SITE))).contains("site \"bank\" with bandwidth");
        assertThat(FirstRelease.unknown(ObjectJsonTest.SITE_THROUGH_ZONE)).contains("site \"bank\" with zone");
    }

    private static Site slowed(Site site) {
        return new Site(
                site.name(),
                site.description(),
                site.protocol(),
                site.host(),
                site.port(),
                site.folder(),
                site.user(),
                site.password(),
                site.privateKey(),
                site.privateKeyPassphrase(),
                site.bearerToken(),
                site.trust(),
                site.tlsMode(),
                site.connectTimeout(),
                site.timeout(),
                site.maxParallel(),
                OptionalLong.of(1000));
    }

    @ParameterizedTest
    @EnumSource(names = {"DATA_SOURCE", "CONNECTION_FACTORY"})
    void doesNotKnowNewerKinds(ObjectKind kind) {
        RouteResource resource = new RouteResource(
                kind,
                new ResourceName("erp"),
                "",
                "jdbc:postgresql://erp/orders",
                Optional.empty(),
                Optional.empty(),
                false,
                1,
                Duration.ofSeconds(1));
        assertThat(FirstRelease.unknown(resource)).contains(kind.word().toLowerCase(Locale.ROOT) + " \"erp\"");
        assertThat(FirstRelease.unknown(ObjectJsonTest.CALENDAR)).contains("calendar \"bank\"");
        assertThat(FirstRelease.unknown(ObjectJsonTest.ZONE)).contains("zone \"dmz\"");
    }
}
