/**
 * The PROXY protocol, version 2: how a load balancer says whose connection it passes on. Start reading at
 * {@link io.serai.endpoint.proxy.TrustedBalancers}.
 */
@NullMarked
package io.serai.endpoint.proxy;

import org.jspecify.annotations.NullMarked;
