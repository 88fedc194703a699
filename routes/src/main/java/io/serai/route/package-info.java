/**
 * What happens to a file. This package holds what every kind of route shares: how an event enters a route, the file that
 * it carries and the names of its headers. Start reading at {@link io.serai.route.EventSource}, then {@link
 * io.serai.route.RouteEntry} and {@link io.serai.route.EventContext}.
 */
@NullMarked
package io.serai.route;

import org.jspecify.annotations.NullMarked;
