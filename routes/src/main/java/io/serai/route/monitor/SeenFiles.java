package io.serai.route.monitor;

import io.serai.cluster.monitor.MonitoredFile;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What one holder of a folder remembers between two looks: which files were taken, and since when the others have not
 * changed. Both are bounded; what does not fit is asked of the database again, or waits for a later look.
 */
final class SeenFiles {
    private final int mostTaken;
    private final int mostWaiting;
    private final LongSupplier nanoClock;
    private final Map<MonitoredFile, Boolean> taken;
    private final Map<String, Waiting> waiting = new HashMap<>();
    private long look;

    private record Waiting(MonitoredFile file, long sinceNanos, long look) {}

    SeenFiles(int mostTaken, int mostWaiting, LongSupplier nanoClock) {
        this.mostTaken = mostTaken;
        this.mostWaiting = mostWaiting;
        this.nanoClock = nanoClock;
        this.taken = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<MonitoredFile, Boolean> eldest) {
                return size() > SeenFiles.this.mostTaken;
            }
        };
    }

    void beginLook() {
        look++;
    }

    boolean isTaken(MonitoredFile file) {
        return taken.get(file) != null;
    }

    void take(MonitoredFile file) {
        taken.put(file, true);
        waiting.remove(file.path());
    }

    /** Whether the file is watched already as it is now, so that the database does not know it. */
    boolean isWatched(MonitoredFile file) {
        Waiting before = waiting.get(file.path());
        return before != null && before.file().equals(file);
    }

    /** Watches a file; whether it has not changed for that long. */
    boolean watch(MonitoredFile file, Duration stable) {
        @Nullable Waiting before = waiting.get(file.path());
        if (before == null && waiting.size() >= mostWaiting) {
            return false;
        }
        long now = nanoClock.getAsLong();
        long since = before != null && before.file().equals(file) ? before.sinceNanos() : now;
        waiting.put(file.path(), new Waiting(file, since, look));
        return now - since >= stable.toNanos();
    }

    /** Tries a file again only after that time. */
    void postpone(MonitoredFile file, Duration time) {
        waiting.put(file.path(), new Waiting(file, nanoClock.getAsLong() + time.toNanos(), look));
    }

    /** Forgets the files that were not there any more. */
    void endLook() {
        waiting.values().removeIf(each -> each.look() < look);
    }

    int size() {
        return taken.size() + waiting.size();
    }
}
