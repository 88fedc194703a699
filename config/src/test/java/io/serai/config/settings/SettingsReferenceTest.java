package io.serai.config.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SettingsReferenceTest {
    private static final Path PAGE = Path.of("../docs/settings.md");
    private static final String RENEW =
            "mvn -q test -pl config -Dtest=SettingsReferenceTest -Dtest.arguments=-Dserai.renew-docs=true";

    @Test
    void pageIsWhatTheDeclarationsSay() throws IOException {
        String expected = SettingsReference.markdown();
        if (Boolean.getBoolean("serai.renew-docs")) {
            Files.createDirectories(PAGE.getParent());
            Files.writeString(PAGE, expected);
        }
        assertThat(Files.exists(PAGE) ? Files.readString(PAGE) : "")
                .as("docs/settings.md is stale; renew it by: %s", RENEW)
                .isEqualTo(expected);
    }

    @Test
    void everySettingIsDeclaredOnceAndItsDefaultIsReadable() {
        Set<String> keys = Declarations.ALL.stream().map(Setting::key).collect(Collectors.toSet());
        assertThat(keys).hasSameSizeAs(Declarations.ALL);
        for (Setting<?> setting : Declarations.ALL) {
            assertThat(setting.key()).matches("[a-z][a-z0-9-]*(\\.[a-z][a-z0-9-]*)?");
            assertThat(setting.description()).endsWith(".");
            setting.fallback()
                    .ifPresent(text ->
                            assertThat(setting.type().reader().apply(text)).isNotNull());
        }
    }
}
