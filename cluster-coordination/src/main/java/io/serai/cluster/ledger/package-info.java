/**
 * The record of every transfer, and of the intent and effect of each delivery. Start reading at
 * {@link io.serai.cluster.ledger.Ledger}.
 */
@NullMarked
package io.serai.cluster.ledger;

import org.jspecify.annotations.NullMarked;
