package io.serai.route.site.connection;

import io.serai.cluster.limit.BandwidthShares.Flow;
import io.serai.cluster.limit.LimitSlots.Slot;
import io.serai.config.object.Site;
import java.util.Optional;

/** What sites allow at the same time. */
public interface SiteLimits {
    /** Takes a place for one delivery or pull; empty when all that the site allows are in use. */
    Optional<Slot> take(Site site);

    /** A delivery or pull whose bytes count towards the site's bandwidth. */
    Flow flow(Site site);
}
