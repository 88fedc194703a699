package io.serai.endpoint.http;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.UploadChannel;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a body's bytes as fast as storage does: one block is written by a worker while the next one fills, then the
 * client is held. Only a body that ended as HTTP says that it must is committed; whatever else happens aborts. Runs on
 * the request's event loop.
 */
final class UploadFlow {
    private static final Logger LOG = LoggerFactory.getLogger(UploadFlow.class);
    private static final int BLOCK_BYTES = 256 * 1024;
    private static final int BLOCKS = 2;
    private static final long PACE_MILLIS = 30_000;
    private static final long PACE_BYTES = 1_024;

    /** How an upload ended. */
    sealed interface End {}

    /** All went well. */
    record Stored(Reply reply) implements End {}

    /** Nothing was stored. */
    record Refused(SeraiException why) implements End {}

    /**
     * A block that was written.
     *
     * @param pause before the next one
     * @param end of the upload, if it was the last block
     */
    private record Written(Duration pause, @Nullable End end) {}

    private final Vertx vertx;
    private final HttpServerRequest request;
    private final Outcome.Upload upload;
    private final UploadChannel channel;
    private final WorkerExecutor workers;
    private final Consumer<End> over;
    private final Deque<ByteBuffer> full = new ArrayDeque<>();
    private final Deque<ByteBuffer> spare = new ArrayDeque<>();
    private @Nullable EarlyBody early;
    private @Nullable ByteBuffer filling;
    private long pacer = -1;
    private long received;
    private long receivedAtLastPace;
    private long writeOffset;
    private boolean isWriting;
    private boolean isHeld;
    private boolean isEnded;
    private boolean isOver;
    private @Nullable SeraiException failure;

    UploadFlow(
            Vertx vertx, HttpServerRequest request, Outcome.Upload upload, WorkerExecutor workers, Consumer<End> over) {
        this.vertx = vertx;
        this.request = request;
        this.upload = upload.withoutEarly();
        this.early = upload.early().orElse(null);
        this.channel = upload.channel();
        this.workers = workers;
        this.over = over;
        writeOffset = channel.startOffset();
    }

    void start() {
        if (request.response().closed()) {
            fail(lost());
            return;
        }
        EarlyBody before = early;
        early = null;
        boolean isAllThere = before != null && before.isEnded();
        if (!isAllThere) {
            request.exceptionHandler(e -> fail(lost()));
        }
        request.response().exceptionHandler(e -> fail(lost()));
        request.response().closeHandler(v -> fail(lost()));
        pacer = vertx.setPeriodic(PACE_MILLIS, timer -> checkPace());
        if (before != null) {
            take(before.bytes());
        }
        if (isAllThere) {
            isEnded = true;
            writeNext();
            return;
        }
        request.handler(this::take);
        request.endHandler(v -> {
            isEnded = true;
            writeNext();
        });
        if (request.headers().contains("Expect", "100-continue", true)) {
            request.response().writeContinue();
        }
        request.resume();
    }

    void breakOff(String reason) {
        fail(new SeraiException(ErrorCode.BUSY, reason));
    }

    private void take(Buffer data) {
        if (failure != null) {
            return;
        }
        received += data.length();
        if (upload.bodyBytes().isPresent() && received > upload.bodyBytes().getAsLong()) {
            fail(new SeraiException(ErrorCode.PARTNER_ABORT, "The body is longer than was announced"));
            return;
        }
        for (int at = 0; at < data.length(); ) {
            ByteBuffer block = block();
            int length = Math.min(data.length() - at, block.remaining());
            data.getBytes(at, at + length, block.array(), block.position());
            block.position(block.position() + length);
            at += length;
            if (!block.hasRemaining()) {
                seal(block);
            }
        }
        writeNext();
    }

    /** The one that fills; hardly larger than the body, if that is known, and yet not full before its end. */
    private ByteBuffer block() {
        ByteBuffer now = filling;
        if (now == null) {
            ByteBuffer used = spare.poll();
            now = used == null
                    ? ByteBuffer.allocate(
                            (int) Math.min(BLOCK_BYTES, upload.bodyBytes().orElse(BLOCK_BYTES) + 1))
                    : used.clear();
            filling = now;
        }
        return now;
    }

    private void seal(ByteBuffer block) {
        full.add(block.flip());
        filling = null;
        if (full.size() >= BLOCKS && !isHeld) {
            isHeld = true;
            request.pause();
        }
    }

