package io.serai.server.edge;

import io.serai.route.site.outbound.OutboundPath;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/** Which ways out failed last, until they work again or nobody has tried them for a while. Thread-safe. */
final class OutboundStanding {
    private static final Duration REMEMBERED = Duration.ofMinutes(15);

    private final Map<String, Failure> failures = new TreeMap<>();

    private record Failure(String text, Instant at) {}

    synchronized void works(String called) {
        failures.remove(called);
    }

    synchronized void fails(String called, String text) {
        failures.put(called, new Failure(text, Instant.now()));
    }

    OutboundPath noting(NotedPath.Named path) {
        return new NotedPath(path, this);
    }

    /** What fails, by what people call it, with the last time. */
    synchronized Map<String, String> troubles() {
        Instant oldest = Instant.now().minus(REMEMBERED);
        failures.values().removeIf(failure -> failure.at().isBefore(oldest));
        Map<String, String> texts = new TreeMap<>();
        failures.forEach((called, failure) -> texts.put(called, failure.text() + ", last at " + failure.at()));
        return texts;
    }
}
