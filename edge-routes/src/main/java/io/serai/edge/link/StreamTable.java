package io.serai.edge.link;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.serai.edge.ProtocolViolation;
import io.serai.edge.frame.FrameType;
import io.serai.edge.frame.FrameWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The open streams of one connection, and the pump that sends their bytes: while the channel takes more, one frame of each
 * stream in turn. On its event loop only, but for the methods that say otherwise.
 */
final class StreamTable {
    /** So much is encrypted at once; then the pump looks whether the socket takes more. */
    private static final int BURST_BYTES = 64 << 10;

    private final LinkConnection connection;
    private final Map<Integer, LinkStream> streams = new HashMap<>();
    private final ArrayDeque<LinkStream> ready = new ArrayDeque<>();
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
