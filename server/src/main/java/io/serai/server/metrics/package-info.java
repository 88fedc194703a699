/** The figures of a node: for Prometheus, and for the other nodes. Start reading at {@link io.serai.server.metrics.NodeMetrics}. */
@NullMarked
package io.serai.server.metrics;

import org.jspecify.annotations.NullMarked;
