package io.serai.edge.link;

import io.netty.util.concurrent.ScheduledFuture;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.frame.FrameType;
import io.serai.edge.frame.FrameWriter;
import io.serai.edge.message.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The unanswered requests of one connection, both ways. On its event loop only, but for the methods that say otherwise. */
final class RequestTable {
    private static final byte[] NOTHING = new byte[0];

    private final LinkConnection connection;
    private final Map<Integer, Pending> sent = new HashMap<>();
    private final Map<Integer, IncomingRequest> received = new HashMap<>();
    private volatile int load;

    /** A request that was sent. After its deadline it stays until the reply comes, for it still counts as in flight. */
    private static final class Pending {
        final CompletableFuture<Reply> future;

        @Nullable
        ScheduledFuture<?> deadline;

        Pending(CompletableFuture<Reply> future) {
            this.future = future;
        }
    }

    RequestTable(LinkConnection connection) {
        this.connection = connection;
    }

    /** Sends; from any thread. The future's own dependents run on the event loop, so they must not block. */
    CompletableFuture<Reply> send(int method, byte[] payload, Duration patience) {
        CompletableFuture<Reply> future = new CompletableFuture<>();
        connection.onLoop(
                () -> send(future, method, payload, patience),
                () -> future.completeExceptionally(ConnectionLost.beforeSending("the link stops")));
        return future;
    }

    private void send(CompletableFuture<Reply> future, int method, byte[] payload, Duration patience) {
        if (!connection.isOpen()) {
            future.completeExceptionally(ConnectionLost.beforeSending("the connection is closed"));
        } else if (sent.size() >= connection.peerHello().maxInFlight()) {
            future.complete(new Reply(Status.BUSY, NOTHING));
        } else {
            int id = connection.ids().next();
            Pending pending = new Pending(future);
            sent.put(id, pending);
            load = sent.size();
            connection.write(FrameWriter.coded(connection.allocator(), FrameType.REQUEST, id, method, payload));
            pending.deadline =
                    connection.loop().schedule(() -> giveUp(id, pending), patience.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void giveUp(int id, Pending pending) {
        if (pending.future.completeExceptionally(new TimeoutException("No reply in time"))) {
            connection.write(FrameWriter.message(connection.allocator(), FrameType.CANCEL, id, NOTHING));
        }
    }

    void onReply(int id, Status status, byte[] payload) throws ProtocolViolation {
        Pending pending = sent.remove(id);
        if (pending == null) {
            throw new ProtocolViolation("a REPLY to no request");
        }
        load = sent.size();
        if (pending.deadline != null) {
            pending.deadline.cancel(false);
        }
        pending.future.complete(new Reply(status, payload));
    }

    IncomingRequest onRequest(int id, int method, byte[] payload) throws ProtocolViolation {
        if (received.size() >= connection.settings().flow().maxInFlight()) {
            throw new ProtocolViolation(ProtocolViolation.Rule.FLOW_CONTROL, "too many requests at once");
        }
        IncomingRequest request = new IncomingRequest(this, id, method, payload);
        received.put(id, request);
        return request;
    }

    void onCancel(int id) {
        IncomingRequest request = received.get(id);
        if (request != null) {
            request.cancel();
        }
    }

    /** Answers a request of the peer; from any thread. */
    void answer(int id, Status status, byte[] message) {
        connection.onLoop(
                () -> {
                    if (received.remove(id) != null) {
                        connection.write(FrameWriter.coded(
                                connection.allocator(), FrameType.REPLY, id, status.number(), message));
                        connection.closeIfDone();
                    }
                },
                () -> {});
    }

    /** Requests that were sent and are unanswered; from any thread. */
    int load() {
        return load;
    }

    boolean isEmpty() {
        return sent.isEmpty() && received.isEmpty();
    }

    /** The connection is gone; its owner knows that already. */
    void fail(String why) {
        received.values().forEach(IncomingRequest::cancel);
        received.clear();
        List<Pending> lost = new ArrayList<>(sent.values());
        sent.clear();
        load = 0;
        for (Pending pending : lost) {
            if (pending.deadline != null) {
                pending.deadline.cancel(false);
            }
            pending.future.completeExceptionally(ConnectionLost.afterSending(why));
        }
    }
}
