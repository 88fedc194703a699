package io.serai.cluster.node;

import java.util.Locale;

/** What a node's row says of it. */
public enum NodeState {
    ACTIVE,
    /** Finishes what it runs and takes nothing new. */
    DRAINING,
    STOPPED,
    /** Its lease ended and another node took its work over. */
    DEAD,
    /** An operator removed it; the name cannot register again. */
    REMOVED;

    static NodeState of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
