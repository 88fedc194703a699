/**
 * Route files: checked without a server, deployed into the running Camel context route by route with a way back, and
 * searched for the objects they name. Start reading at {@link io.serai.route.deploy.RouteChecker}, then {@link
 * io.serai.route.deploy.RouteDeployer}.
 */
@NullMarked
package io.serai.route.deploy;

import org.jspecify.annotations.NullMarked;
