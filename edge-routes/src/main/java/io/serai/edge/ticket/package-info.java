/**
 * The proof by which a session goes on at another server of the cluster: {@link io.serai.edge.ticket.SessionTickets}.
 */
@NullMarked
package io.serai.edge.ticket;

import org.jspecify.annotations.NullMarked;
