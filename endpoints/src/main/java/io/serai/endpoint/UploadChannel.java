package io.serai.endpoint;

import io.serai.config.name.TransferId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * The way in for the bytes of one upload. {@link #commit} is the only thing that makes them a file: whatever else ends
 * the upload, nothing becomes visible or is routed, and the bytes so far are kept for the same account to resume.
 *
 * <p>Used by one thread at a time. All methods throw {@link io.serai.config.error.SeraiException}; after an exception
 * only {@link #close} is of use.
 */
public interface UploadChannel extends AutoCloseable {
    TransferId transfer();

    /** The offset to go on at: the bytes already held; 0 for a new upload. */
    long startOffset();

    /** Whether {@link #replaces} has an answer, at the latest after the commit. */
    default boolean looks() {
        return false;
    }

    /**
     * Whether a file of that name was there at the open, as its partner may see it; empty where nobody looked. May have to wait for
     * the answer to the open.
     */
    default Optional<Boolean> replaces() {
        return Optional.empty();
    }

    /** After a failure: whether it was refused before anything of it was taken, so that it may be asked for again. */
    default boolean isUntaken() {
        return false;
    }

    /**
     * Takes all remaining bytes of the buffer; blocks while storage is slower than the partner.
     *
     * @param offset where in the file the first byte belongs. Any order within what is held plus a bounded hole is
     *     taken; a hole that is still there at the commit fails the commit
     */
    void write(ByteBuffer data, long offset);

    /**
     * How long to wait before more is taken, by a limit of bandwidth; ask again after that, until it is zero. Waiting is the
     * caller's, where it holds nothing that other partners need ({@link Pace}).
     */
    default Duration pause() {
        return Duration.ZERO;
    }

    /** Makes the bytes so far durable ({@code fsync@openssh.com}). */
    void force();

    /**
     * Makes the bytes a file: on return they are synced, the ledger row and the arrival event are committed and the
     * file is visible under its name.
     */
    UploadReceipt commit();

    /** Ends the upload without a file; the reason goes to the ledger. The bytes are kept as a part. */
    void abort(String reason);

    /** Aborts if neither {@link #commit} nor {@link #abort} was called. Idempotent. */
    @Override
    void close();
}
