/**
 * Nodes, their leases and fencing tokens, and the takeover of what a dead node left behind. Start reading at {@code NodeLease}.
 */
@NullMarked
package io.serai.cluster.node;

import org.jspecify.annotations.NullMarked;
