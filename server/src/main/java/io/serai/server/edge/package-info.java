/**
 * A server's side of edges: its links to every edge of its zones, and how machines become edges. Start reading at {@link
 * io.serai.server.edge.EdgeLinks}.
 */
@NullMarked
package io.serai.server.edge;

import org.jspecify.annotations.NullMarked;
