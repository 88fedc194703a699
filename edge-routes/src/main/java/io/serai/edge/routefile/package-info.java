/**
 * The routes of an edge as text: files of an edge's own, and what a zone's listeners are as the same YAML. Start reading at
 * {@link io.serai.edge.message.RouteFiles}.
 *
 * <p>Route files travel from edge to edge, and an edge may be in wrong hands. So a file can say who may connect, how often and
 * to which of the edge's ports, and nothing else: {@link io.serai.edge.routefile.RouteFileCheck} knows every word that
 * is allowed.
 */
@NullMarked
package io.serai.edge.routefile;

import org.jspecify.annotations.NullMarked;
