package io.serai.endpoint.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.serai.endpoint.handover.HandedServerChannel;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.spi.transport.Transport;
import java.util.concurrent.ThreadFactory;

/** Vert.x as it is but for servers, which take the connections that are handed to a channel. */
final class HandedTransport implements Transport {
    private final Transport rest;
    private final HandedServerChannel server;

    HandedTransport(Transport rest, HandedServerChannel server) {
        this.rest = rest;
        this.server = server;
    }

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
        return () -> server;
    }

    @Override
    public void configure(NetServerOptions options, boolean domainSocket, ServerBootstrap bootstrap) {
        // These are options of sockets.
    }

    @Override
    public EventLoopGroup eventLoopGroup(int type, int count, ThreadFactory threads, int ioRatio) {
        return rest.eventLoopGroup(type, count, threads, ioRatio);
    }

    @Override
    public DatagramChannel datagramChannel() {
        return rest.datagramChannel();
    }

    @Override
    public DatagramChannel datagramChannel(InternetProtocolFamily family) {
        return rest.datagramChannel(family);
    }

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
        return rest.channelFactory(domainSocket);
    }
}
