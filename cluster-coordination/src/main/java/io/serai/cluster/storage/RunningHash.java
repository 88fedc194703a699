package io.serai.cluster.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * The SHA-256 of a file while it is written. Bytes that come in order are taken as they come; what came before or out of
 * order is read back from the file, a little with each write and the rest at the end. Its monitor guards all state.
 */
final class RunningHash {
    private static final int CHUNK_BYTES = 256 * 1024;
    /** How much of a backlog is read back for each byte that is written. */
    private static final int CATCH_UP = 4;

    private final FileChannel channel;
    private final MessageDigest digest = StagingName.sha256();
    private long hashed;
    private boolean stale;

    RunningHash(FileChannel channel) {
        this.channel = channel;
    }

    /** Tells that these bytes have been written there, and up to where the file has no hole now. */
    synchronized void written(ByteBuffer data, long offset, long contiguousEnd) throws IOException {
        if (offset < hashed) {
            // Bytes that were hashed have changed: all is read again at the end.
            stale = true;
        }
        if (stale) {
            return;
        }
        if (offset == hashed) {
            hashed += data.remaining();
            digest.update(data);
        } else {
            long behind = contiguousEnd - hashed;
            readBack(hashed + Math.min(behind, (long) CATCH_UP * data.remaining()));
        }
    }

    /** Reads back a piece of what was held already; false when that is done or of no use. */
    synchronized boolean readBackSome(long until) throws IOException {
        if (stale || hashed >= until) {
            return false;
        }
        readBack(Math.min(until, hashed + CHUNK_BYTES));
        return true;
    }

    /** The hash of the first {@code size} bytes, in lower-case hexadecimal. */
    synchronized String finish(long size) throws IOException {
        if (stale || hashed > size) {
            digest.reset();
            hashed = 0;
            stale = false;
        }
        readBack(size);
        return HexFormat.of().formatHex(digest.digest());
    }

    private void readBack(long until) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, Math.max(1, until - hashed)));
        while (hashed < until) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), until - hashed));
            int count = channel.read(buffer, hashed);
            if (count < 0) {
                throw new IOException("the file is shorter than what was written to it");
            }
            digest.update(buffer.flip());
            hashed += count;
        }
    }
}
