package io.serai.edge.tcp;

import java.util.HashMap;
import java.util.Map;

/**
 * When something moved last on any of the connections that belong together: the control connection of FTP is silent while a
 * file takes its time on another one. Remembers what is open and nothing else. Its lock guards who is among whom.
 */
final class Movements {
    private final Map<Group, Movement> groups = new HashMap<>();

    /** A server can number its own connections alone. */
    private record Group(String server, long number) {}

    /** One connection more of these; {@link Movement#leave} when it has ended. */
    synchronized Movement join(String server, long number) {
        Group group = new Group(server, number);
        Movement movement = number == 0
                ? new Movement(() -> {})
                : groups.computeIfAbsent(group, any -> new Movement(() -> forget(group)));
        movement.users++;
        movement.now();
        return movement;
    }

    private synchronized void forget(Group group) {
        Movement movement = groups.get(group);
        if (movement != null && --movement.users == 0) {
            groups.remove(group);
        }
    }

    /** The last movement of connections that belong together. */
    static final class Movement {
        private final Runnable left;
        private int users;
        private volatile long at = System.nanoTime();

        private Movement(Runnable left) {
            this.left = left;
        }

        /** Of a connection that is alone. */
        static Movement alone() {
            return new Movement(() -> {});
        }

        void now() {
            at = System.nanoTime();
        }

        long nanosAgo() {
            return System.nanoTime() - at;
        }

        void leave() {
            left.run();
        }
    }
}
