/**
 * Ways by which connections leave for sites: direct, or through a proxy such as the one that an edge is. Start reading at
 * {@link io.serai.route.site.outbound.OutboundPaths}.
 */
@NullMarked
package io.serai.route.site.outbound;

import org.jspecify.annotations.NullMarked;
