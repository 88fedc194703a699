package io.serai.config.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.RouteId;
import io.serai.config.secret.SecretText;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ObjectDiffTest {
    private static final Site SITE = ObjectJsonTest.SITE;

    @Test
    void showsChangedFieldsAndNoSecrets() {
        Site changed = new Site(
                SITE.name(),
                "Bank",
                SITE.protocol(),
                SITE.host(),
                SITE.port(),
                SITE.folder(),
                SITE.user(),
                Optional.of(new SecretText("other")),
                Optional.empty(),
                SITE.privateKeyPassphrase(),
                SITE.bearerToken(),
                SITE.trust(),
                SITE.tlsMode(),
                Duration.ofMinutes(1),
                SITE.timeout(),
                SITE.maxParallel(),
                SITE.bandwidthBytes());
        assertThat(ObjectDiff.between(SITE, changed))
                .map(ObjectDiff.FieldChange::toString)
                .containsExactly(
                        "description: (none) → Bank",
                        "password: changed",
                        "privateKey: removed",
                        "connectTimeout: 3s → 1m");
    }

    @Test
    void nothingChangedIsEmpty() {
        assertThat(ObjectDiff.between(SITE, SITE)).isEmpty();
    }

    @Test
    void aNewObjectShowsWhatIsNotAtItsDefault() {
        assertThat(ObjectDiff.between(null, ObjectJsonTest.SCHEDULE))
                .map(ObjectDiff.FieldChange::toString)
                .containsExactly(
                        "description: (none) → Night",
                        "cron: (none) → [0 30 2 * * ?]",
                        "timeZone: UTC → Europe/Berlin",
                        "missed: run-once → skip");
        assertThat(ObjectDiff.between(null, SITE)).map(Object::toString).contains("password: set");
        assertThat(ObjectDiff.between(SITE, null)).map(Object::toString).contains("password: removed");
    }

    @Test
    void aRouteShowsItsChangedLines() {
        Route before = new Route(new RouteId("r"), Route.Dsl.YAML, "a\nb\nc\n");
        Route after = new Route(new RouteId("r"), Route.Dsl.YAML, "a\nx\ny\nc\n");
        assertThat(ObjectDiff.between(before, after))
                .map(Object::toString)
                .containsExactly("source: from line 2\n- b\n+ x\n+ y");
    }
}
