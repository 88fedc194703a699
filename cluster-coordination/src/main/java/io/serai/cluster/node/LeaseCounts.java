package io.serai.cluster.node;

/**
 * What became of a node's lease since its start.
 *
 * @param renewals that succeeded
 * @param failures renewals that failed and were tried again
 * @param losses leases that were lost, without the end at a stop
 */
public record LeaseCounts(long renewals, long failures, long losses) {}