    private void writeNext() {
        if (isWriting || isOver) {
            return;
        }
        if (failure != null) {
            finish();
            return;
        }
        ByteBuffer rest = filling;
        if (isEnded && full.isEmpty() && rest != null) {
            seal(rest);
        }
        ByteBuffer block = full.poll();
        if (block == null) {
            if (isEnded) {
                finish();
            }
            return;
        }
        isWriting = true;
        long offset = writeOffset;
        writeOffset += block.remaining();
        boolean isLast = isEnded && full.isEmpty() && filling == null && isAsAnnounced();
        workers.executeBlocking(() -> write(block, offset, isLast), false).onComplete(written -> {
            spare.add(block);
            if (written.failed()) {
                note(written.cause());
                goOn();
                return;
            }
            End end = written.result().end();
            if (end == null) {
                goOnAfter(written.result().pause());
            } else {
                isOver = true;
                vertx.cancelTimer(pacer);
                over.accept(end);
            }
        });
    }

    /** On a worker; with the last block the upload ends there and then, which spares small files a way to the loop and back. */
    private Written write(ByteBuffer block, long offset, boolean isLast) {
        channel.write(block, offset);
        Duration pause = channel.pause();
        return new Written(pause, isLast && pause.isZero() ? ended() : null);
    }

    /** The wait that a limit of bandwidth wants takes no worker. */
    private void goOnAfter(Duration pause) {
        if (pause.isZero() || failure != null) {
            goOn();
            return;
        }
        vertx.setTimer(Math.max(1, pause.toMillis()), timer -> {
            try {
                goOnAfter(channel.pause());
            } catch (SeraiException e) {
                note(e);
                goOn();
            }
        });
    }

    private void goOn() {
        isWriting = false;
        if (isHeld && full.size() < BLOCKS) {
            isHeld = false;
            request.resume();
        }
        writeNext();
    }

    private void checkPace() {
        boolean isClientsTurn = !isWriting && !isHeld && !isEnded;
        if (isClientsTurn && received - receivedAtLastPace < PACE_BYTES) {
            fail(new SeraiException(ErrorCode.PARTNER_ABORT, "The body comes too slowly"));
        }
        receivedAtLastPace = received;
    }

    private static SeraiException lost() {
        return new SeraiException(ErrorCode.PARTNER_ABORT, "The connection ended before the body did");
    }

    private void note(Throwable why) {
        if (failure == null) {
            failure = why instanceof SeraiException known
                    ? known
                    : new SeraiException(ErrorCode.DEFECT, "An upload failed: " + why, why);
        }
    }

    private void fail(SeraiException why) {
        if (!isOver) {
            note(why);
            writeNext();
        }
    }

    private void finish() {
        isOver = true;
        vertx.cancelTimer(pacer);
        if (failure == null && !isAsAnnounced()) {
            note(new SeraiException(ErrorCode.PARTNER_ABORT, "The body is shorter than was announced"));
        }
        workers.executeBlocking(this::ended, false)
                .onComplete(end -> over.accept(end.succeeded() ? end.result() : new Refused(asRefusal(end.cause()))));
    }

    private boolean isAsAnnounced() {
        return upload.bodyBytes().isEmpty() || received == upload.bodyBytes().getAsLong();
    }

    private static SeraiException asRefusal(Throwable why) {
        return why instanceof SeraiException known
                ? known
                : new SeraiException(ErrorCode.DEFECT, "An upload failed: " + why, why);
    }

    private End ended() {
        try {
            return new Stored(end());
        } catch (RuntimeException e) {
            return new Refused(asRefusal(e));
        }
    }

    /** On a worker: what makes the bytes a file, or keeps them as a part. */
    private Reply end() {
        SeraiException known = failure;
        try (HttpSession.Use use = upload.use();
                UploadChannel closing = channel) {
            LOG.debug("Upload {} of session {} is at byte {}", closing.transfer(), use.id(), writeOffset);
            if (known != null) {
                closing.abort(known.text());
                throw known;
            }
            if (!upload.isWhole()) {
                closing.force();
                closing.abort("More parts are to come");
                return Reply.of(upload.status()).with("Upload-Offset", Long.toString(writeOffset));
            }
            return PartnerFiles.stored(closing.commit(), upload.status());
        }
    }
}
