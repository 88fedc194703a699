/**
 * {@code serai demo}: two real servers, partners with real protocol clients, real files both ways. Start reading at
 * {@link io.serai.server.demo.Demo}.
 */
@NullMarked
package io.serai.server.demo;

import org.jspecify.annotations.NullMarked;
