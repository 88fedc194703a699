/**
 * What an edge has on its disk: its link's key and the pins of the servers; nothing else that Serai writes there but logs.
 * Start reading at {@link io.serai.edge.home.EdgeHome}.
 */
@NullMarked
package io.serai.edge.home;

import org.jspecify.annotations.NullMarked;
