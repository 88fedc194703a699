package io.serai.cluster.storage;

import io.serai.config.name.AccountName;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How many bytes a home holds; measured by walking through it, at most once in a while for each account. */
final class HomeUsage {
    private static final Duration FRESH = Duration.ofSeconds(15);

    private final StorageRoot root;
    private final InstantSource clock;
    private final Map<AccountName, Measure> measures = new ConcurrentHashMap<>();

    HomeUsage(StorageRoot root, InstantSource clock) {
        this.root = root;
        this.clock = clock;
    }

    private record Measure(long bytes, Instant at) {}

    long bytes(AccountName account) throws IOException {
        Instant now = clock.instant();
        Measure known = measures.get(account);
        if (known != null && known.at().plus(FRESH).isAfter(now)) {
            return known.bytes();
        }
        long measured = walk(root.homes().resolve(account.value()));
        measures.put(account, new Measure(measured, now));
        return measured;
    }

    /** A file was added; keeps the figure right until the next walk. */
    void added(AccountName account, long bytes) {
        measures.computeIfPresent(account, (name, known) -> new Measure(known.bytes() + bytes, known.at()));
    }

    private static long walk(Path home) throws IOException {
        long[] total = {0};
        Files.walkFileTree(home, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                total[0] += attributes.isRegularFile() ? attributes.size() : 0;
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
                // It was removed while we walked.
                return FileVisitResult.CONTINUE;
            }
        });
        return total[0];
    }
}
