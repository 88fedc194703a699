package io.serai.route.monitor;

import io.serai.config.name.RouteId;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What this node's folder monitors did since its start, all of them together. For use by many threads. */
public final class MonitorCounts {
    private final LongAdder looks = new LongAdder();
    private final LongAdder taken = new LongAdder();
    private final LongAdder errors = new LongAdder();
    private final Map<RouteId, Long> present = new ConcurrentHashMap<>();

    /** The node monitors a folder from now on. */
    void begun(RouteId route) {
        present.put(route, 0L);
    }

    /** A whole look through a folder. */
    void looked(RouteId route, long files) {
        looks.increment();
        present.computeIfPresent(route, (same, before) -> files);
    }

    void took() {
        taken.increment();
    }

    /** A folder that could not be looked through, or a file that could not be taken or cleared away. */
    void failed() {
        errors.increment();
    }

    /** The node monitors that folder no more. */
    void ended(RouteId route) {
        present.remove(route);
    }

    public int folders() {
        return present.size();
    }

    /** Files in these folders that a route wants, as the last look of each saw them. */
    public long files() {
        return present.values().stream().mapToLong(Long::longValue).sum();
    }

    public long looks() {
        return looks.sum();
    }

    public long taken() {
        return taken.sum();
    }

    public long errors() {
        return errors.sum();
    }
}
