/**
 * Connections, streams and requests between a server and an edge. The server dials ({@link io.serai.edge.link.LinkDialer}),
 * the edge accepts ({@link io.serai.edge.link.LinkAcceptor}); both then hold a {@link io.serai.edge.link.Link}, which is
 * where to start reading. Everything of one connection runs on its event loop; a stream has a lock of its own, since
 * threads that may block use it.
 *
 * <pre>
 * connection:  TLS ──▶ HELLO ──▶ READY ──▶ RETIRING ──▶ closed       (BYE or loss closes from every state)
 * stream:      OPENING ──OPENED──▶ OPEN ──END──▶ ENDED ──RESULT──▶ closed
 *              (RESET, a RESULT that is not OK, and loss close from every state; an upload: only RESULT(OK) after END commits;
 *              TCP: END of each direction apart, then RESULT(OK) of the serving side)
 * </pre>
 */
@NullMarked
package io.serai.edge.link;

import org.jspecify.annotations.NullMarked;
