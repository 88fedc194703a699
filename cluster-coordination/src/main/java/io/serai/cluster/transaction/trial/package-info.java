/**
 * A trial of what transactions cost, for {@code serai bench transactions}: Serai's own against a plain commit, and against
 * two-phase commits with the transaction manager's log in files or in a database. Start reading at
 * {@link io.serai.cluster.transaction.trial.TransactionTrial}.
 */
@NullMarked
package io.serai.cluster.transaction.trial;

import org.jspecify.annotations.NullMarked;
