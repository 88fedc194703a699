package io.serai.edge.tcp;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.link.Link;
import io.serai.edge.link.LinkStream;
import io.serai.edge.link.StreamEnd;
import io.serai.edge.link.StreamKind;
import io.serai.edge.message.LinkMessages.Failure;
import io.serai.edge.message.Method;
import io.serai.edge.message.Status;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Opens a stream for a TCP connection on one of several links: the next one is tried when a link cannot take it, which
 * costs nothing, as no byte of the connection has been read yet.
 */
final class TcpOpening {
    private static final int LINKS_TRIED = 3;

    private final Function<Set<Link>, Optional<Link>> pick;
    private final Method method;
    private final byte[] message;
    private final Set<Link> tried = new HashSet<>();
    private final CompletableFuture<LinkStream> opened = new CompletableFuture<>();

    private TcpOpening(Function<Set<Link>, Optional<Link>> pick, Method method, byte[] message) {
        this.pick = pick;
        this.method = method;
        this.message = message;
    }

    /**
     * The stream, once the other side has taken it; {@link TcpFailure#of} says what a failure means. What depends on it must
     * not block.
     *
     * @param pick the best link but for those
     */
    static CompletableFuture<LinkStream> open(
            Function<Set<Link>, Optional<Link>> pick, Method method, byte[] message, Duration within) {
        TcpOpening opening = new TcpOpening(pick, method, message);
        opening.opened.orTimeout(within.toMillis(), TimeUnit.MILLISECONDS);
        opening.next(new TcpFailure(Status.BUSY, "no link can be used"));
        return opening.opened;
    }

    /** Tries the next link, if there is one and time is left. */
    private void next(TcpFailure last) {
        if (opened.isDone()) {
            return;
        }
        Optional<Link> link;
        synchronized (tried) {
            link = tried.size() >= LINKS_TRIED ? Optional.empty() : pick.apply(Set.copyOf(tried));
            link.ifPresent(tried::add);
        }
        if (link.isEmpty()) {
            opened.completeExceptionally(last);
            return;
        }
        link.get().openLater(StreamKind.BOTH, method, message).whenComplete((stream, failure) -> {
            if (failure == null) {
                await(stream, link.get().peer().node());
            } else {
                next(new TcpFailure(Status.BUSY, String.valueOf(failure.getMessage())));
            }
        });
    }

    /** Its last change is either OPENED or an end; which one is looked at when it has come. */
    private void await(LinkStream stream, String node) {
        opened.whenComplete((taken, failure) -> {
            if (taken != stream) {
                stream.reset(Status.CANCELLED, "nobody waits any more");
            }
        });
        stream.onChange(() -> {
            Optional<StreamEnd> end = stream.end();
            if (end.isPresent()) {
                refused(stream, end.get(), node);
            } else if (stream.opened().isPresent()) {
                opened.complete(stream);
            }
        });
    }

    private void refused(LinkStream stream, StreamEnd end, String node) {
        stream.onChange(() -> {});
        boolean lost = end.cause() == StreamEnd.Cause.LOST;
        TcpFailure failure = new TcpFailure(lost ? Status.BUSY : end.status(), node + ": " + text(end));
        boolean another = switch (end.status()) {
            case BUSY, UNAVAILABLE, UNSUPPORTED -> true;
            default -> lost;
        };
        if (another) {
            next(failure);
        } else {
            opened.completeExceptionally(failure);
        }
    }

    private static String text(StreamEnd end) {
        if (end.cause() == StreamEnd.Cause.RESULT_RECEIVED) {
            try {
                return Failure.decode(end.payload()).text();
            } catch (ProtocolViolation e) {
                return end.toString();
            }
        }
        return end.toString();
    }
}
