package io.serai.edge.relay;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.edge.link.StreamEnd;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What the end of a stream means for the partner. */
final class StreamFailures {
    private StreamFailures() {}

    static SeraiException of(StreamEnd end, String doing) {
        return switch (end.cause()) {
            case RESULT_RECEIVED -> StatusCodes.exception(end.status(), end.payload(), doing);
            case RESET_RECEIVED ->
                new SeraiException(
                        StatusCodes.of(end.status()),
                        doing + " was broken off: " + new String(end.payload(), StandardCharsets.UTF_8));
            case LOST -> lost(doing, null);
            case RESULT_SENT, RESET_SENT -> new SeraiException(ErrorCode.PARTNER_ABORT, doing + " is closed");
        };
    }

    static SeraiException lost(String doing, @Nullable Exception cause) {
        return new SeraiException(
                ErrorCode.INTERRUPTED,
                doing + " was interrupted: its server was lost; what that has kept can be resumed",
                cause);
    }

    static SeraiException late(String doing, Exception cause) {
        return new SeraiException(ErrorCode.BUSY, doing + " made no progress in time", cause);
    }

    static SeraiException interrupted(String doing, InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new SeraiException(ErrorCode.BUSY, doing + " was interrupted: the edge is stopping", cause);
    }

    static SeraiException violated(String doing) {
        return new SeraiException(ErrorCode.DEFECT, doing + " was answered with something that cannot be");
    }
}
