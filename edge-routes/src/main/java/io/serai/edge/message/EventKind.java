package io.serai.edge.message;

import java.util.Optional;

/** What a server tells an edge without being asked. Numbers are never used again. */
public enum EventKind {
    /** A session must end now. */
    SESSION_KILL(1),
    /** The edge's configuration has changed: it is to ask for it. */
    CONFIG_CHANGED(2);

    private final int number;

    EventKind(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    public static Optional<EventKind> of(int number) {
        for (EventKind kind : values()) {
            if (kind.number == number) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
