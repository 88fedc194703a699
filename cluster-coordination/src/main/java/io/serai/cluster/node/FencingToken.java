package io.serai.cluster.node;

import io.serai.config.name.NodeName;

/**
 * What a node shows for every durable step that it takes: its name and the epoch of its present lease. Epochs only grow;
 * a step with an epoch whose lease has ended is refused with {@code FENCED}.
 */
public record FencingToken(NodeName node, long epoch) {}
