package io.serai.cluster.storage;

import io.serai.config.error.ErrorCode;
import io.serai.config.name.TransferId;
import java.nio.ByteBuffer;

/** A file that is coming in. Used by one thread at a time; only {@link #commit} makes it a file. */
public interface Incoming extends AutoCloseable {
    TransferId transfer();

    /** The bytes already held when it was opened. */
    long startOffset();

    /** Takes all remaining bytes, to stand at that offset. */
    void write(ByteBuffer data, long offset);

    /** Makes the bytes so far durable. */
    void force();

    /** On return the bytes are synced, ledger row and events committed, and the file is visible (uploads). */
    Receiving.Received commit();

    /** Ends it without a file; the bytes of an upload are kept as a part, those of a pull are removed. */
    void abort(ErrorCode code, String reason);

    /** Makes the running {@link #write} or {@link #commit} of another thread fail with {@code CANCELLED}. */
    void cancel();

    /**
     * Makes the running and every later {@link #write} and {@link #commit} fail with {@code PARTNER_ABORT}, unless the file
     * has arrived already. Never waits, and frees nothing: {@link #abort} follows. From any thread.
     */
    void breakOff(String reason);

    /** Aborts if it was not ended before. Idempotent. */
    @Override
    void close();
}
