package io.serai.edge.tcp;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A channel of Netty that other threads than its event loop write to as well, so that none is woken for it. */
final class RawSocket extends NioSocketChannel {
    boolean canMoveTo(EventLoop loop) {
        return loop != eventLoop() && isCompatible(loop);
    }

    /**
     * Takes bytes as far as the kernel has room now; from any thread, while nothing is left that was written as to any
     * channel. Java keeps a socket that is being closed from those that write to it.
     */
    void writeNow(ByteBuffer[] buffers, int count) throws IOException {
        javaChannel().write(buffers, 0, count);
    }
}
