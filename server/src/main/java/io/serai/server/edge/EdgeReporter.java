package io.serai.server.edge;

import io.serai.config.name.EdgeName;
import io.serai.server.edge.EdgeLinks.EdgeView;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Tells the other servers how this one sees the edges: at once what has changed, and everything from time to time. For one thread. */
final class EdgeReporter {
    private static final Duration REPORT_EVERY = Duration.ofSeconds(9);

    private final EdgeTogether together;
    private Map<EdgeName, String> reported = Map.of();
    private long reportedNanos;

    EdgeReporter(EdgeTogether together) {
        this.together = together;
    }

    void report(List<EdgeView> views) {
        Map<EdgeName, String> now = new TreeMap<>();
        Map<EdgeName, String> standing = new TreeMap<>();
        for (EdgeView view : views) {
            now.put(view.edge().name(), EdgeRows.json(view));
            standing.put(
                    view.edge().name(),
                    EdgeRows.state(view)
                            + view.standing().drifts()
                            + view.standing().failure()
                            + view.standing().state());
        }
        long time = System.nanoTime();
        if (!standing.equals(reported) || time - reportedNanos >= REPORT_EVERY.toNanos()) {
            together.report(now);
            reported = standing;
            reportedNanos = time;
        }
    }
}
