package io.serai.edge.link;

import java.util.List;
import java.util.UUID;

/**
 * This node, as it introduces itself.
 *
 * @param boot random, new at each start of the process
 * @param zone the edge's zone; empty on a server
 */
public record LinkNode(String name, String cluster, UUID boot, String software, List<String> capabilities, String zone) {
    /** The minor versions of the protocol that this build speaks. */
    static final int MINOR_MIN = 0;

    static final int MINOR_MAX = 0;

    public LinkNode {
        capabilities = List.copyOf(capabilities);
    }
}
