package io.serai.endpoint.http;

import io.serai.config.error.SeraiException;
import io.serai.endpoint.DownloadChannel;
import io.serai.endpoint.UploadChannel;
import io.vertx.core.buffer.Buffer;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** What a worker made of a request's head. */
sealed interface Outcome permits Reply, Outcome.Refused, Outcome.Download, Outcome.Upload {
    /** A refusal whose answer carries headers of its own. */
    record Refused(SeraiException why, Map<String, String> headers) implements Outcome {
        public Refused {
            headers = Map.copyOf(headers);
        }
    }

    /**
     * Bytes to send; the channel and the session's use are the flow's to close.
     *
     * @param first the first block, if that may be sent at once
     */
    record Download(
            HttpSession.Use use,
            DownloadChannel channel,
            ByteRange range,
            int status,
            Map<String, String> headers,
            Optional<Buffer> first)
            implements Outcome {
        public Download {
            headers = Map.copyOf(headers);
        }

        /** Without the first block, which must not live as long as a client takes for all. */
        Download withoutFirst() {
            return new Download(use, channel, range, status, headers, Optional.empty());
        }
    }

    /**
     * Bytes to take.
     *
     * @param bodyBytes how long the body must be, when that was announced
     * @param isWhole whether the file is complete with this body
     * @param status the answer to success
     * @param early what of the body was taken from the request before
     */
    record Upload(
            HttpSession.Use use,
            UploadChannel channel,
            OptionalLong bodyBytes,
            boolean isWhole,
            int status,
            Optional<EarlyBody> early)
            implements Outcome {
        /** Without the early bytes, which must not live as long as a client takes for all. */
        Upload withoutEarly() {
            return new Upload(use, channel, bodyBytes, isWhole, status, Optional.empty());
        }
    }
}
