package io.serai.cluster.node;

/** Hears of this node's lease. Called by the lease's own threads: hand over quickly. */
public interface LeaseListener {
    /** A lease with a new epoch begins; what this node does from now on carries this token. */
    void acquired(FencingToken token);

    /** The lease cannot be trusted any more: stop all work under this token, write nothing. */
    void lost(FencingToken token);

    /** What operators want of this node was read; told again with each renewal. */
    default void wanted(WantedState state) {}

    /** An operator removed this node from the cluster: it will never get a lease again. */
    default void removed() {}
}
