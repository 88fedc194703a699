package io.serai.cluster.event;

import io.serai.cluster.event.EventQueue.Verdict;
import io.serai.config.error.ErrorCode;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * What becomes of an event after a failed attempt, by the kind of the error. Retries wait for a random part of a window
 * that doubles with each failure (exponential back-off with full jitter), so that events that failed together do not
 * come back together.
 */
final class RetryPolicy {
    /** Our own resources usually come back soon, and waiting for them uses up no attempt. */
    private static final Duration MAX_RESOURCE_RETRY = Duration.ofSeconds(30);

    private static final int MAX_DOUBLINGS = 32;

    private final EventQueueSettings settings;
    private final RandomGenerator random;

    RetryPolicy(EventQueueSettings settings, RandomGenerator random) {
        this.settings = settings;
        this.random = random;
    }

    /**
     * Judges a failure.
     *
     * @param counted failed attempts that count, this one included
     * @param resource failures of our own resources in a row, this one included if it is one
     */
    Verdict judge(ErrorCode code, int counted, int resource) {
        if (code == ErrorCode.CANCELLED) {
            return new Verdict.Cancelled();
        }
        return switch (code.kind()) {
            case REMOTE ->
                counted >= settings.maxAttempts()
                        ? new Verdict.Parked()
                        : new Verdict.RetryAfter(delay(counted, settings.maxRetry()));
            case RESOURCE -> new Verdict.RetryAfter(delay(resource, longestResourceRetry()));
            case PARTNER, SETUP, DEFECT, FENCED -> new Verdict.Parked();
        };
    }

    private Duration longestResourceRetry() {
        return MAX_RESOURCE_RETRY.compareTo(settings.maxRetry()) < 0 ? MAX_RESOURCE_RETRY : settings.maxRetry();
    }

    /** A random duration in (0, window], where the window is first-retry doubled per failure after the first, capped. */
    Duration delay(int failures, Duration longest) {
        long window = longest.toMillis();
        long first = Math.max(1, settings.firstRetry().toMillis());
        int doublings = Math.min(Math.max(0, failures - 1), MAX_DOUBLINGS);
        if (first <= window >> doublings) {
            window = first << doublings;
        }
        return Duration.ofMillis(1 + random.nextLong(Math.max(1, window)));
    }
}
