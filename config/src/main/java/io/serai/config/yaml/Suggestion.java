package io.serai.config.yaml;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What somebody probably meant. */
public final class Suggestion {
    private Suggestion() {}

    /** {@code "; did you mean \"x\"?"} when a word is near enough, else the words to choose from, if they are few. */
    public static String mend(String given, Collection<String> words) {
        Optional<String> nearest = nearest(given, words);
        if (nearest.isPresent()) {
            return "; did you mean \"" + nearest.get() + "\"?";
        }
        return words.size() > 25
                ? ""
                : "; expected one of " + words.stream().sorted().collect(Collectors.joining(", "));
    }

    /** The word that takes the fewest typing errors to become this, if these are few for its length. */
    public static Optional<String> nearest(String given, Collection<String> words) {
        String plain = plain(given);
        int limit = Math.max(1, Math.min(4, plain.length() / 3));
        return words.stream()
                .filter(word -> distance(plain, plain(word)) <= limit)
                .min(Comparator.<String>comparingInt(word -> distance(plain, plain(word)))
                        .thenComparing(Comparator.naturalOrder()));
    }

    /** Case and the choice between dash, underscore and dot are not errors worth counting. */
    private static String plain(String text) {
        String bounded = text.length() > 100 ? text.substring(0, 100) : text;
        return bounded.toLowerCase(Locale.ROOT).replaceAll("[-_.]", "");
    }

    /** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
    private static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            d[i][0] = i;
        }
        for (int j = 0; j <= b.length(); j++) {
            d[0][j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            for (int j = 1; j <= b.length(); j++) {
                int replace = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1), d[i - 1][j - 1] + replace);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
