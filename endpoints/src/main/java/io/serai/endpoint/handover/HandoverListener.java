package io.serai.endpoint.handover;

/** A listener that binds no port: connections are handed to it, by this process alone. */
@FunctionalInterface
public interface HandoverListener {
    /**
     * Takes a connection, soon, on a thread of its own; returns at once. False when it is closing or has no room: then the
     * connection was not touched.
     */
    boolean take(HandedConnection connection);
}
