package io.serai.config.name;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;

/**
 * A path inside an account's home, canonical by construction: the one normaliser of partner paths. It is absolute
 * ({@code /outbox/a.csv}), has no empty, {@code .} or {@code ..} segment, is NFC, and cannot leave the home: a
 * {@code ..} at the root stays at the root, as POSIX has it. Whatever a partner sends goes through {@link #parse} or
 * {@link #resolve} before anything else sees it.
 *
 * <p>Refused with {@link ErrorCode#NAME_INVALID}: NUL and other control characters, backslashes, unpaired surrogates,
 * the bidirectional overrides U+202A-202E and U+2066-2069, segments over 255 bytes and paths over 4,096 bytes (UTF-8).
 *
 * @param segments the names from the home downwards; empty for the home itself
 */
public record VirtualPath(List<String> segments) implements Comparable<VirtualPath> {
    /** The home folder itself. */
    public static final VirtualPath ROOT = new VirtualPath(List.of());

    private static final int SEGMENT_BYTES = 255;
    private static final int PATH_BYTES = 4096;

    public VirtualPath {
        segments = List.copyOf(segments);
        int bytes = 0;
        for (String segment : segments) {
            checkSegment(segment);
            bytes += 1 + segment.getBytes(StandardCharsets.UTF_8).length;
        }
        if (bytes > PATH_BYTES) {
            throw invalid(String.join("/", segments), "it is longer than " + PATH_BYTES + " bytes");
        }
    }

    /** Reads a path that is taken from the home folder, whether it begins with a slash or not. */
    public static VirtualPath parse(String raw) {
        return ROOT.resolve(raw);
    }

    /** Reads a path as a partner sends it: absolute when it begins with a slash, else relative to this folder. */
    public VirtualPath resolve(String raw) {
        List<String> result = raw.startsWith("/") ? new ArrayList<>() : new ArrayList<>(segments);
        // The limit on the raw text bounds the work before anything is split.
        if (raw.length() > 4 * PATH_BYTES) {
            throw invalid(raw, "it is longer than " + PATH_BYTES + " bytes");
        }
        for (String segment : raw.split("/", -1)) {
            if (segment.isEmpty() || segment.equals(".")) {
                continue;
            }
            if (segment.equals("..")) {
                if (!result.isEmpty()) {
                    result.remove(result.size() - 1);
                }
                continue;
            }
            checkCharacters(segment);
            result.add(Normalizer.normalize(segment, Normalizer.Form.NFC));
        }
        return new VirtualPath(result);
    }

    /** This folder's child of that name. */
    public VirtualPath child(String name) {
        List<String> result = new ArrayList<>(segments);
        result.add(name);
        return new VirtualPath(result);
    }

    public boolean isRoot() {
        return segments.isEmpty();
    }

    /** The last segment; the empty string for the root. */
    public String name() {
        return segments.isEmpty() ? "" : segments.get(segments.size() - 1);
    }

    /** The folder that holds this; the root's parent is the root. */
    public VirtualPath parent() {
        return segments.isEmpty() ? this : new VirtualPath(segments.subList(0, segments.size() - 1));
    }

    /** Whether this is that folder or lies below it, compared by segments and never by text prefix. */
    public boolean isWithin(VirtualPath folder) {
        return segments.size() >= folder.segments.size()
                && segments.subList(0, folder.segments.size()).equals(folder.segments);
    }

    private static void checkSegment(String segment) {
        checkCharacters(segment);
        if (segment.isEmpty() || segment.equals(".") || segment.equals("..") || segment.indexOf('/') >= 0) {
            throw invalid(segment, "a name may not be empty, '.' or '..' nor hold a '/'");
        }
        if (!Normalizer.isNormalized(segment, Normalizer.Form.NFC)) {
            throw invalid(segment, "it is not in Unicode normal form C");
        }
        if (segment.getBytes(StandardCharsets.UTF_8).length > SEGMENT_BYTES) {
            throw invalid(segment, "a name may have " + SEGMENT_BYTES + " bytes at most");
        }
    }

    private static void checkCharacters(String segment) {
        segment.codePoints().forEach(c -> {
            if (Character.isISOControl(c) || c == '\\' || c == 0x2028 || c == 0x2029) {
                throw invalid(segment, "it has a control character or a backslash");
            }
            if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                throw invalid(segment, "it is not valid Unicode");
            }
            if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)) {
                throw invalid(segment, "it has a character that reverses the direction of text");
            }
        });
    }

    private static SeraiException invalid(String raw, String why) {
        return new SeraiException(
                ErrorCode.NAME_INVALID, "The path \"" + ObjectName.printable(raw) + "\" is refused: " + why);
    }

    @Override
    public int compareTo(VirtualPath other) {
        return toString().compareTo(other.toString());
    }

    /** The path with a leading slash, as partners see it. */
    @Override
    public String toString() {
        return "/" + String.join("/", segments);
    }
}
