package io.serai.edge.link;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.frame.FrameType;
import io.serai.edge.frame.FrameWriter;
import io.serai.edge.message.Status;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The open streams of one connection, and the pump that sends their bytes: while the channel takes more, one frame of each
 * stream in turn. On its event loop only, but for the methods that say otherwise.
 */
final class StreamTable {
    /** So much is encrypted at once; then the pump looks whether the socket takes more. */
    private static final int BURST_BYTES = 128 << 10;
    /** A thread is woken for so many bytes at once, or for what there is. */
    private static final int TELL_BYTES = 64 << 10;

    private final LinkConnection connection;
    private final Map<Integer, LinkStream> streams = new HashMap<>();
    private final ArrayDeque<LinkStream> ready = new ArrayDeque<>();
    /** Streams with bytes that nobody was told of. */
    private final Set<LinkStream> untold = new LinkedHashSet<>();

    private int untoldBytes;
    private int served;
    private boolean pumping;
    private volatile int load;

    StreamTable(LinkConnection connection) {
        this.connection = connection;
    }

    @Nullable
    LinkStream get(int id) {
        return streams.get(id);
    }

    /** The open stream; null for one that was closed, since its last frames may cross our RESET or RESULT on the way. */
    @Nullable
    LinkStream known(int id) throws ProtocolViolation {
        LinkStream stream = streams.get(id);
        if (stream == null && !connection.ids().wasUsed(id)) {
            throw new ProtocolViolation("a frame of the stream " + id + ", which was never opened");
        }
        return stream;
    }

    /** A frame of a stream other than OPEN and DATA. */
    void onFrame(FrameType type, int id, byte[] payload) throws ProtocolViolation {
        LinkStream stream = known(id);
        if (stream == null) {
            return;
        }
        ByteBuffer fields = ByteBuffer.wrap(payload);
        switch (type) {
            case OPENED -> stream.onOpened(payload);
            case CREDIT -> stream.onCredit(fields.getInt(), fields.getLong());
            case END -> stream.onEnd(payload);
            case RESULT -> stream.onResult(Status.of(FrameType.code(payload)), FrameType.messageOf(payload));
            case RESET -> stream.onReset(Status.of(FrameType.code(payload)), FrameType.messageOf(payload));
            case SEEK -> stream.onSeek(fields.getLong(), fields.getInt());
            default -> throw new IllegalStateException(type + " is of no stream");
        }
    }

    /** Opens one of our own. */
    LinkStream open(StreamKind kind, int method, byte[] payload) {
        LinkStream stream = new LinkStream(connection, connection.ids().next(), kind, true);
        add(stream);
        connection.write(FrameWriter.coded(connection.allocator(), FrameType.OPEN, stream.id(), method, payload));
        stream.widen();
        return stream;
    }

    /** The peer opens one. */
    LinkStream onOpen(int id, StreamKind kind) throws ProtocolViolation {
        if (served >= connection.settings().flow().maxStreams()) {
            throw new ProtocolViolation(ProtocolViolation.Rule.FLOW_CONTROL, "too many streams at once");
        }
        LinkStream stream = new LinkStream(connection, id, kind, false);
        served++;
        add(stream);
        return stream;
    }

    private void add(LinkStream stream) {
        streams.put(stream.id(), stream);
        load = streams.size();
    }

    void remove(LinkStream stream) {
        if (streams.remove(stream.id()) != null) {
            load = streams.size();
            if (!connection.ids().isOwn(stream.id())) {
                served--;
            }
        }
    }

    /** Bytes of a stream were kept. Whoever waits for them is told when there are no more for now, or many. */
    void received(LinkStream stream, int bytes) {
        untold.add(stream);
        untoldBytes += bytes;
        if (untoldBytes >= TELL_BYTES) {
            tellReceived();
        }
    }

    void tellReceived() {
        untoldBytes = 0;
        while (!untold.isEmpty()) {
            LinkStream stream = untold.iterator().next();
            untold.remove(stream);
            stream.notifyChange();
        }
    }

    /** A stream has something to send; from the event loop. */
    void enqueue(LinkStream stream) {
        ready.add(stream);
        pump();
    }

    void pump() {
        if (pumping) {
            return;
        }
        pumping = true;
        try {
            Channel channel = connection.channel();
            int burst = 0;
            while (!ready.isEmpty() && channel.isActive() && channel.isWritable()) {
                LinkStream stream = ready.remove();
                ByteBuf frame = stream.nextFrame();
                if (frame == null) {
                    continue;
                }
                ready.add(stream);
                burst += frame.readableBytes();
                connection.write(frame);
                if (burst >= BURST_BYTES) {
                    burst = 0;
                    connection.flush();
                }
            }
        } finally {
            pumping = false;
        }
    }

    /** Open streams; from any thread. */
    int load() {
        return load;
    }

    boolean isEmpty() {
        return streams.isEmpty();
    }

    /** The connection is gone; its owner knows that already. */
    void fail(String why) {
        List<LinkStream> lost = new ArrayList<>(streams.values());
        streams.clear();
        ready.clear();
        load = 0;
        served = 0;
        lost.forEach(stream -> stream.onLost(why));
    }
}
