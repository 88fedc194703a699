package io.serai.cluster.event;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.time.Duration;

/**
 * The limits of the event queue.
 *
 * @param firstRetry the window of the first retry after a failure of a site; it doubles with each further failure
 * @param maxRetry the longest window of a retry
 * @param maxAttempts failed attempts before an event is parked
 * @param pollInterval how often the table is looked at although nobody announced work
 * @param claimBatch the most events that one claim takes
 * @param patience how long a completion or failure is tried against a database that does not answer; longer than a
 *     node's lease, after which another node runs the event
 */
public record EventQueueSettings(
        Duration firstRetry,
        Duration maxRetry,
        int maxAttempts,
        Duration pollInterval,
        int claimBatch,
        Duration patience) {
    public EventQueueSettings {
        requirePositive("events.first-retry", firstRetry);
        requirePositive("events.max-retry", maxRetry);
        requirePositive("events.poll-interval", pollInterval);
        requirePositive("events.patience", patience);
        if (maxRetry.compareTo(firstRetry) < 0) {
            throw new SeraiException(ErrorCode.INVALID, "events.max-retry must not be shorter than events.first-retry");
        }
        if (maxAttempts < 1 || claimBatch < 1) {
            throw new SeraiException(
                    ErrorCode.INVALID, "events.max-attempts and events.claim-batch must be at least 1");
        }
    }

    /** The usual limits: retries from 5 s to 10 min, 12 attempts, a look every second, 200 events a claim. */
    public static EventQueueSettings usual() {
        return new EventQueueSettings(
                Duration.ofSeconds(5), Duration.ofMinutes(10), 12, Duration.ofSeconds(1), 200, Duration.ofSeconds(90));
    }

    public EventQueueSettings withRetries(Duration first, Duration max, int attempts) {
        return new EventQueueSettings(first, max, attempts, pollInterval, claimBatch, patience);
    }

    public EventQueueSettings withPollInterval(Duration interval) {
        return new EventQueueSettings(firstRetry, maxRetry, maxAttempts, interval, claimBatch, patience);
    }

    private static void requirePositive(String key, Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new SeraiException(ErrorCode.INVALID, key + " must be longer than nothing");
        }
    }
}
