/**
 * What servers must agree on about edges: by which keys edges know the servers ({@link io.serai.cluster.edge.LinkPins}), how
 * their links are and what is drained ({@link io.serai.cluster.edge.EdgeReports}), and the route files of edges that have their
 * own ({@link io.serai.cluster.edge.EdgeFiles}).
 * The edges themselves, and their keys, are configuration objects of the kind Zone.
 */
@NullMarked
package io.serai.cluster.edge;

import org.jspecify.annotations.NullMarked;
