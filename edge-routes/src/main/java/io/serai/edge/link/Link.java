package io.serai.edge.link;

import io.serai.edge.ProtocolViolation;
import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.LinkStatus;
import io.serai.edge.message.Method;
import io.serai.edge.tls.LinkRole;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All connections between one server process and one edge process. Sessions belong to a link: they outlive the loss of one
 * connection, but not that of the link, which is lost with its last connection. Safe for several threads.
 */
public final class Link {
    /** How often a request is sent at most, where that may be. */
    private static final int TRIES = 3;

    private final LinkPeer peer;
    private final LinkRole role;
    private final LinkHandler handler;
    private final LinkListener listener;
    private final LinkSettings settings;
    private final List<LinkConnection> connections = new CopyOnWriteArrayList<>();
    private volatile LinkStatus peerStatus = new LinkStatus(false, false, 0, 0, 0);
    private volatile boolean draining;
    private volatile boolean usable;
    private boolean announced;
    private boolean lost;
    private boolean ending;

    Link(LinkPeer peer, LinkRole role, LinkHandler handler, LinkListener listener, LinkSettings settings) {
        this.peer = peer;
        this.role = role;
        this.handler = handler;
        this.listener = listener;
        this.settings = settings;
    }

    public LinkPeer peer() {
        return peer;
    }

    /** Where the peer is reached now; another address than at first, perhaps. */
    public SocketAddress address() {
        return ready(ConnectionClass.DATA).stream()
                .findFirst()
                .map(connection -> connection.channel().remoteAddress())
                .orElse(peer.address());
    }

    // ---- use ----

    /** Whether new sessions may go to this link: it has both classes of connections and nobody drains it. */
    public boolean takesSessions() {
        return usable && !draining && !peerStatus.draining();
    }

    /** Whether its peer wants what is there to go elsewhere. */
    public boolean isBeingLeft() {
        return usable && peerStatus.draining();
    }

    /** Whether requests can be sent and streams be opened. */
    public boolean isUsable() {
        return usable;
    }

    /** Open streams and unanswered requests, and what the peer says of itself. */
    public int load() {
        int sum = peerStatus.load();
        for (LinkConnection connection : connections) {
            sum += connection.streamLoad() + connection.requestLoad();
        }
        return sum;
    }

