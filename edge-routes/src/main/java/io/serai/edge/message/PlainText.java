package io.serai.edge.message;

import java.util.regex.Pattern;

/** Text of the other side that people will read, in logs, tables and on terminals: data, and never more than that. */
public final class PlainText {
    /** Control characters, line separators, marks that turn the direction of writing, and what is no character. */
    private static final Pattern ODD = Pattern.compile("[\\p{C}\\u2028\\u2029]");

    private PlainText() {}

    /** At most so many characters of it, with ? in the place of each that would do something. */
    public static String of(String text, int mostChars) {
        String shorter = text.length() > mostChars ? text.substring(0, mostChars) : text;
        return ODD.matcher(shorter).replaceAll("?");
    }
}
