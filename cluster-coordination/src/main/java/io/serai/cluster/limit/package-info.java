/**
 * Limits that hold for the whole cluster and not per node: sessions of an account, parallel transfers of an account or
 * site, bandwidth, failed logins and bans. Start reading at {@link io.serai.cluster.limit.ClusterLimits}.
 *
 * <p>What is in use is a row that carries the epoch of the node that uses it. It counts while that node's lease holds, so
 * a dead node blocks nobody; its rows go with its takeover. A row is admitted by one function in the database, which
 * counts and inserts under a lock of the owner that ends with the statement.
 */
@NullMarked
package io.serai.cluster.limit;

import org.jspecify.annotations.NullMarked;
