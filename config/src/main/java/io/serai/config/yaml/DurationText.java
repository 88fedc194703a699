package io.serai.config.yaml;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 500ms}, {@code 10s}, {@code 5m}, {@code 24h}, {@code 7d}, {@code 1h30m}. */
public final class DurationText {
    private static final Pattern DURATION =
            Pattern.compile("(?:(\\d{1,9})d)?(?:(\\d{1,9})h)?(?:(\\d{1,9})m)?(?:(\\d{1,9})s)?(?:(\\d{1,9})ms)?");

    private DurationText() {}

    /** The duration; an IllegalArgumentException says what is expected. */
    public static Duration parse(String text) {
        Matcher duration = DURATION.matcher(text.strip());
        if (text.isBlank() || !duration.matches()) {
            throw new IllegalArgumentException("expected a duration with its unit, such as 500ms, 10s, 5m, 24h or 7d");
        }
        return Duration.ofDays(part(duration, 1))
                .plusHours(part(duration, 2))
                .plusMinutes(part(duration, 3))
                .plusSeconds(part(duration, 4))
                .plusMillis(part(duration, 5));
    }

    /** The form with one unit that {@link #parse} reads, exact to the millisecond. */
    public static String format(Duration duration) {
        long millis = duration.toMillis();
        if (millis % 1000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1000;
        if (seconds == 0 || seconds % 60 != 0) {
            return seconds + "s";
        }
        if (seconds % 3600 != 0) {
            return seconds / 60 + "m";
        }
        return seconds % 86_400 == 0 ? seconds / 86_400 + "d" : seconds / 3600 + "h";
    }

    private static long part(Matcher duration, int group) {
        String digits = duration.group(group);
        return digits == null ? 0 : Long.parseLong(digits);
    }
}
