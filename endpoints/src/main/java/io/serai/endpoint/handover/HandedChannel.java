package io.serai.endpoint.handover;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that was handed over, as a channel of Netty. As with a socket, bytes are read only when they are asked for, the
 * partner's end closes it once everything before was read, and what is written waits for room.
 */
final class HandedChannel extends AbstractChannel {
    private static final Logger LOG = LoggerFactory.getLogger(HandedChannel.class);
    private static final ChannelMetadata METADATA = new ChannelMetadata(false);
    /** Read in one go; then others have their turn. */
    private static final int MOST_AT_ONCE = 16;
    /** Written in one go. */
    private static final int MOST_BUFFERS = 64;

    private static final long MOST_BYTES = 128 << 10;

    private final HandedConnection connection;
    private final ChannelConfig config = new DefaultChannelConfig(this);
    private final AtomicBoolean asked = new AtomicBoolean();
    private boolean wantsBytes;
    private volatile boolean waitsForRoom;
    private volatile boolean open = true;

    HandedChannel(Channel parent, HandedConnection connection) {
        super(parent);
        this.connection = connection;
    }

    /** On the threads of who hands over. */
    private void changed() {
        if (waitsForRoom || connection.hasInput()) {
            ask();
        }
    }

    /** There is something to do; from any thread. */
    private void ask() {
        if (asked.compareAndSet(false, true)) {
            try {
                eventLoop().execute(this::step);
            } catch (RejectedExecutionException e) {
                LOG.debug("{} ends with its event loop", this);
            }
        }
    }

    private void step() {
        asked.set(false);
        if (!open) {
            return;
        }
        if (waitsForRoom) {
            ((Unsafe) unsafe()).writeOn();
        }
        if (wantsBytes) {
            read0();
        }
        if (open && (connection.isGone() || connection.isInputEnded())) {
            unsafe().close(voidPromise());
        }
    }

    private void read0() {
        int count = 0;
        while (open && count < MOST_AT_ONCE) {
            Optional<ByteBuf> next = connection.poll();
            if (next.isEmpty()) {
                break;
            }
            int bytes = next.get().readableBytes();
            count++;
            pipeline().fireChannelRead(next.get());
            connection.consumed(bytes);
        }
        if (count > 0) {
            wantsBytes = false;
            pipeline().fireChannelReadComplete();
        }
    }

    @Override
    protected void doRegister() {
        connection.start(this::changed, eventLoop());
    }

    @Override
    protected void doBeginRead() {
        wantsBytes = true;
        ask();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) {
        // Said before it is tried: when room comes after a try in vain, we are told and see that it is waited for.
        waitsForRoom = true;
        for (Object next = out.current(); next != null; next = out.current()) {
            if (!((ByteBuf) next).isReadable()) {
                out.remove();
                continue;
            }
            ByteBuffer[] buffers = out.nioBuffers(MOST_BUFFERS, MOST_BYTES);
            long wanted = out.nioBufferSize();
            int taken = connection.write(buffers, out.nioBufferCount());
            out.removeBytes(taken);
            if (taken < wanted) {
                return;
            }
        }
        waitsForRoom = false;
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (message instanceof ByteBuf) {
            return message;
        }
        throw new UnsupportedOperationException("Bytes alone can be written, not a " + message.getClass());
    }

    @Override
    protected void doClose() {
        open = false;
        connection.close();
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    protected void doBind(SocketAddress local) {
        throw new UnsupportedOperationException("It is connected already");
    }

    @Override
    protected SocketAddress localAddress0() {
        return connection.local();
    }

    @Override
    protected SocketAddress remoteAddress0() {
        return connection.client();
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return true;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new Unsafe();
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    private final class Unsafe extends AbstractUnsafe {
        /** There is room again, for what was flushed already. */
        void writeOn() {
            super.flush0();
        }

        @Override
        public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            promise.setFailure(new UnsupportedOperationException("It is connected already"));
        }
    }
}
