package io.serai.cluster.node;

import io.serai.config.name.NodeName;
import java.util.UUID;

/** One boot of a node whose lease has ended: nothing that it began under this epoch can be finished by it any more. */
public record DeadBoot(NodeName node, long epoch, UUID bootId) {}
