package io.serai.endpoint.sftp;

import io.netty.buffer.ByteBuf;
import io.serai.endpoint.handover.HandedConnection;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.sshd.common.future.CloseFuture;
import org.apache.sshd.common.io.AbstractIoWriteFuture;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoService;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.Readable;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.closeable.AbstractCloseable;
import org.jspecify.annotations.Nullable;

/**
 * What MINA reads from and writes to when a connection was handed over. Bytes are read by one thread at a time, which may wait
 * in MINA (for a login, say); what had no room is written by another, so that neither keeps the other from its work. The
 * queue of writes is guarded by itself.
 */
final class HandedSession extends AbstractCloseable implements IoSession {
    private static final AtomicLong IDS = new AtomicLong();

    private final HandedAcceptor acceptor;
    private final IoHandler handler;
    private final Executor threads;
    private final HandedConnection connection;
    private final long id = IDS.incrementAndGet();
    private final Map<Object, Object> attributes = new ConcurrentHashMap<>();
    private final Turn reader = new Turn(this::read);
    private final Turn writer = new Turn(this::writeOn);
    private final Turn finisher = new Turn(this::finish);
    private final ArrayDeque<Write> writes = new ArrayDeque<>();
    private final Queue<Write> written = new ConcurrentLinkedQueue<>();
    private volatile boolean suspended;
    private volatile boolean waitsForRoom;
    private boolean created;

    /** Runs a task on one thread at a time, and again when it was asked for meanwhile. */
    private final class Turn {
        private final Runnable task;
        private final AtomicInteger asked = new AtomicInteger();

        Turn(Runnable task) {
            this.task = task;
        }

        void ask() {
            if (asked.getAndIncrement() == 0) {
                try {
                    threads.execute(this::run);
                } catch (RejectedExecutionException e) {
                    log.debug("{} ends with its listener", HandedSession.this);
                }
            }
        }

        private void run() {
            boolean done = false;
            try {
                int seen;
                do {
                    seen = asked.get();
                    task.run();
                } while (asked.addAndGet(-seen) > 0);
                done = true;
            } finally {
                if (!done) {
                    close(true);
                }
            }
        }
    }

    /** Bytes that MINA leaves untouched until they are written. */
    private static final class Write extends AbstractIoWriteFuture {
        private final ByteBuffer bytes;

        Write(Object id, ByteBuffer bytes) {
            super(id, null);
            this.bytes = bytes;
        }

        void done() {
            setValue(Boolean.TRUE);
        }

        void failed(Throwable cause) {
            setValue(cause);
        }
    }

    /** Received bytes as MINA reads them. */
    private record Received(ByteBuf bytes) implements Readable {
        @Override
        public int available() {
            return bytes.readableBytes();
        }

        @Override
        public void getRawBytes(byte[] data, int offset, int length) {
            bytes.readBytes(data, offset, length);
        }
    }

    HandedSession(HandedAcceptor acceptor, IoHandler handler, Executor threads, HandedConnection connection) {
        super(connection.client().toString());
        this.acceptor = acceptor;
        this.handler = handler;
        this.threads = threads;
        this.connection = connection;
    }

    /** Begins, on a thread that may wait. */
    void begin() {
        reader.ask();
    }

    private void create() {
        acceptor.add(this);
        try {
            connection.start(this::changed);
            handler.sessionCreated(this);
        } catch (Exception e) { // MINA declares any
            log.warn("A connection of {} was not taken: {}", connection.client(), String.valueOf(e.getMessage()));
            log.debug("Why", e);
            close(true);
        }
    }

    /** On the threads of who hands over, which must not wait for ours. */
    private void changed() {
        if (connection.hasInput()) {
            reader.ask();
        }
        if (waitsForRoom) {
            writer.ask();
        }
    }

    // ---- reading ----

