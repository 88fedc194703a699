package io.serai.config.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuantitiesTest {
    @Test
    void readsSizes() {
        assertThat(ByteSize.parse("256MiB")).isEqualTo(268_435_456L);
        assertThat(ByteSize.parse("20GB")).isEqualTo(20_000_000_000L);
        assertThat(ByteSize.parse("4096")).isEqualTo(4096);
        for (String wrong : List.of("", "20 gb", "-1", "1.5GB", "GB", "9999999999TiB")) {
            assertThatThrownBy(() -> ByteSize.parse(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void readsDurations() {
        assertThat(DurationText.parse("10s")).isEqualTo(Duration.ofSeconds(10));
        assertThat(DurationText.parse("5m")).isEqualTo(Duration.ofMinutes(5));
        assertThat(DurationText.parse("500ms")).isEqualTo(Duration.ofMillis(500));
        assertThat(DurationText.parse("1h30m")).isEqualTo(Duration.ofMinutes(90));
        assertThat(DurationText.parse("7d")).isEqualTo(Duration.ofDays(7));
        for (String wrong : List.of("", " ", "10", "s", "-1s", "1.5h", "1s1m", "PT5M")) {
            assertThatThrownBy(() -> DurationText.parse(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void writesWhatItReads() {
        for (String text : List.of("0s", "500ms", "90s", "90m", "36h", "7d")) {
            assertThat(DurationText.format(DurationText.parse(text))).isEqualTo(text);
        }
        for (String text : List.of("0", "1", "1001", "20GB", "256MiB", "1KB", "64KiB")) {
            assertThat(ByteSize.format(ByteSize.parse(text))).isEqualTo(text);
        }
    }
}
