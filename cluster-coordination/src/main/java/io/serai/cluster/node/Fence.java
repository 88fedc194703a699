package io.serai.cluster.node;

/** Hands out this node's fencing token while its lease can be trusted. */
public interface Fence {
    /**
     * The token of the present lease.
     *
     * @throws io.serai.config.error.SeraiException {@code FENCED} when the lease cannot be trusted any more
     */
    FencingToken token();
}
