package io.serai.cluster.node;

import java.util.Locale;

/** What operators want of a node; it follows within about a second. */
public enum WantedState {
    /** To work. */
    ACTIVE,
    /** To take nothing new, until it is told otherwise, also after a restart. */
    DRAINING;

    static WantedState of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
