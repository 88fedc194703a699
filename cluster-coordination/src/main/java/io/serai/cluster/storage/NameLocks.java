package io.serai.cluster.storage;

import io.serai.config.name.AccountName;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Keeps the threads of one process from changing names in the same home at the same time, where looking and changing are
 * two steps. Between nodes such steps may interleave; what is left then is always one of the complete files.
 */
public final class NameLocks {
    private static final int STRIPES = 64;

    private final ReentrantLock[] stripes =
            Stream.generate(ReentrantLock::new).limit(STRIPES).toArray(ReentrantLock[]::new);

    /** A few changes of names, without waiting for anything else. */
    @FunctionalInterface
    interface Change {
        void run() throws IOException;
    }

    void run(AccountName account, Change change) throws IOException {
        ReentrantLock lock = stripes[Math.floorMod(account.hashCode(), STRIPES)];
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }
}
