package io.serai.edge.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryWiperTest {
    private static final MemoryWiper.Pace PACE = new MemoryWiper.Pace(
            Duration.ofSeconds(10), Duration.ofSeconds(75), Duration.ofSeconds(30), Duration.ofSeconds(1_000));

    private final List<Long> wipedAt = new ArrayList<>();
    private long second;
    private int held;
    private final MemoryWiper wiper = new MemoryWiper(() -> held, PACE, () -> second * 1_000_000_000, this::wipe);

    private void wipe(boolean isQuiet) {
        wipedAt.add(second);
        assertThat(isQuiet).isEqualTo(held == 0);
    }

    @AfterEach
    void close() {
        wiper.close();
    }

    @Test
    void wipesWhenThePartnersHaveGoneAndOnceMoreLater() {
        held = 1;
        lookUntil(100);
        held = 0;
        lookUntil(400);

        // Somebody was seen there at the 99th second for the last time.
        assertThat(wipedAt).containsExactly(109L, 174L);
    }

    @Test
    void noticesWhoCameAndWentBetweenTwoLooks() {
        lookUntil(50);
        wiper.visit();
        lookUntil(70);

        assertThat(wipedAt).containsExactly(60L);
    }

    @Test
    void doesNotWipeAtEachPauseOfThoseWhoComeOften() {
        for (int i = 0; i < 10; i++) {
            wiper.visit();
            lookUntil(second + 12);
        }

        assertThat(wipedAt).hasSizeBetween(2, 4);
        for (int i = 1; i < wipedAt.size(); i++) {
            assertThat(wipedAt.get(i) - wipedAt.get(i - 1)).isGreaterThanOrEqualTo(30);
        }
    }

    @Test
    void wipesNowAndThenWhoeverIsThere() {
        held = 1;
        lookUntil(2_500);

        assertThat(wipedAt).containsExactly(1_000L, 2_000L);
    }

    @Test
    void goesOnAfterAFailure() {
        MemoryWiper failing = new MemoryWiper(() -> held, PACE, () -> second * 1_000_000_000, isQuiet -> {
            wipedAt.add(second);
            throw new IllegalStateException("as this test wants it");
        });
        failing.visit();
        for (; second < 200; second++) {
            failing.look();
        }
        failing.close();

        assertThat(wipedAt).hasSize(2);
    }

    private void lookUntil(long end) {
        for (; second < end; second++) {
            wiper.look();
        }
    }
}
