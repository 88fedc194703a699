package io.serai.edge.link;

import java.time.Duration;

/** The limits and times of links; one for a process. */
public record LinkSettings(Connections connections, KeepAlive keepAlive, Flow flow) {
    /** Open at the same time over all data connections of a link, whatever their number. */
    private static final int STREAMS_OF_A_LINK = 1_024;

    /**
     * @param control connections for requests, for each link
     * @param data connections for file bytes, for each link
     * @param handshakes at most so many at once with one edge
     * @param handshakeWithin TCP, TLS and HELLO together
     * @param redialFirst the bound of the first random wait after a failure; it doubles
     * @param redialMost where it stops doubling
     * @param maxAge a connection is replaced after this time, give or take a tenth
     * @param maxBytes or after this many bytes
     */
    public record Connections(
            int control,
            int data,
            int handshakes,
            Duration handshakeWithin,
            Duration redialFirst,
            Duration redialMost,
            Duration maxAge,
            long maxBytes) {
        public Connections {
            check(control >= 1 && control <= 4, "1 to 4 control connections");
            check(data >= 1 && data <= 16, "1 to 16 data connections");
            check(handshakes >= 1, "at least one handshake");
            check(redialFirst.toMillis() > 0 && redialMost.compareTo(redialFirst) >= 0, "waits that grow");
        }
    }

    /**
     * @param pingAfter a PING goes out this often
     * @param deadAfter a peer that was not heard for this time is dead
     * @param siblingWithin when one connection died, the others of the link must be heard within this time
     */
    public record KeepAlive(Duration pingAfter, Duration deadAfter, Duration siblingWithin) {
        public KeepAlive {
            check(deadAfter.compareTo(pingAfter) > 0, "a dead time longer than the time between pings");
        }
    }

    /**
     * @param earlyWindow of an upload, before OPENED; every stream may have this much, whatever the budget says
     * @param firstWindow of a stream, when the budget allows
     * @param maxWindow how far a stream's window may grow that uses it up
     * @param budgetBytes the sum of what all windows of this process exceed the early window by
     * @param maxStreams open streams that the peer may have on one connection
     * @param maxInFlight unanswered requests that the peer may have on one connection
     * @param backlogBytes a peer that leaves more than this unread is cut off
     */
    public record Flow(
            int earlyWindow,
            int firstWindow,
            int maxWindow,
            long budgetBytes,
            int maxStreams,
            int maxInFlight,
            int backlogBytes) {
        public Flow {
            check(
                    earlyWindow > 0 && firstWindow >= earlyWindow && maxWindow >= firstWindow,
                    "windows in ascending order");
            check(maxWindow <= 8 << 20, "windows of at most 8 MiB");
        }

        Flow withMaxStreams(int most) {
            return new Flow(earlyWindow, firstWindow, maxWindow, budgetBytes, most, maxInFlight, backlogBytes);
        }
    }

    /** The defaults; the budget is a quarter of the direct memory of this JVM. */
    public static LinkSettings standard() {
        return new LinkSettings(
                new Connections(
                        2,
                        2,
                        4,
                        Duration.ofSeconds(10),
                        Duration.ofMillis(200),
                        Duration.ofSeconds(30),
                        Duration.ofHours(24),
                        256L << 30),
                new KeepAlive(Duration.ofSeconds(5), Duration.ofSeconds(15), Duration.ofSeconds(2)),
                new Flow(
                        64 << 10,
                        256 << 10,
                        2 << 20,
                        io.netty.util.internal.PlatformDependent.maxDirectMemory() / 4,
                        STREAMS_OF_A_LINK / 2,
                        4_096,
                        16 << 20));
    }

    /** With so many connections for file bytes, 1 to 16, which together carry as many streams as ever. */
    public LinkSettings withDataConnections(int data) {
        Connections as = connections;
        return with(new Connections(
                        as.control(),
                        data,
                        as.handshakes(),
                        as.handshakeWithin(),
                        as.redialFirst(),
                        as.redialMost(),
                        as.maxAge(),
                        as.maxBytes()))
                .with(flow.withMaxStreams(STREAMS_OF_A_LINK / data));
    }

    public LinkSettings with(Connections other) {
        return new LinkSettings(other, keepAlive, flow);
    }

    public LinkSettings with(KeepAlive other) {
        return new LinkSettings(connections, other, flow);
    }

    public LinkSettings with(Flow other) {
        return new LinkSettings(connections, keepAlive, other);
    }

    private static void check(boolean holds, String wanted) {
        if (!holds) {
            throw new IllegalArgumentException("A link needs " + wanted);
        }
    }
}
