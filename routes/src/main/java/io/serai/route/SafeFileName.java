package io.serai.route;

import java.text.Normalizer;

/** The last segment of a path as a file name that is safe in any folder: one segment, printable, never {@code ..}. */
public final class SafeFileName {
    private static final int LONGEST = 200;

    private SafeFileName() {}

    /**
     * The name that a file of this path goes by in a route. What could be a separator, a control character or the end of
     * a name on some system becomes {@code _}; an empty result becomes {@code file}.
     */
    public static String of(String path) {
        String trimmed = path.replace('\\', '/');
        String last = trimmed.substring(trimmed.lastIndexOf('/') + 1);
        StringBuilder name = new StringBuilder();
        Normalizer.normalize(last, Normalizer.Form.NFC)
                .codePoints()
                .limit(LONGEST)
                .forEach(c -> name.appendCodePoint(isSafe(c) ? c : '_'));
        String result = name.toString();
        if (result.isBlank()) {
            return "file";
        }
        return result.equals(".") || result.equals("..") ? result.replace('.', '_') : result;
    }

    private static boolean isSafe(int c) {
        int type = Character.getType(c);
        return !Character.isISOControl(c)
                && c != '/'
                && type != Character.SURROGATE
                && type != Character.FORMAT
                && type != Character.LINE_SEPARATOR
                && type != Character.PARAGRAPH_SEPARATOR
                && type != Character.UNASSIGNED;
    }
}
