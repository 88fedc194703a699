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
 * @param unasked what they may hold together of bytes that were not asked for
 */
public record TcpLimits(Duration connectWithin, Duration idle, Duration halfClosed, int most, Unasked unasked) {
    /**
     * What may be held of bytes that nobody asked for: epoll sockets of Netty give all that the kernel holds, some MB at worst,
     * when their other end has finished sending. Strangers, who may do that on purpose, cannot use up what is there for servers.
     *
     * @param strangers from partners, and from hosts that servers connect to
     * @param servers from servers by raw connections
     */
    public record Unasked(CreditBudget strangers, CreditBudget servers) {
        private static final Unasked OF_PROCESS = of(PlatformDependent.maxDirectMemory() / 8);

        /** With half of it for each. */
        static Unasked of(long bytes) {
            return new Unasked(new CreditBudget(bytes / 2), new CreditBudget(bytes / 2));
        }
    }

    public TcpLimits {
        if (connectWithin.isNegative() || connectWithin.isZero() || idle.toMillis() < 1 || halfClosed.toMillis() < 1) {
            throw new IllegalArgumentException("Limits of relayed connections need times above 0");
        }
        if (most < 1) {
            throw new IllegalArgumentException("At least one relayed connection must be allowed");
        }
    }

    public TcpLimits(Duration connectWithin, Duration idle, Duration halfClosed, int most) {
        this(connectWithin, idle, halfClosed, most, Unasked.OF_PROCESS);
    }

    public static TcpLimits standard() {
        return new TcpLimits(Duration.ofSeconds(30), Duration.ofMinutes(30), Duration.ofMinutes(1), 1_000);
    }
}
