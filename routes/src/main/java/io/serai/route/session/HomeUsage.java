package io.serai.route.session;

import io.serai.cluster.storage.FileInfo;
import io.serai.cluster.storage.FolderListing;
import io.serai.cluster.storage.Storage;
import io.serai.config.name.AccountName;
import io.serai.config.name.VirtualPath;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How many bytes the homes of accounts with a quota hold: measured by walking the home, kept for a minute and corrected
 * by what this node adds meanwhile. Other nodes' uploads are seen at the next measuring.
 */
final class HomeUsage {
    private static final Duration TRUSTED = Duration.ofMinutes(1);
    private static final int PAGE = 1000;

    private final Storage storage;
    private final InstantSource clock;
    private final Map<AccountName, Measured> measured = new ConcurrentHashMap<>();

    HomeUsage(Storage storage, InstantSource clock) {
        this.storage = storage;
        this.clock = clock;
    }

    long bytes(AccountName account) {
        Instant now = clock.instant();
        Measured result = measured.compute(
                account,
                (name, before) -> before != null && now.isBefore(before.at().plus(TRUSTED))
                        ? before
                        : new Measured(measure(name), now));
        return result.bytes();
    }

    void added(AccountName account, long bytes) {
        measured.computeIfPresent(account, (name, before) -> new Measured(before.bytes() + bytes, before.at()));
    }

    /** The next question is answered by measuring. */
    void forget(AccountName account) {
        measured.remove(account);
    }

    private long measure(AccountName account) {
        long bytes = 0;
        Deque<VirtualPath> folders = new ArrayDeque<>();
        folders.add(VirtualPath.ROOT);
        while (!folders.isEmpty()) {
            VirtualPath folder = folders.remove();
            Optional<String> after = Optional.empty();
            FolderListing page;
            do {
                page = storage.list(account, folder, after, PAGE);
                for (FileInfo entry : page.entries()) {
                    if (entry.folder()) {
                        folders.add(folder.child(entry.name()));
                    } else {
                        bytes += entry.sizeBytes();
                    }
                    after = Optional.of(entry.name());
                }
            } while (page.more());
        }
        return bytes;
    }

    private record Measured(long bytes, Instant at) {}
}
