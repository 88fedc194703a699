package io.serai.cluster.database;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostgresBinariesTest {
    @TempDir
    Path folder;

    @Test
    void whoUnpacksAtTheSameTimeTakesWhatWasThereFirst() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        CountDownLatch together = new CountDownLatch(2);
        List<Future<Path>> programs = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            programs.add(threads.submit(() -> {
                together.countDown();
                together.await();
                return PostgresBinaries.unpackInto(folder);
            }));
        }
        assertThat(programs.get(0).get()).isEqualTo(programs.get(1).get());
        assertThat(programs.get(0).get().resolve("postgres")).isExecutable();
        try (var left = Files.list(folder)) {
            assertThat(left).hasSize(1);
        }
        threads.shutdown();
    }
}
