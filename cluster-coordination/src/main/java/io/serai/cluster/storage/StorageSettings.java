package io.serai.cluster.storage;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.time.Duration;

/**
 * The limits of storage.
 *
 * @param contentRetention how long the content of an arrival is kept at least; longer while an event needs it
 * @param partRetention how long the part of an interrupted upload is kept
 * @param maxHoleBytes how far behind the last byte a write may begin
 * @param syncEveryBytes after so many bytes of a file the system is made to write them out in the background
 * @param settleWithin how long a commit waits to learn its outcome when the database did not confirm it
 */
public record StorageSettings(
        Duration contentRetention,
        Duration partRetention,
        long maxHoleBytes,
        long syncEveryBytes,
        Duration settleWithin) {
    private static final long MIB = 1024L * 1024;

    public StorageSettings {
        if (contentRetention.isNegative() || partRetention.isNegative() || settleWithin.isNegative()) {
            throw new SeraiException(ErrorCode.INVALID, "storage: retention times must not be negative");
        }
        if (maxHoleBytes < 0 || syncEveryBytes < MIB) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "storage: a hole must not be negative, and syncing needs steps of 1 MiB at least");
        }
    }

    /** Content for 7 days, parts for 3 days, holes of 64 MiB, a sync for every 64 MiB, 30 s to settle. */
    public static StorageSettings usual() {
        return new StorageSettings(Duration.ofDays(7), Duration.ofDays(3), 64 * MIB, 64 * MIB, Duration.ofSeconds(30));
    }
}
