package io.serai.edge.link;

import io.serai.edge.message.Status;
import java.util.concurrent.atomic.AtomicBoolean;

/** A request of the peer; to be answered exactly once, from any thread. */
public final class IncomingRequest {
    private static final byte[] NOTHING = new byte[0];

    private final RequestTable table;
    private final int id;
    private final int method;
    private volatile byte[] payload;
    private final AtomicBoolean answered = new AtomicBoolean();
    private volatile boolean cancelled;

    IncomingRequest(RequestTable table, int id, int method, byte[] payload) {
        this.table = table;
        this.id = id;
        this.method = method;
        this.payload = payload;
    }

    public int method() {
        return method;
    }

    /** What it carries; nothing any more once it was taken or answered. */
    public byte[] payload() {
        return payload;
    }

    /** As {@link #payload}, which is not held any more: the answer may take long. */
    public byte[] takePayload() {
        byte[] taken = payload;
        payload = NOTHING;
        return taken;
    }

    /** Whether nobody waits for the answer any more. It is to be answered all the same. */
    public boolean isCancelled() {
        return cancelled;
    }

    /** Answers; a second answer is not sent. */
    public void reply(Status status, byte[] message) {
        if (answered.compareAndSet(false, true)) {
            payload = NOTHING;
            table.answer(id, status, message);
        }
    }

    void cancel() {
        cancelled = true;
    }
}
