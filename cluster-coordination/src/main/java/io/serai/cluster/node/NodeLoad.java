package io.serai.cluster.node;

import java.util.Optional;

/**
 * How busy a node is, as it says with each renewal of its lease.
 *
 * @param processorLoad of its machine, 0 to 1; negative when it cannot be known
 * @param heapUsed part of the largest heap, 0 to 1
 * @param trouble what keeps it from working in full, for people
 */
public record NodeLoad(
        int sessions, int runningEvents, double processorLoad, double heapUsed, Optional<String> trouble) {
    /** Of a node that has only just begun. */
    public static final NodeLoad NONE = new NodeLoad(0, 0, -1, 0, Optional.empty());
}
