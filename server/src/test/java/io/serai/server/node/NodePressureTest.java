package io.serai.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.settings.NodeSettings;
import org.junit.jupiter.api.Test;

class NodePressureTest {
    private final NodePressure pressure = new NodePressure(new NodeSettings.Busy(4, 80));

    @Test
    void takesLessTheMoreItIsUnderLoadButNeverNothing() {
        assertThat(pressure.part(3.9, 0.5)).isEqualTo(1);
        assertThat(pressure.part(6, 0.5)).isEqualTo(0.625);
        assertThat(pressure.part(40, 0.5)).isEqualTo(0.25);
        assertThat(pressure.part(-1, 0.5)).as("a platform that tells no load").isEqualTo(1);
    }

    @Test
    void takesLessWhenTheHeapIsFull() {
        assertThat(pressure.part(0, 0.8)).isEqualTo(1);
        assertThat(pressure.part(0, 0.9)).isBetween(0.6, 0.65);
        assertThat(pressure.part(0, 1)).isEqualTo(0.25);
    }
}
