package io.serai.route.site;

import io.serai.cluster.event.ClaimedEvent;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * The pattern of the names that files have at a site while they are sent: {@code {name}} is the final name, {@code {id}}
 * what makes every attempt's name its own, so that an attempt of a node that lost its claim cannot touch a later one's.
 */
record TemporaryName(String pattern) {
    static final String DEFAULT = ".{name}.{id}.part";
    private static final int LONGEST_NAME_BYTES = 150;

    TemporaryName {
        if (!pattern.contains("{id}") || pattern.startsWith("/") || ("/" + pattern + "/").contains("/../")) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "temporaryName=" + pattern + " must hold {id} and stay in the folder; for example " + DEFAULT);
        }
    }

    /** A name of this attempt's own for a file that will get that name. */
    String of(ClaimedEvent event, String finalName) {
        String id = event.id() + "-" + event.token().epoch() + "-" + event.attempt() + "-"
                + UUID.randomUUID().toString().substring(0, 8);
        return pattern.replace("{id}", id).replace("{name}", shortened(finalName));
    }

    private static String shortened(String name) {
        StringBuilder result = new StringBuilder();
        int bytes = 0;
        for (int c : name.codePoints().toArray()) {
            bytes += Character.toString(c).getBytes(StandardCharsets.UTF_8).length;
            if (bytes > LONGEST_NAME_BYTES) {
                break;
            }
            result.appendCodePoint(c);
        }
        return result.toString();
    }
}
