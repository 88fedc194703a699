package io.serai.edge.tcp;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.serai.edge.link.LinkTransport;
import io.serai.edge.message.Status;
import io.serai.edge.message.TcpMessages.Connect;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Connects to destinations that are allowed. A name is resolved once; each of its addresses is checked, and it is the
 * checked address that is connected to, so that a name that changes its mind gains nothing.
 */
public final class OutboundConnector {
    private static final int ADDRESSES_TRIED = 8;
    private static final long LEAST_MILLIS = 500;

    private final LinkTransport transport;
    private final Destinations allowed;
    private final NameResolver resolver;
    private final ExecutorService workers;
    private final Duration within;

    /**
     * @param workers for resolving names, which blocks; bounded, and it refuses what is too much
     * @param within name and connection together
     */
    public OutboundConnector(
            LinkTransport transport,
            Destinations allowed,
            NameResolver resolver,
            ExecutorService workers,
            Duration within) {
        this.transport = transport;
        this.allowed = allowed;
        this.resolver = resolver;
        this.workers = workers;
        this.within = within;
    }

    /** {@link TcpFailure#of} says what a failure means. When it is cancelled, what was begun is given up. */
    CompletableFuture<Channel> connect(Connect wanted) {
        CompletableFuture<Channel> connected = new CompletableFuture<>();
        connected.orTimeout(within.toMillis(), TimeUnit.MILLISECONDS);
        begin(wanted, connected);
        return connected;
    }

    private void begin(Connect wanted, CompletableFuture<Channel> connected) {
        String host = wanted.host();
        int port = wanted.port();
        Optional<InetAddress> literal = AddressRange.literal(host);
        if (literal.isPresent()) {
            tryAll(Optional.empty(), List.of(literal.get()), wanted, connected);
            return;
        }
        Optional<String> name = Destinations.name(host);
        if (name.isEmpty()) {
            fail(connected, Status.NAME_INVALID, "the destination is neither a name nor an address");
        } else if (!allowed.mayPermit(name.get(), port)) {
            fail(connected, Status.PERMISSION_DENIED, refusal(host, port));
        } else {
            try {
                workers.execute(() -> resolve(name.get(), wanted, connected));
            } catch (RejectedExecutionException e) {
                fail(connected, Status.BUSY, "too many names are being resolved");
            }
        }
    }

    private void resolve(String name, Connect wanted, CompletableFuture<Channel> connected) {
        if (connected.isDone()) {
            return;
        }
        try {
            List<InetAddress> found = List.of(resolver.resolve(name));
            // A name with several addresses is one server for connections that belong together.
            List<InetAddress> again =
                    wanted.reached().filter(found::contains).map(List::of).orElse(found);
            tryAll(Optional.of(name), again, wanted, connected);
        } catch (UnknownHostException e) {
            fail(connected, Status.NAME_INVALID, "the name " + name + " cannot be resolved");
        } catch (RuntimeException e) {
            connected.completeExceptionally(e);
        }
    }

    private void tryAll(
            Optional<String> name, List<InetAddress> found, Connect wanted, CompletableFuture<Channel> connected) {
        int port = wanted.port();
        Queue<InetAddress> permitted = new ArrayDeque<>();
        found.stream()
                .filter(address -> allowed.permits(name, address, port))
                .limit(ADDRESSES_TRIED)
                .forEach(permitted::add);
        if (permitted.isEmpty()) {
            fail(connected, Status.PERMISSION_DENIED, refusal(name.orElse(wanted.host()), port));
        } else {
            next(permitted, port, System.nanoTime() + within.toNanos(), connected);
        }
    }

    private static String refusal(String host, int port) {
        return "the edge does not allow connections to " + host + " port " + port;
    }

    /** Tries the next address, with an even share of the time that is left. */
    private void next(Queue<InetAddress> left, int port, long deadline, CompletableFuture<Channel> connected) {
        long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()) / left.size();
        InetSocketAddress address = new InetSocketAddress(left.remove(), port);
        Bootstrap bootstrap = transport
                .relayed()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.max(LEAST_MILLIS, millis))
                .handler(new HeldBytes());
        ChannelFuture attempt = bootstrap.connect(address);
        connected.whenComplete((channel, failure) -> {
            if (channel != attempt.channel()) {
                attempt.cancel(false);
                attempt.channel().close();
            }
        });
        attempt.addListener(done -> {
            if (done.isSuccess()) {
                if (!connected.complete(attempt.channel())) {
                    attempt.channel().close();
                }
            } else if (left.isEmpty() || connected.isDone()) {
                fail(connected, Status.UNAVAILABLE, "no connection to " + address + ": " + reason(done.cause()));
            } else {
                next(left, port, deadline, connected);
            }
        });
    }

    private static String reason(Throwable failure) {
        return failure.getCause() == null
                ? String.valueOf(failure.getMessage())
                : String.valueOf(failure.getCause().getMessage());
    }

    private static void fail(CompletableFuture<Channel> connected, Status status, String text) {
        connected.completeExceptionally(new TcpFailure(status, text));
    }
}
