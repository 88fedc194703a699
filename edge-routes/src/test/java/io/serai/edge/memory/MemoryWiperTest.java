package io.serai.edge.memory;

import static io.serai.edge.link.TestLink.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryWiperTest {
    private static final MemoryWiper.Pace PACE = new MemoryWiper.Pace(
            Duration.ofSeconds(10), Duration.ofSeconds(75), Duration.ofSeconds(30), Duration.ofSeconds(1_000));

    private final List<Long> wipedAt = new ArrayList<>();
    private long second;
    private int held;
    private final MemoryWiper wiper = new MemoryWiper(() -> held, PACE, () -> second * 1_000_000_000, this::wipe);

    private boolean wipe(boolean isQuiet) {
        wipedAt.add(second);
        assertThat(isQuiet).isEqualTo(held == 0);
        return true;
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
    void whatFailedIsTriedAgainAFewTimes() {
        List<Throwable> failures = List.of(
                new IllegalStateException("as this test wants it"), new OutOfMemoryError("as this test wants it"));
        MemoryWiper failing = new MemoryWiper(() -> held, PACE, () -> second * 1_000_000_000, isQuiet -> {
            wipedAt.add(second);
            if (wipedAt.size() <= failures.size()) {
                throw asUnchecked(failures.get(wipedAt.size() - 1));
            }
            return wipedAt.size() > 6;
        });
        failing.visit();
        for (; second < 400; second++) {
            failing.look();
        }
        failing.close();

        assertThat(wipedAt).as("three times for each that is owed").containsExactly(30L, 60L, 90L, 120L, 150L, 180L);
    }

    private static RuntimeException asUnchecked(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return (RuntimeException) failure;
    }

    @Test
    void aLookThatFailsIsNotTheLast() throws Exception {
        CountDownLatch wiped = new CountDownLatch(1);
        AtomicInteger looks = new AtomicInteger();
        MemoryWiper.Pace quick = new MemoryWiper.Pace(Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ofHours(1));
        MemoryWiper started = new MemoryWiper(
                () -> {
                    if (looks.incrementAndGet() == 1) {
                        throw new OutOfMemoryError("as this test wants it");
                    }
                    return 0;
                },
                quick,
                System::nanoTime,
                isQuiet -> {
                    wiped.countDown();
                    return true;
                });
        try {
            started.start();
            await().atMost(SOON).until(() -> looks.get() > 1);
            started.visit();
            assertThat(wiped.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } finally {
            started.close();
        }
    }

    private void lookUntil(long end) {
        for (; second < end; second++) {
            wiper.look();
        }
    }
}
