package io.serai.cluster.lease;

import io.serai.config.name.NodeName;
import java.util.Optional;
import java.util.Set;

/**
 * Hears of one lease. Calls for one candidacy follow one another, on threads of the keeper's; a slow one keeps only its
 * own candidacy waiting.
 */
public interface LeaseHolder {
    /** This node holds the lease until {@link #lost}; every acquisition brings another token. */
    void gained(LeaseToken token);

    /**
     * Stop what the lease allowed. Called before the lease ends by the database's clock, as long as this process runs at
     * all; a lease that is given up voluntarily is released when this returns, and kept till then.
     */
    void lost(LeaseToken token);

    /** The holder or the candidates changed, as this node last saw them. */
    default void seen(Optional<NodeName> holder, Set<NodeName> candidates) {}
}
