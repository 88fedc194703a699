package io.serai.endpoint.sftp;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.apache.sshd.common.io.IoOutputStream;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * Replies on their way out. An SSH channel takes one write at a time and completes it when the client's window had room
 * for it; the others wait here. Bounded by its user, who asks {@link #hasRoom} before making more replies. State is
 * guarded by this object's lock.
 */
final class Outbox {
    private static final int PENDING_BYTES = 4 << 20;
    private static final int PENDING_REPLIES = 512;

    private final IoOutputStream out;
    private final Runnable onRoom;
    private final Consumer<Throwable> onFailure;

    private final Deque<Buffer> waiting = new ArrayDeque<>();
    private int pendingBytes;
    private boolean writing;
    private boolean failed;

    /**
     * @param onRoom called whenever a write was completed
     * @param onFailure called once, when the channel is lost
     */
    Outbox(IoOutputStream out, Runnable onRoom, Consumer<Throwable> onFailure) {
        this.out = out;
        this.onRoom = onRoom;
        this.onFailure = onFailure;
    }

    synchronized boolean hasRoom() {
        return pendingBytes < PENDING_BYTES && waiting.size() < PENDING_REPLIES;
    }

    /** Whether everything was written. */
    synchronized boolean isEmpty() {
        return failed || (!writing && waiting.isEmpty());
    }

    void send(Buffer reply) {
        synchronized (this) {
            waiting.add(reply);
            pendingBytes += reply.available();
        }
        pump();
    }

    /** A loop, for many writes may be completed at once: as calls within calls they would need too much stack. */
    private void pump() {
        for (Buffer next = next(); next != null; next = next()) {
            int bytes = next.available();
            try {
                IoWriteFuture future = out.writeBuffer(next);
                if (!future.isDone()) {
                    future.addListener(done -> {
                        if (written(done, bytes)) {
                            pump();
                            onRoom.run();
                        }
                    });
                    return;
                }
                if (!written(future, bytes)) {
                    return;
                }
            } catch (IOException | RuntimeException e) {
                fail(e);
                return;
            }
            onRoom.run();
        }
    }

    private synchronized @Nullable Buffer next() {
        Buffer next = writing || failed ? null : waiting.poll();
        writing |= next != null;
        return next;
    }

    /** Whether it was, and the next one can follow. */
    private boolean written(IoWriteFuture future, int bytes) {
        Throwable problem = future.getException();
        if (problem != null) {
            fail(problem);
            return false;
        }
        synchronized (this) {
            writing = false;
            pendingBytes -= bytes;
        }
        return true;
    }

    private void fail(@Nullable Throwable problem) {
        synchronized (this) {
            if (failed) {
                return;
            }
            failed = true;
            waiting.clear();
        }
        onFailure.accept(problem == null ? new IOException("The channel is closed") : problem);
    }
}
