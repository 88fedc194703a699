/**
 * Connections of partners that reach a listener from within this process instead of by a socket of it: those that an edge
 * passes through come over its link. Start reading at {@link io.serai.endpoint.handover.HandedConnection}.
 */
@NullMarked
package io.serai.endpoint.handover;

import org.jspecify.annotations.NullMarked;
