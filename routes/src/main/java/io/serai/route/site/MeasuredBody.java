package io.serai.route.site;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.route.site.connection.Line;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A body on its way to a site: counts and hashes its bytes, and remembers when reading it failed, which is a failure of
 * ours and not of the site. Closing it is left to who opened the body.
 */
final class MeasuredBody extends FilterInputStream {
    private static final int PASSED_AT_ONCE = 256 * 1024;

    private final Line line;
    private final LongConsumer moved;
    private final MessageDigest digest;
    private volatile long count;
    private @Nullable Exception failure;

    /** @param moved told of bytes after they were read; may wait, as a limit of bandwidth wants it */
    MeasuredBody(InputStream body, Line line, LongConsumer moved) {
        super(body);
        this.moved = moved;
        this.line = line;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new SeraiException(ErrorCode.DEFECT, "This Java has no SHA-256", e);
        }
    }

    /** The bytes read so far. */
    long count() {
        return count;
    }

    /** Of the bytes read, once; lower-case hex. */
    String sha256() {
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Throws when the body itself could not be read. */
    void checkSource() {
        Exception cause = failure;
        if (cause instanceof SeraiException known) {
            throw known;
        }
        if (cause != null) {
            throw new SeraiException(
                    ErrorCode.STEP_FAILED,
                    "The body that the route delivers could not be read to its end: " + cause.getMessage(),
                    cause);
        }
    }

    /** Reads and hashes bytes that the site has already. */
    void pass(long bytes) throws IOException {
        byte[] buffer = new byte[PASSED_AT_ONCE];
        long left = bytes;
        while (left > 0) {
            int got = readQuietly(buffer, 0, (int) Math.min(buffer.length, left));
            if (got < 0) {
                throw new IOException("the body is shorter than what the site has of it");
            }
            left -= got;
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        int got = read(one, 0, 1);
        return got < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int got = readQuietly(target, offset, length);
        if (got > 0) {
            moved.accept(got);
        }
        return got;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // only the delivering thread writes; others watch
    private int readQuietly(byte[] target, int offset, int length) throws IOException {
        try {
            int got = in.read(target, offset, length);
            line.touch();
            if (got > 0) {
                digest.update(target, offset, got);
                count += got;
            }
            return got;
        } catch (IOException | RuntimeException e) {
            failure = e;
            throw e;
        }
    }

    @Override
    public long skip(long bytes) throws IOException {
        throw new IOException("a body that is measured cannot be skipped");
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    @Override
    public void close() {
        // Whoever opened the body closes it; JSch and HTTP clients close what they are given.
    }
}
