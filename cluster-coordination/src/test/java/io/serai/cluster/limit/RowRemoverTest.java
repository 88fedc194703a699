package io.serai.cluster.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RowRemoverTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    private final Set<UUID> removed = ConcurrentHashMap.newKeySet();
    private final AtomicInteger failures = new AtomicInteger();
    private final UUID back = UUID.randomUUID();
    private final UUID gone = UUID.randomUUID();

    private void remove(List<UUID> rows) {
        if (failures.get() > 0) {
            failures.incrementAndGet();
            throw new SeraiException(ErrorCode.DATABASE_DOWN, "the database is away");
        }
        removed.addAll(rows);
    }

    @Test
    void whatIsWantedAgainBeforeItWasRemovedStays() {
        RowRemover remover = new RowRemover("rows", this::remove);
        remover.remove(back);
        remover.remove(gone);
        remover.keep(back);
        remover.start();
        remover.flush(SOON);
        assertThat(removed).containsExactly(gone);
        remover.stop();
    }

    @Test
    void whatIsWantedAgainWhileTheDatabaseDoesNotTakeItsEndStays() {
        failures.set(1);
        RowRemover remover = new RowRemover("rows", this::remove);
        remover.start();
        remover.remove(back);
        remover.remove(gone);
        await().atMost(SOON).until(() -> failures.get() > 3);
        remover.keep(back);
        failures.set(0);
        remover.flush(SOON);
        assertThat(removed).containsExactly(gone);
        remover.remove(back);
        remover.flush(SOON);
        assertThat(removed).as("its next end is one").contains(back, gone);
        remover.stop();
    }
}
