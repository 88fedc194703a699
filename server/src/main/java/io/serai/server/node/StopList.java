package io.serai.server.node;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What has been started, to be stopped in the opposite order. One that fails to stop does not keep the others up. */
final class StopList implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StopList.class);

    private record Item(String name, Stop stop) {}

    /** Stops something. */
    @FunctionalInterface
    interface Stop {
        void run() throws Exception;
    }

    private final Deque<Item> started = new ArrayDeque<>();
    private boolean closed;

    /** Adds what was just started; during or after the stop it is stopped at once, and the start goes no further. */
    synchronized void add(String name, Stop stop) {
        started.push(new Item(name, stop));
        if (closed) {
            close();
            throw new SeraiException(ErrorCode.BUSY, "The server was told to stop while it was starting");
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        while (!started.isEmpty()) {
            Item item = started.pop();
            try {
                LOG.debug("Stopping {}", item.name());
                item.stop().run();
            } catch (Exception e) { // the rest must be stopped all the same
                LOG.warn("The {} did not stop properly", item.name(), e);
            }
        }
    }
}
