/**
 * Camel's cluster service on the leases of the shared database: who leads a namespace, for {@code master:} and
 * clustered route policies. Start reading at {@link io.serai.cluster.leadership.PostgresClusterService}.
 */
@NullMarked
package io.serai.cluster.leadership;

import org.jspecify.annotations.NullMarked;
