/**
 * The programme of an edge. {@link io.serai.edge.main.EdgeMain} is its command, {@link io.serai.edge.main.Edge} what runs;
 * what it offers to partners comes from the servers and is held in memory alone.
 */
@NullMarked
package io.serai.edge.main;

import org.jspecify.annotations.NullMarked;
