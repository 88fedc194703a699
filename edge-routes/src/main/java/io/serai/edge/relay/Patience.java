package io.serai.edge.relay;

import java.time.Duration;

/**
 * How long an edge waits for a server.
 *
 * @param reply for the answer to a request, and for an open
 * @param commit for the verdict on an upload after END, and for asking about it when it was lost
 * @param progress for any progress of a stream
 */
public record Patience(Duration reply, Duration commit, Duration progress) {
    public static Patience standard() {
        return new Patience(Duration.ofSeconds(30), Duration.ofMinutes(10), Duration.ofMinutes(10));
    }
}
