package io.serai.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.socksx.v5.DefaultSocks5CommandResponse;
import io.netty.handler.codec.socksx.v5.DefaultSocks5InitialResponse;
import io.netty.handler.codec.socksx.v5.DefaultSocks5PasswordAuthResponse;
import io.netty.handler.codec.socksx.v5.Socks5AddressType;
import io.netty.handler.codec.socksx.v5.Socks5AuthMethod;
import io.netty.handler.codec.socksx.v5.Socks5CommandRequest;
import io.netty.handler.codec.socksx.v5.Socks5CommandRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5CommandStatus;
import io.netty.handler.codec.socksx.v5.Socks5CommandType;
import io.netty.handler.codec.socksx.v5.Socks5InitialRequest;
import io.netty.handler.codec.socksx.v5.Socks5InitialRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5Message;
import io.netty.handler.codec.socksx.v5.Socks5PasswordAuthRequest;
import io.netty.handler.codec.socksx.v5.Socks5PasswordAuthRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5PasswordAuthStatus;
import io.netty.handler.codec.socksx.v5.Socks5ServerEncoder;
import io.netty.util.ReferenceCountUtil;
import io.serai.edge.message.Status;
import io.serai.edge.tcp.LinkOutbound.Outgoing;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What is said on one SOCKS5 connection before its bytes are relayed: greeting, login where one is asked for, CONNECT. Out
 * of this order, malformed, or slower than the limit: closed. On the client's event loop.
 */
final class SocksConversation extends ChannelInboundHandlerAdapter {
    private static final String DECODER = "socks-decoder";
    private static final String ENCODER = "socks-encoder";
    private static final String PURPOSE = "socks";

    private enum Expected {
        GREETING,
        LOGIN,
        COMMAND,
        NOTHING
    }

    private final Channel client;
    private final SocksFront front;
    private Expected expected = Expected.GREETING;
    private boolean relayed;

    private SocksConversation(Channel client, SocksFront front) {
        this.client = client;
        this.front = front;
    }

