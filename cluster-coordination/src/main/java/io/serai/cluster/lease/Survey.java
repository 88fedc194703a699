package io.serai.cluster.lease;

import io.serai.config.name.NodeName;
import java.util.Map;
import java.util.Set;

/**
 * Who would take which lease and who has it, at one moment of the database.
 *
 * @param candidates the live nodes that would take each lease
 * @param holders the live holders; a lease without one is free
 * @param draining live nodes that should get nothing new
 */
public record Survey(Map<LeaseName, Set<NodeName>> candidates, Map<LeaseName, Holder> holders, Set<NodeName> draining) {
    public static final Survey EMPTY = new Survey(Map.of(), Map.of(), Set.of());

    public Survey {
        candidates = Map.copyOf(candidates);
        holders = Map.copyOf(holders);
        draining = Set.copyOf(draining);
    }

    /** A live holder. */
    public record Holder(NodeName node, long epoch, long token) {}

    /** The live nodes that would take a lease. */
    public Set<NodeName> candidates(LeaseName name) {
        return candidates.getOrDefault(name, Set.of());
    }
}
