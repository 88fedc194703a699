/**
 * JTA transactions of routes over the shared database and resources of route authors, and the finishing of what a dead
 * node left prepared. Start reading at {@link io.serai.cluster.transaction.Transactions}.
 *
 * <pre>
 *   several resources:  steps -> end of the event and decision written -> others prepared -> COMMIT here -> others committed
 *   node dies ...       before the COMMIT: no decision, so the others are rolled back
 *                       after it:          the decision is there, so the others are committed
 * </pre>
 */
@NullMarked
package io.serai.cluster.transaction;

import org.jspecify.annotations.NullMarked;
