package io.serai.endpoint.handover;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.channel.nio.NioEventLoopGroup;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** A server's own listener that sends back what comes. */
public final class Echoes implements HandoverListener, AutoCloseable {
    public final List<Echo> all = new CopyOnWriteArrayList<>();
    public volatile Manner manner = Manner.ECHO;
    private final ExecutorService threads;

    public Echoes() {
        this(Executors.newSingleThreadExecutor());
    }

    private Echoes(ExecutorService threads) {
        this.threads = threads;
    }

    /** One that reads and writes on an event loop. */
    public static Echoes onLoop() {
        return new Echoes(new NioEventLoopGroup(1).next());
    }

    /** What it does with a connection. */
    public enum Manner {
        ECHO,
        CLOSES_AT_FIRST,
        NEVER_READS
    }

    @Override
    public boolean take(HandedConnection connection) {
        Echo echo = new Echo(connection, manner, threads);
        all.add(echo);
        threads.execute(echo::begin);
        return true;
    }

    /** On which it reads and writes. */
    public Future<Thread> thread() {
        return threads.submit(Thread::currentThread);
    }

    public List<InetSocketAddress> clients() {
        return all.stream().map(echo -> echo.connection.client()).toList();
    }

    @Override
    public void close() {
        threads.shutdown();
    }

    /** One of them. */
    public static final class Echo {
        public final HandedConnection connection;
        private final Manner manner;
        private final ExecutorService threads;
        private final ArrayDeque<ByteBuf> unsent = new ArrayDeque<>();
        public volatile boolean gone;
        private volatile boolean closed;
        /** Who has last said that something changed. */
        public volatile @Nullable Thread told;

        Echo(HandedConnection connection, Manner manner, ExecutorService threads) {
            this.connection = connection;
            this.manner = manner;
            this.threads = threads;
        }

        public boolean isClosed() {
            return closed;
        }

        void begin() {
            Runnable changed = () -> {
                told = Thread.currentThread();
                threads.execute(this::step);
            };
            if (threads instanceof EventLoop loop) {
                connection.start(changed, loop);
            } else {
                connection.start(changed);
            }
        }

        private void step() {
            if (manner == Manner.NEVER_READS || closed) {
                return;
            }
            connection.poll().ifPresent(bytes -> {
                unsent.add(bytes);
                threads.execute(this::step);
            });
            if (manner == Manner.CLOSES_AT_FIRST && !unsent.isEmpty()) {
                connection.write(ByteBuffer.wrap(new byte[] {9}));
                unsent.remove().release();
                close();
                return;
            }
            while (!unsent.isEmpty() && send(unsent.element())) {
                unsent.remove().release();
            }
            if (connection.isGone()) {
                gone = true;
                unsent.forEach(ByteBuf::release);
                unsent.clear();
                close();
            } else if (unsent.isEmpty() && connection.isInputEnded()) {
                close();
            }
        }

        private void close() {
            closed = true;
            connection.close();
        }

        private boolean send(ByteBuf bytes) {
            int count = connection.write(bytes.nioBuffer());
            bytes.skipBytes(count);
            connection.consumed(count);
            return !bytes.isReadable();
        }
    }
}
