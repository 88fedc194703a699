package io.serai.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayDeque;

/**
 * Keeps what a socket has received before its relay is there, and hands it over when it is removed. That is little: nobody
 * asks for bytes by then, but epoll reads what is there by itself when the other end has finished sending, and the kernel's
 * window does not grow before anything is read.
 */
final class HeldBytes extends ChannelInboundHandlerAdapter {
    private final ArrayDeque<Object> held = new ArrayDeque<>();

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        held.add(message instanceof ByteBuf bytes ? tight(bytes) : message);
    }

    /** What may have to be kept holds no more memory than about its bytes: sockets are read into buffers of a full frame. */
    static ByteBuf tight(ByteBuf bytes) {
        if (bytes.readableBytes() > bytes.capacity() / 4) {
            return bytes;
        }
        try {
            return bytes.alloc().directBuffer(bytes.readableBytes()).writeBytes(bytes);
        } finally {
            bytes.release();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        for (Object next = held.poll(); next != null; next = held.poll()) {
            context.fireChannelRead(next);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        for (Object next = held.poll(); next != null; next = held.poll()) {
            if (next instanceof ByteBuf bytes) {
                bytes.release();
            }
        }
        context.fireChannelInactive();
    }
}
