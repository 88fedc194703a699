package io.serai.edge.message;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The route files of an edge, all together; by name, such as {@code partners-sftp.yaml}.
 *
 * @param texts what is in them
 */
public record RouteFiles(SortedMap<String, String> texts) {
    public static final RouteFiles NONE = new RouteFiles(Map.of());
    public static final int MOST = 64;
    public static final int LARGEST_BYTES = 64 << 10;

    /** All together, so that they fit into one message. */
    public static final int ALL_BYTES = 160 << 10;

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}\\.yaml");

    /** @throws IllegalArgumentException says which rule they break */
    public RouteFiles {
        texts = Collections.unmodifiableSortedMap(new TreeMap<>(texts));
        if (texts.size() > MOST) {
            throw new IllegalArgumentException("more than " + MOST + " route files");
        }
        long sum = 0;
        for (Map.Entry<String, String> file : texts.entrySet()) {
            if (!isName(file.getKey())) {
                throw new IllegalArgumentException("\"" + file.getKey()
                        + "\" is no name of a route file: 1 to 32 lower-case letters, digits and '-', then .yaml");
            }
            int bytes = file.getValue().getBytes(StandardCharsets.UTF_8).length;
            sum += bytes;
            if (bytes > LARGEST_BYTES) {
                throw new IllegalArgumentException(file.getKey() + " is larger than " + LARGEST_BYTES / 1024 + " KiB");
            }
        }
        if (sum > ALL_BYTES) {
            throw new IllegalArgumentException("the route files are larger than " + ALL_BYTES / 1024 + " KiB together");
        }
    }

    public RouteFiles(Map<String, String> texts) {
        this(new TreeMap<>(texts));
    }

    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    public boolean isEmpty() {
        return texts.isEmpty();
    }

    /** SHA-256 over names and texts, in lower-case hex; of no files it is empty. */
    public String digest() {
        if (texts.isEmpty()) {
            return "";
        }
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            texts.forEach((name, text) -> {
                add(digest, name);
                add(digest, text);
            });
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This JVM has no SHA-256", e);
        }
    }

    private static void add(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update((byte) (bytes.length >>> 24));
        digest.update((byte) (bytes.length >>> 16));
        digest.update((byte) (bytes.length >>> 8));
        digest.update((byte) bytes.length);
        digest.update(bytes);
    }

    @Override
    public String toString() {
        return "RouteFiles" + texts.keySet();
    }
}
