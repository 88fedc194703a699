/**
 * Partner operations over a link: what an edge's endpoints ask ({@link io.serai.edge.relay.RelayedPartners}) and what a
 * server answers ({@link io.serai.edge.relay.PartnerService}), both by the same contract,
 * {@link io.serai.edge.relay.PartnerDesk}, which is where to start reading.
 */
@NullMarked
package io.serai.edge.relay;

import org.jspecify.annotations.NullMarked;
