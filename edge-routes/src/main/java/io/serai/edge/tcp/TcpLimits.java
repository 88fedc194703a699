package io.serai.edge.tcp;

import java.time.Duration;

/**
 * The limits of relayed connections.
 *
 * @param connectWithin name, connection and OPENED together
 * @param idle a connection on which nothing moves in either direction for this time is cut off
 * @param halfClosed the same, once one direction has ended
 * @param most connections at the same time
 */
public record TcpLimits(Duration connectWithin, Duration idle, Duration halfClosed, int most) {
    public TcpLimits {
        if (connectWithin.isNegative() || connectWithin.isZero() || idle.toMillis() < 1 || halfClosed.toMillis() < 1) {
            throw new IllegalArgumentException("Limits of relayed connections need times above 0");
        }
        if (most < 1) {
            throw new IllegalArgumentException("At least one relayed connection must be allowed");
        }
    }

    public static TcpLimits standard() {
        return new TcpLimits(Duration.ofSeconds(30), Duration.ofMinutes(30), Duration.ofMinutes(1), 1_000);
    }
}
