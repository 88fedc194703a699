package io.serai.route.site.connection;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Paths at a site: joined from the site's folder, the route's path and one file name. */
public final class RemotePath {
    private static final int LONGEST_NAME_BYTES = 255;

    private RemotePath() {}

    /**
     * The folder that a route means: its path taken from the site's folder.
     *
     * @param siteFolder {@code /} or empty for the login folder
     * @return absolute when the site's folder is; else relative to the login folder and perhaps empty
     */
    public static String folder(String siteFolder, String routePath) {
        List<String> segments = new ArrayList<>(segments(siteFolder));
        boolean absolute = siteFolder.startsWith("/") && !segments.isEmpty();
        segments.addAll(segments(routePath));
        return (absolute ? "/" : "") + String.join("/", segments);
    }

    /** The path of a file in a folder as {@link #folder} gives it. */
    public static String in(String folder, String name) {
        return folder.isEmpty() ? name : folder + "/" + name;
    }

    /** The folder's part of a path; empty for the login folder. */
    public static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "" : path.substring(0, slash);
    }

    /** The last segment of a path. */
    public static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static List<String> segments(String path) {
        List<String> result = new ArrayList<>();
        for (String segment : path.split("/")) {
            if (segment.isEmpty() || segment.equals(".")) {
                continue;
            }
            if (segment.equals("..") || hasControlCharacter(segment)) {
                throw new SeraiException(
                        ErrorCode.INVALID, "The path '" + printable(path) + "' at a site may not hold '..'");
            }
            result.add(segment);
        }
        return result;
    }

    /** Refuses what is not exactly one plain file name. */
    public static String checkedName(String name) {
        boolean bad = name.isBlank()
                || name.equals(".")
                || name.equals("..")
                || name.indexOf('/') >= 0
                || name.indexOf('\\') >= 0
                || hasControlCharacter(name)
                || name.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME_BYTES;
        if (bad) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "'" + printable(name) + "' cannot be a file name at a site; let the route set one (fileName=…)");
        }
        return name;
    }

    /** Whether a name that a site listed can be asked for again: one segment, printable, at most 255 bytes. */
    public static boolean isFetchable(String name) {
        return !name.isEmpty()
                && !name.equals(".")
                && !name.equals("..")
                && name.indexOf('/') < 0
                && name.indexOf('\\') < 0
                && name.indexOf('\uFFFD') < 0
                && !hasControlCharacter(name)
                && name.getBytes(StandardCharsets.UTF_8).length <= LONGEST_NAME_BYTES;
    }

    private static boolean hasControlCharacter(String text) {
        return text.codePoints()
                .anyMatch(c ->
                        Character.isISOControl(c) || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE));
    }

    /** Outside text for a message: bounded, control characters shown as {@code ?}. */
    public static String printable(String text) {
        StringBuilder result = new StringBuilder();
        text.codePoints()
                .limit(200)
                .forEach(c -> result.appendCodePoint(
                        Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c));
        return result.toString();
    }
}
