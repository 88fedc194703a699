package io.serai.cluster.lease;

import io.serai.cluster.node.FencingToken;

/**
 * A lease that was acquired. Every acquisition has a token of its own, larger than all before it.
 *
 * @param holder the boot that acquired it
 */
public record LeaseToken(LeaseName name, FencingToken holder, long token) {}
