/**
 * The caches of the nodes as routes use them: {@code infinispan:NAME} and the guard against duplicates. Start reading at
 * {@link io.serai.route.cache.CachesForRoutes}.
 */
@NullMarked
package io.serai.route.cache;

import org.jspecify.annotations.NullMarked;
