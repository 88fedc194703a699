package io.serai.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.serai.cluster.edge.LinkPins.Pins;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ReadPinsTest {
    private final UUID cluster = UUID.randomUUID();
    private final AtomicLong revision = new AtomicLong(1);
    private final ReadPins pins = ReadPins.of(() -> new Pins(cluster, revision.get(), new TreeMap<>()));

    @Test
    void whatWasReadAtTheBeginningIsNoNews() {
        assertThat(pins.readNews()).isFalse();
    }

    @Test
    void whatIsReadElsewhereIsStillNewsAndOnce() {
        revision.set(2);
        pins.readAgain();
        assertThat(pins.now().revision()).isEqualTo(2);
        assertThat(pins.readNews()).isTrue();
        assertThat(pins.readNews()).isFalse();
    }
}
