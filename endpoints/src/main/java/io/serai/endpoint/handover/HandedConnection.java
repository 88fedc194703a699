package io.serai.endpoint.handover;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The bytes of one connection, both ways. Whoever takes it calls {@link #start} first (one that is closed without was
 * refused), reads and writes then, and closes it in the end, also when it is {@linkplain #isGone gone}. Nothing here waits. Safe for several threads, but only one may
 * read and only one may write at a time.
 */
public interface HandedConnection {
    /** Where the partner is. */
    InetSocketAddress client();

    /** The address that the partner has connected to. */
    InetSocketAddress local();

    /**
     * Begins.
     *
     * @param changed called when there may be something to read, room to write, or an end; on any thread, and it must return at
     *     once
     */
    void start(Runnable changed);

    /**
     * The same for who reads and writes on this event loop. A connection that has a socket of its own moves it there if it can,
     * so that no thread has to wake another for bytes.
     */
    default void start(Runnable changed, EventLoop loop) {
        start(changed);
    }

    /**
     * Whether there is something to poll, or an end. Does not wait, and may be asked by who calls {@code changed}: mostly that
     * tells of room alone, for which nobody who reads need be woken.
     */
    boolean hasInput();

    /** The next bytes, if some are there; whoever gets them releases them, and then tells {@link #consumed}. */
    Optional<ByteBuf> poll();

    /** So many bytes are not held any more: the partner may send as many again. */
    void consumed(int bytes);

    /** Whether the partner has said that it sends no more, and everything before that was polled. */
    boolean isInputEnded();

    /** Whether it broke: nothing comes and nothing goes any more. */
    boolean isGone();

    /** Takes bytes as far as there is room; how many. */
    int write(ByteBuffer bytes);

    /** Takes bytes of the first so many buffers, in turn, as far as there is room; how many. */
    default int write(ByteBuffer[] buffers, int count) {
        int total = 0;
        for (int i = 0; i < count; i++) {
            while (buffers[i].hasRemaining()) {
                int taken = write(buffers[i]);
                if (taken == 0) {
                    return total;
                }
                total += taken;
            }
        }
        return total;
    }

    /** No more will be written; what was goes out. */
    void endOutput();

    /** No more will be read or written; what was written goes out. Only the first time counts. */
    void close();
}
