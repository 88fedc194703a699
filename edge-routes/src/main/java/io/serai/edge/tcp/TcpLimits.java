package io.serai.edge.tcp;

import io.netty.util.internal.PlatformDependent;
import io.serai.edge.link.CreditBudget;
import java.time.Duration;

/**
 * The limits of relayed connections.
 *
 * @param connectWithin name, connection and OPENED together
 * @param idle a connection on which nothing moves in either direction for this time is cut off
 * @param halfClosed the same, once one direction has ended
 * @param most connections at the same time
 * @param unasked what they may hold together of bytes that were not asked for: epoll sockets of Netty give all that the
 *     kernel holds, some MB at worst, when their other end has finished sending
 */
public record TcpLimits(Duration connectWithin, Duration idle, Duration halfClosed, int most, CreditBudget unasked) {
    /** Of the process. */
    private static final CreditBudget UNASKED = new CreditBudget(PlatformDependent.maxDirectMemory() / 8);

    public TcpLimits {
        if (connectWithin.isNegative() || connectWithin.isZero() || idle.toMillis() < 1 || halfClosed.toMillis() < 1) {
            throw new IllegalArgumentException("Limits of relayed connections need times above 0");
        }
        if (most < 1) {
            throw new IllegalArgumentException("At least one relayed connection must be allowed");
        }
    }

    public TcpLimits(Duration connectWithin, Duration idle, Duration halfClosed, int most) {
        this(connectWithin, idle, halfClosed, most, UNASKED);
    }

    public static TcpLimits standard() {
        return new TcpLimits(Duration.ofSeconds(30), Duration.ofMinutes(30), Duration.ofMinutes(1), 1_000);
    }
}
