package io.serai.endpoint.http;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which part of a file the body of a PUT is (RFC 9110 section 14.5).
 *
 * @param first the offset of the body's first byte
 * @param last the offset of its last byte
 * @param total the size of the whole file
 */
record ContentRange(long first, long last, long total) {
    private static final Pattern FORM = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

    static ContentRange parse(String header) {
        Matcher parts = FORM.matcher(header.strip());
        if (parts.matches()) {
            ContentRange range = new ContentRange(
                    Long.parseLong(parts.group(1)), Long.parseLong(parts.group(2)), Long.parseLong(parts.group(3)));
            if (range.first <= range.last && range.last < range.total) {
                return range;
            }
        }
        throw new SeraiException(
                ErrorCode.INVALID,
                "The header Content-Range must read: bytes FIRST-LAST/SIZE, as in bytes 500-999/1000");
    }

    long length() {
        return last - first + 1;
    }

    /** Whether the body reaches the end of the file. */
    boolean isLast() {
        return last + 1 == total;
    }
}
