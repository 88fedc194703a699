package io.serai.endpoint.http;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.VirtualPath;
import java.io.ByteArrayOutputStream;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;

/**
 * The path of a request target, decoded once (RFC 3986 section 2.1) and strictly: broken escapes, text that is not
 * UTF-8 and encoded slashes are refused.
 *
 * @param asFolder whether it ended with a slash
 */
record RequestPath(VirtualPath path, boolean asFolder) {
    static RequestPath parse(String raw) {
        StringBuilder decoded = new StringBuilder();
        for (String segment : raw.split("/", -1)) {
            String text = decode(segment);
            if (text.indexOf('/') >= 0) {
                throw invalid("it has an encoded slash");
            }
            decoded.append('/').append(text);
        }
        return new RequestPath(VirtualPath.parse(decoded.toString()), raw.endsWith("/"));
    }

    /** The path as it stands in a URL. */
    static String encode(VirtualPath path) {
        return path.segments().stream().map(RequestPath::encodeSegment).collect(Collectors.joining("/", "/", ""));
    }

    static String encodeSegment(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String decode(String segment) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(segment.length());
        for (int i = 0; i < segment.length(); i++) {
            char c = segment.charAt(i);
            if (c == '%') {
                int high = i + 2 < segment.length() ? Character.digit(segment.charAt(i + 1), 16) : -1;
                int low = i + 2 < segment.length() ? Character.digit(segment.charAt(i + 2), 16) : -1;
                if (high < 0 || low < 0) {
                    throw invalid("it has a broken percent escape");
                }
                bytes.write(high << 4 | low);
                i += 2;
            } else if (c > 0x7e) {
                throw invalid("it has a character that must be percent-encoded");
            } else {
                bytes.write(c);
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new SeraiException(ErrorCode.NAME_INVALID, "The path is refused: it is not UTF-8", e);
        }
    }

    private static SeraiException invalid(String why) {
        return new SeraiException(ErrorCode.NAME_INVALID, "The path is refused: " + why);
    }
}
