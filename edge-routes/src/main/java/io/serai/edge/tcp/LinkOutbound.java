package io.serai.edge.tcp;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Connect;
import io.serai.edge.message.TcpMessages.Connected;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/** A server's side of outbound connections: has an edge connect to a destination. Safe for several threads. */
public final class LinkOutbound {
    private final Function<Set<Link>, Optional<Link>> pick;
    private final TcpLimits limits;

    /** @param pick the best link to an edge that lets this server out, but for those */
    public LinkOutbound(Function<Set<Link>, Optional<Link>> pick, TcpLimits limits) {
        this.pick = pick;
        this.limits = limits;
    }

    /** A connection that an edge has made. */
    record Outgoing(LinkStream stream, Connected addresses) {}

    /**
     * {@link TcpFailure#of} says what a failure means. What depends on it must not block.
     *
     * @param purpose for the edge's log
     * @param way of this connection and of those that belong to it
     */
    CompletableFuture<Outgoing> connect(String host, int port, String purpose, OneWay way) {
        byte[] message = new Connect(host, port, purpose, way.number(), way.reached(host)).encode();
        Function<Set<Link>, Optional<Link>> among = way.among(pick);
        AtomicReference<Link> last = new AtomicReference<>();
        Function<Set<Link>, Optional<Link>> noted = tried -> {
            Optional<Link> next = among.apply(tried);
            next.ifPresent(last::set);
            return next;
        };
        return TcpOpening.open(noted, Method.TCP_CONNECT, message, limits.connectWithin())
                .thenCompose(LinkOutbound::outgoing)
                .thenApply(made -> {
                    way.took(
                            Objects.requireNonNull(last.get()),
                            host,
                            made.addresses().remote().getAddress());
                    return made;
                });
    }

    private static CompletableFuture<Outgoing> outgoing(LinkStream stream) {
        try {
            Connected addresses = Connected.decode(stream.opened().orElseThrow());
            return CompletableFuture.completedFuture(new Outgoing(stream, addresses));
        } catch (ProtocolViolation e) {
            stream.reset(Status.PROTOCOL, e.text());
            return CompletableFuture.failedFuture(new TcpFailure(Status.PROTOCOL, e.text()));
        }
    }
}
