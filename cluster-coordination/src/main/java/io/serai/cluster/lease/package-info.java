/**
 * Named leases: the time-bounded right of one node to do one thing, with a token that only grows. Start reading at {@link
 * io.serai.cluster.lease.LeaseKeeper}, which spreads them over the nodes; {@link io.serai.cluster.lease.Leases} is what
 * the database guarantees.
 *
 * <pre>
 *            free, and mine by the spread            spread says another, or left
 *  WAITING ─────────────────────────────▶ HELD ─────────────────────────────────▶ GIVING_UP
 *     ▲                                     │ trust ends (watchdog)                   │ lost() returned: row released
 *     └─────────────────────────────────────┴─────────────────────────────────────────┘
 * </pre>
 */
@NullMarked
package io.serai.cluster.lease;

import org.jspecify.annotations.NullMarked;
