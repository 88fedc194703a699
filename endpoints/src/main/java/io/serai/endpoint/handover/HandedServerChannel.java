package io.serai.endpoint.handover;

import io.netty.channel.AbstractServerChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** A server channel of Netty that binds no port: its connections are handed to it. */
public final class HandedServerChannel extends AbstractServerChannel implements HandoverListener {
    private final ChannelConfig config = new DefaultChannelConfig(this);
    private volatile @Nullable SocketAddress bound;
    private volatile boolean open = true;

    @Override
    public boolean take(HandedConnection connection) {
        if (!isActive()) {
            return false;
        }
        try {
            eventLoop().execute(() -> accept(connection));
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private void accept(HandedConnection connection) {
        if (isActive()) {
            pipeline().fireChannelRead(new HandedChannel(this, connection));
            pipeline().fireChannelReadComplete();
        } else {
            connection.close();
        }
    }

    @Override
    protected void doBind(SocketAddress local) {
        bound = local;
    }

    @Override
    protected void doBeginRead() {
        // Connections come by themselves.
    }

    @Override
    protected void doClose() {
        open = false;
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return bound;
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return true;
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
        return open && bound != null;
    }
}
