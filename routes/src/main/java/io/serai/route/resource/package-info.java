/**
 * What route authors declare to work with beside files, databases and message brokers, and how routes find them by name.
 * Start reading at {@link io.serai.route.resource.RouteResources}.
 */
@NullMarked
package io.serai.route.resource;

import org.jspecify.annotations.NullMarked;
