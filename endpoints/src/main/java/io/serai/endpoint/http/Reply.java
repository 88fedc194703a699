package io.serai.endpoint.http;

import java.util.LinkedHashMap;
import java.util.Map;

/** A whole answer that is made by a worker and written by the event loop. */
record Reply(int status, Map<String, String> headers, String body) implements Outcome {
    Reply {
        headers = Map.copyOf(headers);
    }

    static Reply of(int status) {
        return new Reply(status, Map.of(), "");
    }

    static Reply of(int status, String contentType, String body) {
        return new Reply(status, Map.of("Content-Type", contentType), body);
    }

    Reply with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new Reply(status, more, body);
    }
}
