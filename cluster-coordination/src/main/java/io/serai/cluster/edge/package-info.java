/**
 * What servers must agree on about edges: by which keys edges know the servers ({@link io.serai.cluster.edge.LinkPins}).
 * The edges themselves, and their keys, are configuration objects of the kind Zone.
 */
@NullMarked
package io.serai.cluster.edge;

import org.jspecify.annotations.NullMarked;
