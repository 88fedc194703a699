package io.serai.route.site.connection;

import io.serai.cluster.limit.BandwidthShares.Flow;
import io.serai.cluster.limit.ClusterLimits;
import io.serai.cluster.limit.LimitOwner;
import io.serai.cluster.limit.LimitSlots.Slot;
import io.serai.config.object.Site;
import java.util.Optional;

/** The limits of sites as the whole cluster shares them. */
public record ClusterSiteLimits(ClusterLimits limits) implements SiteLimits {
    @Override
    public Optional<Slot> take(Site site) {
        return limits.slots().take(LimitOwner.of(site.name()), Math.max(1, site.maxParallel()));
    }

    @Override
    public Flow flow(Site site) {
        return site.bandwidthBytes().isPresent()
                ? limits.bandwidth()
                        .open(LimitOwner.of(site.name()), site.bandwidthBytes().getAsLong())
                : Flow.UNLIMITED;
    }
}
