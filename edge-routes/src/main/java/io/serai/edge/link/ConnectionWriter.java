package io.serai.edge.link;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.ssl.SslHandler;
import java.util.function.Consumer;

/**
 * Writes frames to a channel, one flush for all that are written in one turn of the event loop, and cuts off a peer that
 * leaves too much unread. On the event loop only.
 */
final class ConnectionWriter {
    private final Channel channel;
    private final int backlogBytes;
    private final Consumer<String> cutOff;
    private boolean due;
    private volatile long bytesWritten;

    ConnectionWriter(Channel channel, int backlogBytes, Consumer<String> cutOff) {
        this.channel = channel;
        this.backlogBytes = backlogBytes;
        this.cutOff = cutOff;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written by the event loop alone
    void write(ByteBuf frame) {
        bytesWritten += frame.readableBytes();
        channel.write(frame, channel.voidPromise());
        if (!due) {
            due = true;
            channel.eventLoop().execute(this::flushIfDue);
        }
    }

    void flushIfDue() {
        if (due) {
            flush();
        }
    }

    void flush() {
        due = false;
        channel.flush();
        ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
        if (unsent != null && unsent.totalPendingWriteBytes() > backlogBytes) {
            cutOff.accept("the peer has left " + unsent.totalPendingWriteBytes() + " bytes unread");
        }
    }

    /** What the socket has not taken yet. From any thread. */
    long unsentBytes() {
        ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
        return unsent == null ? 0 : unsent.totalPendingWriteBytes();
    }

    /** From any thread. */
    long bytesWritten() {
        return bytesWritten;
    }

    /** Closes at once: past the TLS layer, which would wait for the peer to take its last words. */
    static void abort(Channel open) {
        if (open.isOpen()) {
            open.config().setOption(ChannelOption.SO_LINGER, 0);
            ChannelHandlerContext tls = open.pipeline().context(SslHandler.class);
            if (tls == null) {
                open.close();
            } else {
                tls.close();
            }
        }
    }
}