    /**
     * Sends a request. When its connection is lost before the reply came, it is sent once more on another one if its method
     * allows that. The future fails with {@link ConnectionLost} or {@link TimeoutException}; what depends on it runs on an
     * event loop and must not block.
     *
     * @param affinity requests of one affinity use one connection while it lives, and so keep their order
     */
    public CompletableFuture<Reply> request(int affinity, Method method, byte[] payload, Duration patience) {
        return request(new Request(affinity, method, payload, patience), TRIES - 1);
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Request(int affinity, Method method, byte[] payload, Duration patience) {
        /** What never left this side may be sent anew in any case. */
        boolean mayRepeatAfter(@Nullable Throwable failure) {
            return failure instanceof ConnectionLost lost
                    && (!lost.wasSent() || method.repeat() != Method.Repeat.NEVER);
        }
    }

    private CompletableFuture<Reply> request(Request request, int triesLeft) {
        CompletableFuture<Reply> attempt = sendOnce(request);
        if (triesLeft == 0) {
            return attempt;
        }
        return attempt.handle((reply, failure) ->
                        isUsable() && request.mayRepeatAfter(failure) ? request(request, triesLeft - 1) : attempt)
                .thenCompose(last -> last);
    }

    private CompletableFuture<Reply> sendOnce(Request request) {
        List<LinkConnection> control = ready(ConnectionClass.CONTROL);
        if (control.isEmpty()) {
            return CompletableFuture.failedFuture(down());
        }
        return control.get(Math.floorMod(request.affinity(), control.size()))
                .request(request.method().number(), request.payload(), request.patience());
    }

    private ConnectionLost down() {
        return ConnectionLost.beforeSending("the link to " + peer.node() + " is down");
    }

    /** Sends a request and waits for the reply; for threads that may block. */
    public Reply call(int affinity, Method method, byte[] payload, Duration patience)
            throws ConnectionLost, TimeoutException, InterruptedException {
        return await(request(affinity, method, payload, patience));
    }

    /** Opens a stream on the data connection with the fewest; for threads that may block. */
    public LinkStream open(StreamKind kind, Method method, byte[] payload) throws ConnectionLost, InterruptedException {
        ConnectionLost failure = down();
        for (int i = 0; i < TRIES; i++) {
            Optional<LinkConnection> least = leastLoaded();
            if (least.isEmpty()) {
                throw down();
            }
            try {
                return await(least.get().open(kind, method.number(), payload));
            } catch (ConnectionLost e) {
                failure = e;
            } catch (TimeoutException e) {
                throw new IllegalStateException("Opening has no time limit", e);
            }
        }
        throw failure;
    }

    /**
     * Opens a stream without waiting. The future fails with {@link ConnectionLost}; what depends on it runs on an event loop
     * and must not block.
     */
    public CompletableFuture<LinkStream> openLater(StreamKind kind, Method method, byte[] payload) {
        return openLater(kind, method, payload, TRIES - 1);
    }

    private CompletableFuture<LinkStream> openLater(StreamKind kind, Method method, byte[] payload, int triesLeft) {
        Optional<LinkConnection> least = leastLoaded();
        if (least.isEmpty()) {
            return CompletableFuture.failedFuture(down());
        }
        CompletableFuture<LinkStream> attempt = least.get().open(kind, method.number(), payload);
        return triesLeft == 0
                ? attempt
                : attempt.handle((stream, failure) -> failure instanceof ConnectionLost
                                ? openLater(kind, method, payload, triesLeft - 1)
                                : attempt)
                        .thenCompose(last -> last);
    }

    /** The data connection with the fewest streams; of several one of this thread, if it is an event loop. */
    private Optional<LinkConnection> leastLoaded() {
        return ready(ConnectionClass.DATA).stream()
                .min(Comparator.comparingInt(LinkConnection::streamLoad)
                        .thenComparing(connection -> !connection.loop().inEventLoop()));
    }

    private static <T> T await(CompletableFuture<T> future)
            throws ConnectionLost, TimeoutException, InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() instanceof CompletionException outer ? outer.getCause() : e.getCause();
            if (cause instanceof TimeoutException late) {
                throw late;
            }
            if (cause instanceof ConnectionLost gone) {
                throw gone;
            }
            throw new IllegalStateException("A request failed in an unexpected way", cause);
        }
    }

    /** Tells the edge something; lost if no connection is there. Only a server has events. */
    public void event(int kind, byte[] payload) {
        if (role != LinkRole.SERVER) {
            throw new IllegalStateException("Only servers send events");
        }
        ready(ConnectionClass.CONTROL).stream().findFirst().ifPresent(connection -> connection.event(kind, payload));
    }

    /** Tells the peer how we are; on all connections, since any one may be slow. */
    public void tell(LinkStatus status) {
        draining = status.draining();
        connections.forEach(connection -> connection.send(status));
    }

    /** Ends the link with a word; it takes no connection any more. What is still open on it is lost. */
    public void close(ByeCode code, String text) {
        synchronized (this) {
            ending = true;
        }
        each(connection -> connection.bye(code, text));
    }

    /** What to know about a connection for operators. */
    public record ConnectionFigures(
            ConnectionClass connectionClass,
            long roundTripNanos,
            long bytesRead,
            long bytesWritten,
            int streams,
            int requests,
            long unsentBytes) {}

    public List<ConnectionFigures> figures() {
        return connections.stream().map(LinkConnection::figures).toList();
    }

    private List<LinkConnection> ready(ConnectionClass wanted) {
        return connections.stream()
                .filter(connection ->
                        connection.isReady() && connection.peerHello().connectionClass() == wanted)
                .toList();
    }

    private void each(Consumer<LinkConnection> action) {
        for (LinkConnection connection : connections) {
            connection.onLoop(() -> action.accept(connection), () -> {});
        }
    }

    int connections(ConnectionClass wanted) {
        return (int) connections.stream()
                .filter(connection -> connection.peerHello().connectionClass() == wanted)
                .count();
    }

    /** How many data connections the peer would like; empty if it does not care. */
    Optional<Integer> wantedDataConnections() {
        int wanted = peerStatus.wantedDataConnections();
        return wanted == 0 ? Optional.empty() : Optional.of(wanted);
    }

    /** Whether its last connection is gone; until then one that cannot be used may be usable again. */
    public synchronized boolean isLost() {
        return lost;
    }

    // ---- what happens to its connections, on their event loops ----

    /** A rule was broken on one of its connections: nobody goes on with such a peer. */
    void violated(ProtocolViolation violation) {
        boolean flow = violation.rule() == ProtocolViolation.Rule.FLOW_CONTROL;
        close(flow ? ByeCode.FLOW_CONTROL : ByeCode.PROTOCOL, violation.text());
    }

    /** Takes a connection; false if the link is lost or ends already. */
    boolean add(LinkConnection connection) {
        synchronized (this) {
            if (lost || ending) {
                return false;
            }
            connections.add(connection);
        }
        refresh();
        return true;
    }

    /** Takes it out of use; with the last one the link is lost. */
    void remove(LinkConnection connection, String why, Sudden sudden) {
        boolean last;
        synchronized (this) {
            last = connections.remove(connection) && connections.isEmpty() && !lost;
            lost |= last;
        }
        refresh();
        if (last) {
            listener.lost(this, why);
        } else if (sudden == Sudden.YES) {
            Duration within = settings.keepAlive().siblingWithin();
            each(other -> other.probe(within));
        }
    }

    /** Whether a connection broke instead of being closed with a word. */
    enum Sudden {
        YES,
        NO
    }

    void refresh() {
        boolean first;
        boolean now;
        boolean before;
        synchronized (this) {
            now = !ready(ConnectionClass.CONTROL).isEmpty()
                    && !ready(ConnectionClass.DATA).isEmpty();
            before = usable;
            usable = now;
            first = now && !announced;
            announced |= now;
        }
        if (first) {
            listener.up(this);
        } else if (now != before) {
            listener.changed(this);
        }
    }

    void onStatus(LinkStatus status) {
        if (status.retiring()) {
            refresh();
            return;
        }
        boolean differs = status.draining() != peerStatus.draining();
        peerStatus = status;
        if (differs) {
            listener.changed(this);
        }
    }

    void onRequest(IncomingRequest request) {
        handler.request(this, request);
    }

    void onStream(LinkStream stream, int method, byte[] payload) {
        handler.stream(this, stream, method, payload);
    }

    void onEvent(int kind, byte[] payload) throws ProtocolViolation {
        if (role == LinkRole.SERVER) {
            throw new ProtocolViolation("an EVENT from an edge");
        }
        handler.event(this, kind, payload);
    }

    @Override
    public String toString() {
        return "link " + peer.link() + " with " + peer.node();
    }
}
