package io.serai.endpoint;

import io.serai.config.name.TransferId;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * The way out for the bytes of one file. It reads the content that was there when it was opened, whatever happens to
 * the name afterwards. Safe for use by several threads.
 */
public interface DownloadChannel extends AutoCloseable {
    TransferId transfer();

    FileAttributes attributes();

    /**
     * Reads into the buffer from an offset.
     *
     * @return the number of bytes read, which is less than asked for only at the end of the file; -1 at or after the end
     */
    int read(ByteBuffer target, long offset);

    /**
     * How long to wait before more is read, by a limit of bandwidth; ask again after that, until it is zero. Waiting is the
     * caller's, where it holds nothing that other partners need ({@link Pace}).
     */
    default Duration pause() {
        return Duration.ZERO;
    }

    /** The partner has everything that it asked for; the ledger says "delivered". Idempotent. */
    void delivered();

    /** Ends the download; without {@link #delivered} before, the ledger says that it was broken off. Idempotent. */
    @Override
    void close();
}
