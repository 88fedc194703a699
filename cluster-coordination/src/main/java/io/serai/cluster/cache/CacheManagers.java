package io.serai.cluster.cache;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.Optional;
import java.util.function.Supplier;
import org.infinispan.manager.EmbeddedCacheManager;
import org.jspecify.annotations.Nullable;

/**
 * The cache manager of a node; one for the node alone is made when it is first used, for most nodes never use it. All
 * fields are guarded by {@code this}.
 */
final class CacheManagers implements Supplier<EmbeddedCacheManager>, AutoCloseable {
    private final Supplier<EmbeddedCacheManager> maker;
    private @Nullable EmbeddedCacheManager made;
    private boolean closed;

    private CacheManagers(Supplier<EmbeddedCacheManager> maker, @Nullable EmbeddedCacheManager made) {
        this.maker = maker;
        this.made = made;
    }

    static CacheManagers of(EmbeddedCacheManager made) {
        return new CacheManagers(() -> made, made);
    }

    static CacheManagers onDemand(Supplier<EmbeddedCacheManager> maker) {
        return new CacheManagers(maker, null);
    }

    @Override
    public synchronized EmbeddedCacheManager get() {
        if (closed) {
            throw new SeraiException(ErrorCode.FENCED, "The caches have stopped with their node");
        }
        EmbeddedCacheManager present = made;
        if (present == null) {
            present = maker.get();
            made = present;
        }
        return present;
    }

    /** The manager if it was made and runs. */
    synchronized Optional<EmbeddedCacheManager> running() {
        EmbeddedCacheManager present = made;
        return present == null || !present.getStatus().allowInvocations() ? Optional.empty() : Optional.of(present);
    }

    /** Whether {@link #get} gives caches that work. */
    synchronized boolean isUp() {
        return !closed && (made == null || made.getStatus().allowInvocations());
    }

    @Override
    public synchronized void close() {
        closed = true;
        running().ifPresent(EmbeddedCacheManager::stop);
    }
}
