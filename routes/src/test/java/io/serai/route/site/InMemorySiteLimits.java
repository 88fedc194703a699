package io.serai.route.site;

import io.serai.cluster.limit.BandwidthShares.Flow;
import io.serai.cluster.limit.LimitSlots.Slot;
import io.serai.config.name.SiteName;
import io.serai.config.object.Site;
import io.serai.route.site.connection.SiteLimits;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The limits of sites for one node alone. */
final class InMemorySiteLimits implements SiteLimits {
    /** The bytes that went over lines. */
    final AtomicLong moved = new AtomicLong();

    private final Map<SiteName, AtomicInteger> inUse = new ConcurrentHashMap<>();

    @Override
    public Optional<Slot> take(Site site) {
        AtomicInteger count = inUse.computeIfAbsent(site.name(), name -> new AtomicInteger());
        if (count.incrementAndGet() > site.maxParallel()) {
            count.decrementAndGet();
            return Optional.empty();
        }
        AtomicBoolean closed = new AtomicBoolean();
        return Optional.of(() -> {
            if (closed.compareAndSet(false, true)) {
                count.decrementAndGet();
            }
        });
    }

    @Override
    public Flow flow(Site site) {
        return new Flow() {
            @Override
            public void moved(long bytes) {
                moved.addAndGet(bytes);
            }

            @Override
            public Duration pause() {
                return Duration.ZERO;
            }

            @Override
            public void close() {
                // Nothing was taken.
            }
        };
    }
}
