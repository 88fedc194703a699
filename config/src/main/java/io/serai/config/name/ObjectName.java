package io.serai.config.name;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.regex.Pattern;

/**
 * What every name that an operator gives has in common: 1 to 64 characters of {@code a-z A-Z 0-9 . _ -}, beginning with
 * a letter or digit. Such a name is safe as a file name, a URI segment, a metric label and a log field.
 */
final class ObjectName {
    private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private ObjectName() {}

    static String check(String what, String value) {
        if (!ALLOWED.matcher(value).matches()) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    what + " \"" + printable(value) + "\" is not a valid name: use 1 to 64 letters, digits, '.', '_'"
                            + " or '-', beginning with a letter or digit");
        }
        return value;
    }

    /** Outside text for a message: control and non-ASCII characters escaped, cut at 80 characters. */
    static String printable(String value) {
        StringBuilder out = new StringBuilder();
        value.chars().limit(80).forEach(c -> {
            if (c >= 0x20 && c < 0x7f) {
                out.append((char) c);
            } else {
                out.append(String.format("\\u%04x", c));
            }
        });
        return value.length() > 80 ? out + "…" : out.toString();
    }
}
