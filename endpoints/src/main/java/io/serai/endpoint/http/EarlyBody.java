package io.serai.endpoint.http;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * What has come of a small PUT's body before a worker looks at its head. As a rule that is all of it, and then one turn of a worker
 * is enough for the whole request.
 *
 * @param isEnded whether the client has sent everything
 */
record EarlyBody(Buffer bytes, boolean isEnded) {
    /** As much goes over a link before the other end has answered ({@code earlyWindow} of its HELLO, by default). */
    private static final int MOST_BYTES = 64 * 1024;

    /** A client that takes longer holds no more than it has sent, and is served as one with a large body. */
    private static final long PATIENCE_MILLIS = 200;

    /** Whether the body is announced as small, and the client does not want to be asked for it. */
    static boolean isExpected(HttpServerRequest request) {
        String length = request.getHeader("Content-Length");
        return request.method().name().equals("PUT")
                && length != null
                && length.matches("\\d{1,5}")
                && Integer.parseInt(length) <= MOST_BYTES
                && !request.headers().contains("Expect")
                && !request.headers().contains("Content-Range");
    }

    /** Takes it from a request that is paused, and pauses that again; on its event loop. */
    static void take(Vertx vertx, HttpServerRequest request, Consumer<EarlyBody> then) {
        new Taking(vertx, request, then).start();
    }

    boolean isWhole(long announced) {
        return isEnded && bytes.length() == announced;
    }

    /** The bytes, to be read once. */
    ByteBuffer content() {
        return ByteBuffer.wrap(bytes.getBytes());
    }

    private static final class Taking {
        private final Vertx vertx;
        private final HttpServerRequest request;
        private final Consumer<EarlyBody> then;
        private final Buffer bytes = Buffer.buffer();
        private long timer = -1;
        private boolean isOver;

        Taking(Vertx vertx, HttpServerRequest request, Consumer<EarlyBody> then) {
            this.vertx = vertx;
            this.request = request;
            this.then = then;
        }

        void start() {
            request.exceptionHandler(e -> end(false));
            request.handler(this::more);
            request.endHandler(v -> end(true));
            timer = vertx.setTimer(PATIENCE_MILLIS, late -> end(false));
            request.resume();
        }

        private void more(Buffer data) {
            bytes.appendBuffer(data);
            if (bytes.length() > MOST_BYTES) {
                end(false);
            }
        }

        private void end(boolean isEnded) {
            if (isOver) {
                return;
            }
            isOver = true;
            vertx.cancelTimer(timer);
            if (!isEnded) {
                request.pause();
            }
            then.accept(new EarlyBody(bytes, isEnded));
        }
    }
}
