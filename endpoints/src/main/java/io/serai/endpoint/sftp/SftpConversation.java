package io.serai.endpoint.sftp;

import io.serai.config.error.SeraiException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.apache.sshd.common.io.IoInputStream;
import org.apache.sshd.common.io.IoOutputStream;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.server.Environment;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.channel.ChannelDataReceiver;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.AsyncCommandStreamsAware;
import org.apache.sshd.server.command.Command;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The SFTP subsystem on one SSH channel: takes its bytes from the connection's threads, answers its requests one after
 * another on a worker that it holds only while there is work, and gives the client window back only for what was
 * answered. A lost channel drops what was not answered yet; whatever ends it, open uploads are aborted.
 *
 * <p>State is guarded by {@link #lock}; {@link #requests} belongs to the worker, of which there is at most one.
 */
final class SftpConversation implements Command, AsyncCommandStreamsAware, ChannelDataReceiver {
    private static final Logger LOG = LoggerFactory.getLogger(SftpConversation.class);

    private static final int LENGTH_BYTES = 4;
    private static final int WAITING_REQUESTS = 16_384;
    /** Small replies travel together up to this size and number, so that a client's pipeline stays full. */
    private static final int BATCH_BYTES = 16_384;

    private static final int BATCH_REPLIES = 16;

    private final SftpSession session;
    private final ChannelSession channel;
    private final Executor workers;
    private final PacketAssembler assembler;
    private final SftpRequests requests;

    private final Object lock = new Object();
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private @Nullable Outbox outbox;
    private @Nullable ExitCallback exit;
    private boolean running;
    private boolean endOfInput;
    private boolean finished;
    private @Nullable String dropReason;

    SftpConversation(SftpSession session, ChannelSession channel, Executor workers, SftpLimits limits) {
        this.session = session;
        this.channel = channel;
        this.workers = workers;
        this.assembler = new PacketAssembler(limits.maxPacketBytes(), this::arrived);
        this.requests = new SftpRequests(session, limits);
    }

    // ---- the channel's threads ----

    @Override
    public int data(ChannelSession source, byte[] bytes, int start, int count) {
        try {
            assembler.accept(bytes, start, count);
        } catch (SeraiException e) {
            LOG.debug("Session {}: the SFTP channel is closed: {}", session.id(), e.text());
            drop("The client broke the protocol: " + e.text());
        }
        return 0; // the window grows when the requests have been answered
    }

    private void arrived(byte[] packet) {
        synchronized (lock) {
            if (dropReason != null) {
                return;
            }
            if (waiting.size() < WAITING_REQUESTS) {
                waiting.add(packet);
                schedule();
                return;
            }
        }
        drop("The client sent more requests than may wait");
    }

    /** The client has nothing more to say (a half-close), or the channel is being closed. */
    @Override
    public void close() {
        if (channel.isClosing()) {
            drop("The channel was closed");
            return;
        }
        synchronized (lock) {
            endOfInput = true;
            schedule();
        }
    }

    @Override
    public void destroy(ChannelSession source) {
        drop("The connection was lost");
    }

    @Override
    public void start(ChannelSession source, Environment environment) {
        if (!session.begin(this)) {
            drop("The session has ended");
        }
    }

    /** Forgets what was not answered yet and ends the conversation; open uploads are aborted. Idempotent. */
    void drop(String reason) {
        synchronized (lock) {
            if (dropReason == null) {
                dropReason = reason;
                waiting.clear();
                schedule();
            }
        }
    }

    /** Whether a request is being answered or a file is open. */
    boolean isBusy() {
        synchronized (lock) {
            return !finished && (running || !waiting.isEmpty() || requests.isTransferring());
        }
    }

    /** Whether a request is being answered. */
    boolean isWorking() {
        synchronized (lock) {
            return !finished && (running || !waiting.isEmpty());
        }
    }

    // ---- the worker ----

    private void schedule() {
        synchronized (lock) {
            if (running || finished) {
                return;
            }
            running = true;
        }
        try {
            workers.execute(this::work);
        } catch (RejectedExecutionException e) {
            LOG.debug("Session {}: the workers are stopped; the conversation ends", session.id(), e);
            finish("The listener was stopped");
        }
    }

    private void work() {
        Buffer batch = new ByteArrayBuffer();
        int replies = 0;
        while (true) {
            byte[] next = next(replies == 0);
            if (next == null || replies == BATCH_REPLIES || batch.available() > BATCH_BYTES) {
                send(batch);
                batch = new ByteArrayBuffer();
                replies = 0;
            }
            if (next == null) {
                if (rest()) {
                    return;
                }
                continue;
            }
            Buffer reply = requests.answer(next);
            if (reply.available() > BATCH_BYTES) {
                send(batch);
                batch = new ByteArrayBuffer();
                replies = 0;
                send(reply);
            } else {
                batch.putBuffer(reply);
                replies++;
            }
            giveWindowBack(next.length + LENGTH_BYTES);
        }
    }

    private byte @Nullable [] next(boolean allSent) {
        synchronized (lock) {
            return isReady(allSent) ? waiting.poll() : null;
        }
    }

    /**
     * Whether the next request may be answered now. Some clients close a file without waiting for the answers to their
     * last writes. These answers are written out first, so that a client that is gone is noticed before the commit.
     */
    private boolean isReady(boolean allSent) {
        byte[] head = waiting.peek();
        return head != null
                && dropReason == null
                && outbox().hasRoom()
                && (!SftpRequests.isClose(head) || (allSent && outbox().isEmpty()));
    }

    /** Lets the worker go when there is nothing to do, or ends the conversation; false when work came in meanwhile. */
    private boolean rest() {
        String reason;
        synchronized (lock) {
            if (dropReason != null) {
                reason = dropReason;
            } else if (!waiting.isEmpty()) {
                running = isReady(true);
                return !running;
            } else if (endOfInput && outbox().isEmpty()) {
                reason = "The client ended the conversation";
            } else {
                running = false;
                return true;
            }
        }
        finish(reason);
        return true;
    }

    private void send(Buffer replies) {
        if (replies.available() == 0) {
            return;
        }
        Outbox out;
        synchronized (lock) {
            out = outbox();
        }
        out.send(replies);
    }

    private void giveWindowBack(int bytes) {
        try {
            channel.getLocalWindow().release(bytes);
        } catch (IOException | RuntimeException e) {
            LOG.debug("Session {}: the window could not be given back; the channel is gone", session.id(), e);
            drop("The connection was lost");
        }
    }

    private void finish(String reason) {
        ExitCallback callback;
        int status;
        synchronized (lock) {
            if (finished) {
                return;
            }
            finished = true;
            callback = exit;
            status = dropReason == null ? 0 : 1;
        }
        requests.abort(reason);
        session.ended(this);
        if (callback != null) {
            callback.onExit(status);
        }
    }

    private Outbox outbox() {
        return Objects.requireNonNull(outbox, "MINA sets the streams before it starts a command");
    }

    // ---- what MINA hands over ----

    @Override
    public void setIoOutputStream(IoOutputStream out) {
        synchronized (lock) {
            outbox = new Outbox(out, this::schedule, e -> drop("The connection was lost"));
        }
    }

    @Override
    public void setExitCallback(ExitCallback callback) {
        synchronized (lock) {
            exit = callback;
        }
    }

    @Override
    public void setIoInputStream(IoInputStream in) {
        // The bytes come through data().
    }

    @Override
    public void setIoErrorStream(IoOutputStream err) {
        // SFTP has no error stream.
    }

    @Override
    public void setInputStream(InputStream in) {
        // The bytes come through data().
    }

    @Override
    public void setOutputStream(OutputStream out) {
        // Replies go through the asynchronous stream.
    }

    @Override
    public void setErrorStream(OutputStream err) {
        // SFTP has no error stream.
    }
}
