/**
 * The queue of events that any node may run: claimed in batches, guarded by fencing tokens, retried or parked. Start
 * reading at {@link io.serai.cluster.event.EventQueue}.
 */
@NullMarked
package io.serai.cluster.event;

import org.jspecify.annotations.NullMarked;
