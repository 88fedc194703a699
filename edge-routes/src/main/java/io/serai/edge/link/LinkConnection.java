package io.serai.edge.link;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.frame.FrameHandler;
import io.serai.edge.frame.FrameIds;
import io.serai.edge.frame.FrameReader;
import io.serai.edge.frame.FrameType;
import io.serai.edge.frame.FrameWriter;
import io.serai.edge.message.LinkMessages.Bye;
import io.serai.edge.message.LinkMessages.ByeCode;
import io.serai.edge.message.LinkMessages.ConnectionClass;
import io.serai.edge.message.LinkMessages.Hello;
import io.serai.edge.message.LinkMessages.LinkStatus;
import io.serai.edge.message.Status;
import io.serai.edge.tls.LinkRole;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One TLS connection of a link: greets, dispatches frames, sends. Reading is never paused, so that credit, resets and
 * answers get through whatever stands still; all that is read is bounded by credit or by the limit of requests.
 */
final class LinkConnection extends ChannelInboundHandlerAdapter implements FrameHandler {
    private static final Logger LOG = LoggerFactory.getLogger(LinkConnection.class);
    private static final long BYE_WITHIN_MILLIS = 1_000;

    private enum State {
        TLS,
        HELLO,
        READY,
        RETIRING,
        CLOSED
    }

    private final FrameIds ids;
    private final LinkSettings settings;
    private final CreditBudget budget;
    private final ConnectionOwner owner;
    private final FrameReader reader = new FrameReader();
    private final RequestTable requests = new RequestTable(this);
    private final StreamTable streams = new StreamTable(this);
    private final HeartBeat heartBeat;
    private final long madeNanos = System.nanoTime();
    private volatile State state = State.TLS;
    private @Nullable Channel channel;
    private @Nullable ConnectionWriter out;
    private @Nullable Hello peer;
    private Optional<Bye> bye = Optional.empty();
    private String why = "the peer closed it";
    private boolean toldToRetire;
    private volatile long bytesRead;

    LinkConnection(LinkSettings settings, CreditBudget budget, ConnectionOwner owner, LinkRole role) {
        this.settings = settings;
        this.budget = budget;
        this.owner = owner;
        this.ids = new FrameIds(role == LinkRole.SERVER ? FrameIds.Parity.EVEN : FrameIds.Parity.ODD);
        this.heartBeat = new HeartBeat(this, settings.keepAlive());
    }

    // ---- life ----

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        channel = context.channel();
        out = new ConnectionWriter(context.channel(), settings.flow().backlogBytes(), this::kill);
        context.channel()
                .eventLoop()
                .schedule(
                        () -> {
                            if (state == State.TLS || state == State.HELLO) {
                                kill("it was not ready in time");
                            }
                        },
                        settings.connections().handshakeWithin().toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    /** The address could not be reached. */
    void notConnected(String reason) {
        why = reason;
        close();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            if (handshake.isSuccess()) {
                state = State.HELLO;
                owner.greeting().ifPresent(this::sendHello);
            } else {
                kill("TLS: " + reason(handshake.cause()));
            }
        }
        context.fireUserEventTriggered(event);
    }

    private void sendHello(Hello hello) {
        write(FrameWriter.message(allocator(), FrameType.HELLO, 0, hello.encode()));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            bytesRead += in.readableBytes();
            heartBeat.heard();
            if (state != State.CLOSED) {
                reader.read(in, this);
            }
        } catch (ProtocolViolation e) {
            owner.violated(this, e);
            boolean flow = e.rule() == ProtocolViolation.Rule.FLOW_CONTROL;
            bye(flow ? ByeCode.FLOW_CONTROL : ByeCode.PROTOCOL, e.text());
        } finally {
            in.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        streams.tellReceived();
        out().flushIfDue();
        context.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        streams.pump();
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        close();
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        kill(reason(cause));
        LOG.debug("A connection of a link failed", cause);
    }

    /** The first cause says more than what TLS makes of it. */
    private static String reason(Throwable failure) {
        Throwable cause = failure.getCause();
        return cause == null || cause == failure ? String.valueOf(failure.getMessage()) : reason(cause);
    }

    /** Out of use first, then everything on it fails, so that nobody tries again on this one. */
    private void close() {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        heartBeat.stop();
        owner.closed(this, bye, why);
        requests.fail(why);
        streams.fail(why);
    }

