/**
 * The cache layer: Infinispan in each node, joined over JGroups where nodes share a database. It holds what may be lost at
 * any time and carries hints; the database stays the truth. Start reading at {@link io.serai.cluster.cache.CacheLayer}.
 */
@NullMarked
package io.serai.cluster.cache;

import org.jspecify.annotations.NullMarked;
