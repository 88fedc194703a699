package io.serai.edge.tcp;

import io.serai.edge.link.Link;
import io.serai.edge.link.LinkTransport;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * What the pass-through listeners of an edge stand on.
 *
 * @param pick the best link for a new connection, but for those
 * @param raw where servers dial raw connections to; empty when all goes over the links
 * @param passed the connections that servers have taken and that are open, of all the listeners
 */
public record TcpRelays(
        LinkTransport transport,
        Function<Set<Link>, Optional<Link>> pick,
        Optional<RawArrivals> raw,
        AtomicInteger passed) {
    public TcpRelays(LinkTransport transport, Function<Set<Link>, Optional<Link>> pick, Optional<RawArrivals> raw) {
        this(transport, pick, raw, new AtomicInteger());
    }
}