    private void read() {
        if (!created) {
            created = true;
            create();
        }
        while (!suspended && !isClosed()) {
            Optional<ByteBuf> next = connection.poll();
            if (next.isEmpty()) {
                break;
            }
            ByteBuf bytes = next.get();
            int count = bytes.readableBytes();
            try {
                handler.messageReceived(this, new Received(bytes));
            } catch (Exception e) { // MINA declares any
                failed(e);
            } finally {
                bytes.release();
                connection.consumed(count);
            }
        }
        if (connection.isGone() || connection.isInputEnded()) {
            close(true);
        }
    }

    private void failed(Exception cause) {
        try {
            handler.exceptionCaught(this, cause);
        } catch (Exception e) { // as above
            log.debug("{} is closed, as nobody took its failure", this, e);
            close(true);
        }
    }

    @Override
    public void suspendRead() {
        suspended = true;
    }

    @Override
    public void resumeRead() {
        suspended = false;
        reader.ask();
    }

    // ---- writing ----

    @Override
    public IoWriteFuture writeBuffer(Buffer buffer) {
        Write write = new Write(this, ByteBuffer.wrap(buffer.array(), buffer.rpos(), buffer.available()));
        boolean first = false;
        boolean late;
        synchronized (writes) {
            late = isClosed();
            if (!late) {
                first = writes.isEmpty();
                writes.add(write);
            }
        }
        if (late) {
            write.failed(new ClosedChannelException());
        } else if (first) {
            writeOn();
        }
        return write;
    }

    private void writeOn() {
        boolean finished = false;
        synchronized (writes) {
            for (Write next = writes.peek(); next != null && isWritten(next); next = writes.peek()) {
                finished |= written.add(writes.remove());
            }
        }
        if (finished) {
            finisher.ask();
        }
    }

    private boolean isWritten(Write write) {
        // Said before it is tried: when room comes after a try in vain, we are told and see that it is waited for.
        waitsForRoom = true;
        while (write.bytes.hasRemaining()) {
            if (connection.write(write.bytes) == 0) {
                return false;
            }
        }
        waitsForRoom = false;
        return true;
    }

    /** Never by who writes: he may hold locks of MINA, and who is told may write again, and so on without an end. */
    private void finish() {
        for (Write next = written.poll(); next != null; next = written.poll()) {
            next.done();
        }
    }

    @Override
    public void shutdownOutputStream() {
        connection.endOutput();
    }

    // ---- the end ----

    @Override
    protected CloseFuture doCloseGracefully() {
        List<Write> left;
        synchronized (writes) {
            left = new ArrayList<>(written);
            left.addAll(writes);
        }
        return builder().when(this, left).build().close(false);
    }

    @Override
    protected void doCloseImmediately() {
        connection.close();
        super.doCloseImmediately();
        List<Write> left;
        synchronized (writes) {
            left = List.copyOf(writes);
            writes.clear();
        }
        finish();
        left.forEach(write -> write.failed(new ClosedChannelException()));
        acceptor.remove(this);
        try {
            handler.sessionClosed(this);
        } catch (Exception e) { // MINA declares any
            log.debug("The end of {} was not taken well", this, e);
        }
    }

    // ---- what it is ----

    @Override
    public long getId() {
        return id;
    }

    @Override
    public SocketAddress getRemoteAddress() {
        return connection.client();
    }

    @Override
    public SocketAddress getLocalAddress() {
        return connection.local();
    }

    @Override
    public SocketAddress getAcceptanceAddress() {
        return connection.local();
    }

    @Override
    public IoService getService() {
        return acceptor;
    }

    @Override
    public @Nullable Object getAttribute(Object key) {
        return attributes.get(key);
    }

    @Override
    public @Nullable Object setAttribute(Object key, Object value) {
        return attributes.put(key, value);
    }

    @Override
    public @Nullable Object setAttributeIfAbsent(Object key, Object value) {
        return attributes.putIfAbsent(key, value);
    }

    @Override
    public @Nullable Object removeAttribute(Object key) {
        return attributes.remove(key);
    }

    @Override
    public String toString() {
        return "handed-over[" + connection.client() + "]";
    }
}
