package io.serai.endpoint.sftp;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The open handles of one conversation, by their number. Used by one thread at a time. */
final class OpenHandles {
    private static final Logger LOG = LoggerFactory.getLogger(OpenHandles.class);

    private final int limit;
    private final Map<Long, OpenHandle> open = new LinkedHashMap<>();
    private volatile int transfers;
    private long next = 1;

    OpenHandles(int limit) {
        this.limit = limit;
    }

    /** To be called before anything is opened. */
    void requireRoom() {
        if (open.size() >= limit) {
            throw new SeraiException(ErrorCode.BUSY, "More than " + limit + " handles are open; close some");
        }
    }

    /** The name of the new handle on the wire. */
    byte[] add(OpenHandle handle) {
        long number = next++;
        open.put(number, handle);
        count();
        return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }

    OpenHandle get(ByteBuffer name) {
        return known(open.get(number(name)));
    }

    OpenHandle remove(ByteBuffer name) {
        OpenHandle handle = known(open.remove(number(name)));
        count();
        return handle;
    }

    /** Whether files are open; may be asked by any thread. */
    boolean areTransferring() {
        return transfers > 0;
    }

    void abortAll(String reason) {
        for (OpenHandle handle : open.values()) {
            try {
                handle.abort(reason);
            } catch (RuntimeException e) { // the others are to be ended all the same
                LOG.warn("An open file could not be ended cleanly; the answering side will when the session closes", e);
            }
        }
        open.clear();
        count();
    }

    private void count() {
        transfers = (int) open.values().stream()
                .filter(handle -> !(handle instanceof FolderHandle))
                .count();
    }

    private static long number(ByteBuffer name) {
        return name.remaining() == Long.BYTES ? name.getLong(name.position()) : 0;
    }

    private static OpenHandle known(@Nullable OpenHandle handle) {
        if (handle == null) {
            throw new SeraiException(ErrorCode.NO_SUCH_FILE, "A handle that is not open");
        }
        return handle;
    }
}
