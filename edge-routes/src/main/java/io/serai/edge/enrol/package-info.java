/**
 * How a machine becomes an edge: an operator carries a one-time code from a server to it, and by that code each side learns
 * the other's key. The server is {@link io.serai.edge.enrol.Enroller}, which dials; the edge is {@link
 * io.serai.edge.enrol.Enrollee}, which listens where its links will. Nobody is trusted on first use: a key counts only
 * when its holder has proved to know the code, and the proof names both keys, so that nobody in between can pass it on.
 *
 * <pre>
 *   server ── TLS 1.3, both show certificates ──▶ edge
 *          HELLO  nonce                        ──▶
 *     ◀──  HELLO  nonce
 *          PROOF  grant, MAC(code, "server" ‖ nonces ‖ both pins ‖ grant)  ──▶   the edge keeps key, grant, servers' pins
 *     ◀──  ANSWER MAC(code, "edge" ‖ the same)                                   the server records the edge's pin
 *          DONE                                ──▶                               the edge forgets the code
 *     ◀──  ACK                                                                   the server forgets the code
 * </pre>
 *
 * When a connection breaks between, the server comes again with the same code, and both end up with the same keys.
 */
@NullMarked
package io.serai.edge.enrol;

import org.jspecify.annotations.NullMarked;
