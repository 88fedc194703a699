/**
 * Nodes, their leases and fencing tokens, and the takeover of what a dead node left behind. Start reading at
 * {@link io.serai.cluster.node.NodeLease}.
 *
 * <pre>
 *   a node's row:
 *     (none) --register--> active --drain--> draining --close--> stopped
 *                            |                  |
 *                            +---lease ended----+--taken over--> dead
 *     any but active, draining --remove--> removed (a removed name cannot register)
 *     stopped, dead, or a lease that ended --register--> active, with a new epoch
 * </pre>
 *
 * Each step of a node is guarded by {@link io.serai.cluster.node.NodeFence} with the token of its lease; a takeover
 * waits for the guarded transactions that are still open, and none can begin after it.
 */
@NullMarked
package io.serai.cluster.node;

import org.jspecify.annotations.NullMarked;
