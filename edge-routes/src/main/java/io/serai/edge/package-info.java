/**
 * The link between servers and edges. {@link io.serai.edge.frame} cuts bytes into frames, {@link io.serai.edge.link} makes
 * connections and streams of them, {@link io.serai.edge.message} says what travels in them and
 * {@link io.serai.edge.relay} carries partner operations over them, {@link io.serai.edge.tcp} TCP connections. The specification is docs/link.md.
 */
@NullMarked
package io.serai.edge;

import org.jspecify.annotations.NullMarked;
