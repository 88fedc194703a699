package io.serai.config.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.config.name.ZoneName;
import java.util.List;
import org.junit.jupiter.api.Test;

class ZoneChoiceTest {
    private static Zone zone(String name, boolean offered, boolean isDefault) {
        return new Zone(
                new ZoneName(name),
                "",
                List.of(),
                List.of(),
                new Zone.Outbound(offered, isDefault, Zone.WhenDown.REFUSE));
    }

    private static final Zone DMZ = zone("dmz", true, true);
    private static final Zone OTHER = zone("other", true, false);
    private static final Zone CLOSED = zone("closed", false, false);
    private static final List<Zone> ALL = List.of(OTHER, CLOSED, DMZ);

    @Test
    void leadsThroughTheZoneThatItNames() {
        assertThat(ZoneChoice.of("other").in(ALL)).contains(OTHER);
        assertThat(ZoneChoice.of("default").in(ALL)).contains(DMZ);
        assertThat(ZoneChoice.of("none").in(ALL)).isEmpty();
    }

    @Test
    void leadsNowhereWhenThereIsNoSuchWay() {
        assertThat(ZoneChoice.of("closed").in(ALL)).isEmpty();
        assertThat(ZoneChoice.of("missing").in(ALL)).isEmpty();
        assertThat(ZoneChoice.of("default").in(List.of(OTHER, CLOSED))).isEmpty();
    }
}
