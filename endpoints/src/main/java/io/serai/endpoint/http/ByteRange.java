package io.serai.endpoint.http;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A part of a file.
 *
 * @param first the offset of the first byte
 * @param length the number of bytes; 0 when nothing of the file is in the range that was asked for
 */
record ByteRange(long first, long length) {
    private static final Pattern SINGLE = Pattern.compile("\\s*bytes\\s*=\\s*(\\d{0,18})\\s*-\\s*(\\d{0,18})\\s*");

    static ByteRange whole(long size) {
        return new ByteRange(0, size);
    }

    /** Reads a Range header (RFC 9110 section 14.2); empty for several ranges, other units and nonsense: ignore those. */
    static Optional<ByteRange> parse(String header, long size) {
        Matcher parts = SINGLE.matcher(header);
        if (!parts.matches() || (parts.group(1).isEmpty() && parts.group(2).isEmpty())) {
            return Optional.empty();
        }
        if (parts.group(1).isEmpty()) {
            long length = Math.min(size, Long.parseLong(parts.group(2)));
            return Optional.of(new ByteRange(size - length, length));
        }
        long first = Long.parseLong(parts.group(1));
        long last = parts.group(2).isEmpty() ? Long.MAX_VALUE : Long.parseLong(parts.group(2));
        if (last < first) {
            return Optional.empty();
        }
        return Optional.of(new ByteRange(first, Math.max(0, Math.min(last, size - 1) - first + 1)));
    }

    boolean satisfiable() {
        return length > 0;
    }
}