    /** Says why, and closes; from the event loop. */
    void bye(ByeCode code, String text) {
        if (state == State.CLOSED) {
            return;
        }
        why = code + ": " + text;
        Channel open = channel();
        open.writeAndFlush(FrameWriter.message(allocator(), FrameType.BYE, 0, new Bye(code, text).encode()))
                .addListener(ChannelFutureListener.CLOSE);
        open.eventLoop().schedule(() -> ConnectionWriter.abort(open), BYE_WITHIN_MILLIS, TimeUnit.MILLISECONDS);
        close();
    }

    /** Closes without a word or a wait; from the event loop. */
    void kill(String reason) {
        why = reason;
        Channel open = channel();
        close();
        ConnectionWriter.abort(open);
    }

    /**
     * Nothing new on it. The peer, which may have begun something at this moment, closes it when all on it has ended. From
     * the event loop.
     */
    void retire() {
        if (state == State.READY) {
            state = State.RETIRING;
            send(new LinkStatus(false, true, 0, 0, 0));
        }
    }

    void closeIfDone() {
        if (toldToRetire && requests.isEmpty() && streams.isEmpty()) {
            bye(ByeCode.RETIRED, "replaced");
        }
    }

    void probe(Duration within) {
        if (state == State.READY || state == State.RETIRING) {
            heartBeat.probe(within);
        }
    }

    // ---- frames ----

    @Override
    public void frame(FrameType type, int id, byte[] payload) throws ProtocolViolation {
        if (state == State.CLOSED) {
            return;
        }
        switch (type) {
            case HELLO -> onHello(Hello.decode(payload));
            case PING ->
                write(FrameWriter.ping(
                        allocator(), FrameType.PONG, ByteBuffer.wrap(payload).getLong()));
            case PONG -> heartBeat.onPong(ByteBuffer.wrap(payload).getLong());
            case LINK_STATUS -> onStatus(LinkStatus.decode(payload));
            case BYE -> onBye(Bye.decode(payload));
            case REQUEST -> {
                checkNew(id, ConnectionClass.CONTROL);
                owner.link().onRequest(requests.onRequest(id, FrameType.code(payload), FrameType.messageOf(payload)));
            }
            case REPLY -> {
                requests.onReply(id, Status.of(FrameType.code(payload)), FrameType.messageOf(payload));
                closeIfDone();
            }
            case CANCEL -> requests.onCancel(id);
            case EVENT -> owner.link().onEvent(FrameType.code(payload), FrameType.messageOf(payload));
            case OPEN -> onOpen(id, FrameType.code(payload), FrameType.messageOf(payload));
            case OPENED, CREDIT, END, RESULT, RESET, SEEK -> streams.onFrame(type, id, payload);
            case DATA -> throw new IllegalStateException("DATA comes in pieces");
        }
    }

    private void onHello(Hello hello) {
        peer = hello;
        ConnectionOwner.Welcome welcome = owner.greeted(this, hello);
        if (welcome instanceof ConnectionOwner.Welcome.Refused refused) {
            bye(refused.why().code(), refused.why().text());
        } else if (welcome instanceof ConnectionOwner.Welcome.Accepted accepted) {
            if (owner.greeting().isEmpty()) {
                sendHello(accepted.answer());
            }
            state = State.READY;
            heartBeat.start();
            owner.ready(this);
        }
    }

    private void onStatus(LinkStatus status) {
        boolean retires = status.retiring() && state == State.READY;
        if (retires) {
            state = State.RETIRING;
            toldToRetire = true;
        }
        owner.link().onStatus(status);
        closeIfDone();
    }

    private void onBye(Bye received) {
        bye = Optional.of(received);
        why = "BYE " + received.code() + ": " + received.text();
        Channel open = channel();
        close();
        open.close();
    }

    private void onOpen(int id, int method, byte[] message) throws ProtocolViolation {
        checkNew(id, ConnectionClass.DATA);
        owner.link().onStream(streams.onOpen(id, StreamKind.of(method)), method, message);
    }

    @Override
    public void dataBegins(int id, long offset, int count) throws ProtocolViolation {
        LinkStream stream = streams.known(id);
        if (stream != null) {
            stream.onDataBegins(offset, count);
        }
    }

    @Override
    public void data(int id, long offset, ByteBuf bytes) {
        LinkStream stream = streams.get(id);
        if (stream != null) {
            stream.onData(offset, bytes);
        }
    }

    @Override
    public void ignored(int type) {
        LOG.debug("A frame of the unknown type {} was skipped", type);
    }

