package io.serai.cluster.cache;

import java.time.Duration;
import java.util.Optional;

/**
 * How the caches of a node are made.
 *
 * @param group empty for a node by itself, whose caches are its own
 * @param loginLifespan how long a verified password need not be computed again; zero for never
 * @param routeEntries the most entries of each cache of routes
 * @param routeLifespan how long an entry of a cache of routes lives
 */
public record CacheSettings(Optional<Group> group, Duration loginLifespan, long routeEntries, Duration routeLifespan) {
    /**
     * The nodes that share caches.
     *
     * @param name the same for all nodes of a cluster, different for other clusters
     * @param address what this node binds for the others; empty for the one by which it reaches the database
     * @param port the first port to try; 0 for a free one
     * @param advertisedAddress what the others are told; empty for the bound one
     * @param advertisedPort what the others are told; 0 for the bound one
     */
    public record Group(
            String name, Optional<String> address, int port, Optional<String> advertisedAddress, int advertisedPort) {
        /** What is bound is what the others are told. */
        public Group(String name, Optional<String> address, int port) {
            this(name, address, port, Optional.empty(), 0);
        }
    }
}
