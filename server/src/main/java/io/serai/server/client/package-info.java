/**
 * How other processes reach a server: its admin API, and server processes that a command starts itself (the demo, the
 * benchmarks, {@code serai dev}). Start reading at {@link io.serai.server.client.AdminClient}.
 */
@NullMarked
package io.serai.server.client;

import org.jspecify.annotations.NullMarked;