    private void checkNew(int id, ConnectionClass wanted) throws ProtocolViolation {
        ids.takeNew(id);
        if (peerHello().connectionClass() != wanted) {
            throw new ProtocolViolation("a " + wanted + " frame on the wrong connection");
        }
    }

    // ---- sending ----

    /** Sends a request; from any thread. */
    CompletableFuture<Reply> request(int method, byte[] payload, Duration patience) {
        return requests.send(method, payload, patience);
    }

    /** Opens a stream; from any thread. Fails with {@link ConnectionLost}, or with BUSY as the peer's limit is reached. */
    CompletableFuture<LinkStream> open(StreamKind kind, int method, byte[] payload) {
        CompletableFuture<LinkStream> future = new CompletableFuture<>();
        onLoop(
                () -> {
                    if (!isOpen() || streams.load() >= peerHello().maxStreams()) {
                        future.completeExceptionally(
                                ConnectionLost.beforeSending("the connection takes no more streams"));
                    } else {
                        future.complete(streams.open(kind, method, payload));
                    }
                },
                () -> future.completeExceptionally(ConnectionLost.beforeSending("the link stops")));
        return future;
    }

    void send(LinkStatus status) {
        write(FrameWriter.message(allocator(), FrameType.LINK_STATUS, 0, status.encode()));
    }

    void event(int kind, byte[] payload) {
        write(FrameWriter.coded(allocator(), FrameType.EVENT, 0, kind, payload));
    }

    /** Sends a frame, before file bytes that still wait for the pump; from any thread. */
    void write(ByteBuf frame) {
        if (loop().inEventLoop()) {
            writeNow(frame);
        } else {
            onLoop(() -> writeNow(frame), frame::release);
        }
    }

    private void writeNow(ByteBuf frame) {
        if (state == State.CLOSED) {
            frame.release();
        } else {
            out().write(frame);
        }
    }

    void flush() {
        out().flush();
    }

    /** A stream has something to send; from any thread. */
    void pump(LinkStream stream) {
        if (stream.schedule()) {
            onLoop(() -> streams.enqueue(stream), () -> {});
        }
    }

    /** Bytes of a stream were kept. */
    void received(LinkStream stream, int bytes) {
        streams.received(stream, bytes);
    }

    /** A stream was closed; from any thread. */
    void forget(LinkStream stream) {
        onLoop(
                () -> {
                    streams.remove(stream);
                    closeIfDone();
                },
                () -> {});
    }

    /** Runs it on the event loop, or the other one here if that has ended. */
    void onLoop(Runnable action, Runnable otherwise) {
        try {
            if (loop().inEventLoop()) {
                action.run();
            } else {
                loop().execute(action);
            }
        } catch (RejectedExecutionException e) {
            otherwise.run();
        }
    }

    // ---- what it is ----

    boolean isReady() {
        return state == State.READY;
    }

    /** Whether what was meant for it before it was to be replaced can still be sent. */
    boolean isOpen() {
        return state == State.READY || state == State.RETIRING;
    }

    FrameIds ids() {
        return ids;
    }

    /** Whether it has had its time, its bytes or its ids. From any thread. */
    boolean isWorn(Duration age) {
        return System.nanoTime() - madeNanos > age.toNanos()
                || bytesRead + out().bytesWritten() > settings.connections().maxBytes()
                || ids.areRunningOut();
    }

    Channel channel() {
        if (channel == null) {
            throw new IllegalStateException("The connection has no channel yet");
        }
        return channel;
    }

    private ConnectionWriter out() {
        if (out == null) {
            throw new IllegalStateException("The connection has no channel yet");
        }
        return out;
    }

    EventLoop loop() {
        return channel().eventLoop();
    }

    ByteBufAllocator allocator() {
        return channel().alloc();
    }

    Hello peerHello() {
        if (peer == null) {
            throw new IllegalStateException("The peer has not said HELLO");
        }
        return peer;
    }

    LinkSettings settings() {
        return settings;
    }

    CreditBudget budget() {
        return budget;
    }

    int requestLoad() {
        return requests.load();
    }

    int streamLoad() {
        return streams.load();
    }

    Link.ConnectionFigures figures() {
        return new Link.ConnectionFigures(
                peerHello().connectionClass(),
                heartBeat.roundTripNanos(),
                bytesRead,
                out().bytesWritten(),
                streams.load(),
                requests.load(),
                out().unsentBytes());
    }
}
