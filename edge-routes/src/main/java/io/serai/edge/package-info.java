/**
 * The link between servers and edges, {@code relay:}, {@code edge-link:}, the SOCKS5 proxy and the edge's own main will
 * live here. An edge runs the same endpoints as a server; it differs by one line of route. No SQL is on this class path.
 */
@NullMarked
package io.serai.edge;

import org.jspecify.annotations.NullMarked;
