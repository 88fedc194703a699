package io.serai.edge.link;

import java.util.List;
import java.util.UUID;

/**
 * This node, as it introduces itself.
 *
 * @param boot random, new at each start of the process
 * @param zone the edge's zone; empty on a server
 * @param minorMin the oldest minor version of the protocol that it speaks
 * @param minorMax the newest
 */
public record LinkNode(
        String name,
        String cluster,
        UUID boot,
        String software,
        List<String> capabilities,
        String zone,
        int minorMin,
        int minorMax) {
    /** The oldest minor version of the protocol that this build speaks. */
    public static final int MINOR_MIN = 0;

    /** The newest minor version of the protocol that this build speaks. */
    public static final int MINOR_MAX = 0;

    public LinkNode {
        capabilities = List.copyOf(capabilities);
    }
}
