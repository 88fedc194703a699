package io.serai.config.settings;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SettingsOverlayTest {
    static Stream<String> thoseThatNameFilesOrNetworks() {
        return Declarations.ALL.stream()
                .filter(setting -> setting.type().word().contains("path")
                        || setting.type().word().equals(SettingType.networks().word()))
                .map(Setting::key);
    }

    /** Who configures the cluster shall not reach files of the machine, nor say whom it believes. */
    @ParameterizedTest
    @MethodSource("thoseThatNameFilesOrNetworks")
    void whatNamesFilesOfTheMachineOrWhomToBelieveIsLocal(String key) {
        assertThatThrownBy(() -> SettingsOverlay.check(key + "=/tmp"))
                .hasMessageContaining(key + " can only be set on the node itself");
    }
}
