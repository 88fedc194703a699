package io.serai.cluster.object;

import io.serai.config.name.NodeName;

/** Which revision of the configuration a live node has in force. */
public record NodeRevision(NodeName node, long revision) {}
