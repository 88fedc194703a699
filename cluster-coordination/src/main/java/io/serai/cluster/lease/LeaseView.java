package io.serai.cluster.lease;

import io.serai.config.name.NodeName;
import java.time.Instant;

/**
 * A lease as operators see it.
 *
 * @param live whether it has not ended, by the database's clock
 */
public record LeaseView(
        LeaseName name,
        NodeName holder,
        long holderEpoch,
        long token,
        Instant acquiredAt,
        Instant until,
        boolean live) {}
