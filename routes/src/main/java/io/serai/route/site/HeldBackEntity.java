package io.serai.route.site;

import io.serai.route.site.connection.Line;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.function.LongConsumer;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.AbstractHttpEntity;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request that streams, and whose last bytes go out only when the intent to complete it is recorded. An
 * empty body of known length is sent in chunks, so that it too has an end that can be held back.
 */
final class HeldBackEntity extends AbstractHttpEntity {
    private static final int BUFFER_BYTES = 128 * 1024;

    private final DeliveredBody body;
    private final Line line;
    private final LongConsumer moved;
    private final BeforeTheEnd beforeTheEnd;
    private @Nullable MeasuredBody measured;
    private String sha256 = "";

    HeldBackEntity(DeliveredBody body, Line line, LongConsumer moved, BeforeTheEnd beforeTheEnd) {
        super(ContentType.APPLICATION_OCTET_STREAM, null, body.sizeBytes().orElse(0) <= 0);
        this.body = body;
        this.line = line;
        this.moved = moved;
        this.beforeTheEnd = beforeTheEnd;
    }

    /** Runs when all bytes are known and before the last of them are sent. */
    @FunctionalInterface
    interface BeforeTheEnd {
        void run(long sizeBytes, String sha256);
    }

    long count() {
        return measured == null ? 0 : measured.count();
    }

    /** Of all bytes, once they were sent. */
    String sha256() {
        return sha256;
    }

    /** Throws when the body itself could not be read. */
    void checkSource() {
        if (measured != null) {
            measured.checkSource();
        }
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
        try (InputStream bytes = body.opener().open()) {
            MeasuredBody source = new MeasuredBody(bytes, line, moved);
            measured = source;
            byte[] held = new byte[BUFFER_BYTES];
            byte[] next = new byte[BUFFER_BYTES];
            int heldBytes = source.readNBytes(held, 0, BUFFER_BYTES);
            for (int got = source.readNBytes(next, 0, BUFFER_BYTES);
                    got > 0;
                    got = source.readNBytes(next, 0, BUFFER_BYTES)) {
                out.write(held, 0, heldBytes);
                byte[] swap = held;
                held = next;
                next = swap;
                heldBytes = got;
            }
            sha256 = source.sha256();
            String complete = sha256;
            body.sha256().filter(expected -> !expected.equals(complete)).ifPresent(expected -> {
                throw new io.serai.config.error.SeraiException(
                        io.serai.config.error.ErrorCode.DEFECT,
                        "The kept bytes have SHA-256 " + complete + " but " + expected
                                + " arrived; the shared file system changed them");
            });
            beforeTheEnd.run(source.count(), complete);
            out.write(held, 0, heldBytes);
        }
    }

    @Override
    public boolean isRepeatable() {
        return false;
    }

    @Override
    public boolean isStreaming() {
        return true;
    }

    @Override
    public InputStream getContent() throws IOException {
        throw new IOException("this body is only ever written");
    }

    @Override
    public long getContentLength() {
        return isChunked() ? -1 : body.sizeBytes().orElse(-1);
    }

    @Override
    public void close() {
        // The body is opened and closed where it is written.
    }
}