    static void begin(Channel client, SocksFront front) {
        if (!front.enter()) {
            front.leave();
            TcpRelay.abort(client);
            return;
        }
        client.pipeline()
                .addLast(ENCODER, Socks5ServerEncoder.DEFAULT)
                .addLast(DECODER, new Socks5InitialRequestDecoder())
                .addLast(new SocksConversation(client, front))
                .addLast(new HeldBytes());
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        long millis = front.limits().connectWithin().toMillis();
        client.eventLoop()
                .schedule(
                        () -> {
                            if (!relayed && expected != Expected.NOTHING) {
                                client.close();
                            }
                        },
                        millis,
                        TimeUnit.MILLISECONDS);
        client.read();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (relayed) {
            context.fireChannelReadComplete();
        } else if (expected != Expected.NOTHING) {
            client.read();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof ByteBuf) {
            context.fireChannelRead(message);
            return;
        }
        try {
            if (!(message instanceof Socks5Message socks)
                    || socks.decoderResult().isFailure()) {
                client.close();
            } else if (socks instanceof Socks5InitialRequest greeting && expected == Expected.GREETING) {
                greet(greeting);
            } else if (socks instanceof Socks5PasswordAuthRequest login && expected == Expected.LOGIN) {
                check(login);
            } else if (socks instanceof Socks5CommandRequest command && expected == Expected.COMMAND) {
                connect(command);
            } else {
                client.close();
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void greet(Socks5InitialRequest greeting) {
        Socks5AuthMethod wanted = front.login().isPresent() ? Socks5AuthMethod.PASSWORD : Socks5AuthMethod.NO_AUTH;
        if (!greeting.authMethods().contains(wanted)) {
            last(new DefaultSocks5InitialResponse(Socks5AuthMethod.UNACCEPTED));
            return;
        }
        client.writeAndFlush(new DefaultSocks5InitialResponse(wanted));
        if (front.login().isPresent()) {
            expected = Expected.LOGIN;
            client.pipeline().replace(DECODER, DECODER, new Socks5PasswordAuthRequestDecoder());
        } else {
            expectCommand();
        }
    }

    private void check(Socks5PasswordAuthRequest login) {
        boolean known = front.login()
                .filter(own ->
                        same(own.user(), login.username()) & same(own.password().reveal(), login.password()))
                .isPresent();
        if (known) {
            client.writeAndFlush(new DefaultSocks5PasswordAuthResponse(Socks5PasswordAuthStatus.SUCCESS));
            expectCommand();
        } else {
            last(new DefaultSocks5PasswordAuthResponse(Socks5PasswordAuthStatus.FAILURE));
        }
    }

    private static boolean same(String own, String given) {
        return MessageDigest.isEqual(own.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }

    private void expectCommand() {
        expected = Expected.COMMAND;
        client.pipeline().replace(DECODER, DECODER, new Socks5CommandRequestDecoder());
    }

    private void connect(Socks5CommandRequest command) {
        expected = Expected.NOTHING;
        if (!command.type().equals(Socks5CommandType.CONNECT)) {
            refuse(Socks5CommandStatus.COMMAND_UNSUPPORTED);
        } else if (command.dstPort() == 0 || command.dstAddr().isEmpty()) {
            refuse(Socks5CommandStatus.FAILURE);
        } else {
            front.outbound()
                    .connect(command.dstAddr(), command.dstPort(), PURPOSE, way())
                    .whenCompleteAsync(this::connected, client.eventLoop());
        }
    }

    private OneWay way() {
        return client.remoteAddress() instanceof InetSocketAddress from ? front.takeWay(from.getPort()) : new OneWay();
    }

    private void connected(Outgoing made, @Nullable Throwable failure) {
        if (failure != null) {
            TcpFailure known = TcpFailure.of(failure);
            if (client.remoteAddress() instanceof InetSocketAddress from) {
                front.noteFailure(from.getPort(), known);
            }
            refuse(status(known.status()));
        } else if (client.isActive()) {
            client.writeAndFlush(reply(made.addresses().local()));
            relay(made);
        } else {
            made.stream().reset(Status.PARTNER_ABORT, "the client is gone");
        }
    }

    /** The count of connections is the relay's from here on. */
    private void relay(Outgoing made) {
        relayed = true;
        TcpRelay.start(client, made.stream(), TcpRelay.Side.OPENER, front.limits(), front::leave);
        ChannelPipeline pipeline = client.pipeline();
        pipeline.remove(DECODER);
        pipeline.remove(ENCODER);
        pipeline.remove(this);
    }

    private static DefaultSocks5CommandResponse reply(InetSocketAddress bound) {
        Socks5AddressType type =
                bound.getAddress() instanceof Inet4Address ? Socks5AddressType.IPv4 : Socks5AddressType.IPv6;
        return new DefaultSocks5CommandResponse(
                Socks5CommandStatus.SUCCESS, type, bound.getAddress().getHostAddress(), bound.getPort());
    }

    private static Socks5CommandStatus status(Status status) {
        return switch (status) {
            case PERMISSION_DENIED -> Socks5CommandStatus.FORBIDDEN;
            case NAME_INVALID -> Socks5CommandStatus.HOST_UNREACHABLE;
            case TIMEOUT -> Socks5CommandStatus.TTL_EXPIRED;
            case UNAVAILABLE -> Socks5CommandStatus.CONNECTION_REFUSED;
            default -> Socks5CommandStatus.FAILURE;
        };
    }

    private void refuse(Socks5CommandStatus status) {
        last(new DefaultSocks5CommandResponse(status, Socks5AddressType.IPv4));
    }

    private void last(Socks5Message message) {
        expected = Expected.NOTHING;
        client.writeAndFlush(message).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent && !relayed && expected != Expected.NOTHING) {
            client.close();
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (!relayed) {
            front.leave();
        }
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        client.close();
    }
}
