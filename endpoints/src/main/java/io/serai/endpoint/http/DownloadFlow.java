package io.serai.endpoint.http;

import io.netty.buffer.Unpooled;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.endpoint.DownloadChannel;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a file's bytes as fast as the client takes them: one block is read by a worker while at most two wait to be
 * sent. Runs on the request's event loop.
 */
final class DownloadFlow {
    private static final Logger LOG = LoggerFactory.getLogger(DownloadFlow.class);
    private static final int BLOCK_BYTES = 256 * 1024;

    private final Vertx vertx;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Outcome.Download download;
    private final WorkerExecutor workers;
    private final Runnable over;
    private @Nullable Buffer first;
    private long offset;
    private long remaining;
    private boolean isReading;
    private boolean isBroken;
    private boolean isClosed;

    DownloadFlow(
            Vertx vertx, HttpServerRequest request, Outcome.Download download, WorkerExecutor workers, Runnable over) {
        this.vertx = vertx;
        this.request = request;
        this.response = request.response();
        this.download = download.withoutFirst();
        this.first = download.first().orElse(null);
        this.workers = workers;
        this.over = over;
        offset = download.range().first();
        remaining = download.range().length();
    }

    void start() {
        if (response.closed()) {
            close(false);
            return;
        }
        response.setStatusCode(download.status());
        download.headers().forEach(response::putHeader);
        response.setWriteQueueMaxSize(2 * BLOCK_BYTES);
        response.exceptionHandler(e -> broken());
        response.closeHandler(v -> broken());
        response.drainHandler(v -> readNext());
        Buffer block = first;
        if (block != null) {
            first = null;
            send(block);
        } else {
            readNext();
        }
    }

    void breakOff(String reason) {
        LOG.debug("Download broken off: {}", reason);
        broken();
        request.connection().close();
    }

    private void readNext() {
        if (isReading || isBroken || isClosed || response.writeQueueFull()) {
            return;
        }
        if (remaining == 0) {
            end(Buffer.buffer());
            return;
        }
        isReading = true;
        readWhenItMay();
    }

    private void end(Buffer rest) {
        isReading = true;
        response.end(rest).onComplete(sent -> close(sent.succeeded()));
    }

    /** The wait that a limit of bandwidth wants takes no worker. */
    private void readWhenItMay() {
        Duration pause;
        try {
            pause = isBroken ? Duration.ZERO : download.channel().pause();
        } catch (SeraiException e) {
            LOG.debug("Download broken off: {}", e.text());
            isReading = false;
            breakOff(e.text());
            return;
        }
        if (pause.isZero()) {
            read();
        } else {
            vertx.setTimer(Math.max(1, pause.toMillis()), timer -> readWhenItMay());
        }
    }

    private void read() {
        workers.executeBlocking(() -> block(download.channel(), offset, remaining), false)
                .onComplete(block -> {
                    isReading = false;
                    if (isBroken) {
                        close(false);
                    } else if (block.failed()) {
                        LOG.warn("Download broken off: {}", block.cause().getMessage());
                        breakOff("The content could not be read");
                    } else {
                        send(block.result());
                    }
                });
    }

    private void send(Buffer block) {
        offset += block.length();
        remaining -= block.length();
        if (remaining > 0) {
            response.write(block);
            readNext();
        } else {
            end(block);
        }
    }

    /** The next bytes; on a worker. */
    static Buffer block(DownloadChannel channel, long offset, long remaining) {
        byte[] bytes = new byte[(int) Math.min(BLOCK_BYTES, remaining)];
        int length = channel.read(ByteBuffer.wrap(bytes), offset);
        if (length <= 0) {
            throw new SeraiException(ErrorCode.CHANGED, "The file is shorter than it was when it was opened");
        }
        return Buffer.buffer(Unpooled.wrappedBuffer(bytes, 0, length));
    }

    private void broken() {
        isBroken = true;
        if (!isReading) {
            close(false);
        }
    }

    private void close(boolean wasSent) {
        if (isClosed) {
            return;
        }
        isClosed = true;
        workers.executeBlocking(
                        () -> {
                            try (var use = download.use();
                                    var channel = download.channel()) {
                                if (wasSent) {
                                    channel.delivered();
                                }
                                return use.id();
                            }
                        },
                        false)
                .onFailure(e -> LOG.warn("The end of a download could not be recorded: {}", e.getMessage()))
                .onComplete(v -> over.run());
    }
}
