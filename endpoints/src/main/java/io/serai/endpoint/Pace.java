package io.serai.endpoint;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Waits as limits of bandwidth want it, for protocols that have a thread for each transfer. */
public final class Pace {
    private Pace() {}

    /**
     * Returns when nothing speaks against moving more bytes.
     *
     * @param pause {@link UploadChannel#pause} or {@link DownloadChannel#pause}; what it throws ends the waiting
     * @param stillHere called from time to time, so that the waiting is not taken for a transfer that does not move
     */
    public static void await(Supplier<Duration> pause, Runnable stillHere) {
        for (Duration left = pause.get(); !left.isZero(); left = pause.get()) {
            try {
                TimeUnit.NANOSECONDS.sleep(left.toNanos());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SeraiException(ErrorCode.BUSY, "The listener is stopping", e);
            }
            stillHere.run();
        }
    }
}
