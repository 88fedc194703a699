package io.serai.config.document;

import io.serai.config.object.ObjectFields;
import io.serai.config.yaml.DurationText;
import io.serai.config.yaml.Suggestion;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Readers of plain values whose IllegalArgumentException says what is expected. */
final class Words {
    private static final int LONGEST_DESCRIPTION = 500;

    private Words() {}

    static String description(String text) {
        if (text.length() > LONGEST_DESCRIPTION) {
            throw new IllegalArgumentException("expected at most " + LONGEST_DESCRIPTION + " characters");
        }
        return text;
    }

    static boolean flag(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("expected true or false");
        };
    }

    static <E extends Enum<E>> Function<String, E> choice(Class<E> type) {
        List<String> words =
                Arrays.stream(type.getEnumConstants()).map(ObjectFields::word).toList();
        return text -> Arrays.stream(type.getEnumConstants())
                .filter(choice -> ObjectFields.word(choice).equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("not a choice here" + Suggestion.mend(text, words)));
    }

    static Function<String, Integer> number(int least, int most) {
        return text -> {
            IllegalArgumentException wrong =
                    new IllegalArgumentException("expected a whole number from " + least + " to " + most);
            if (!text.matches("-?\\d{1,9}")) {
                throw wrong;
            }
            int number = Integer.parseInt(text);
            if (number < least || number > most) {
                throw wrong;
            }
            return number;
        };
    }

    static Function<String, Duration> duration(Duration least, Duration most) {
        return text -> {
            Duration duration = DurationText.parse(text);
            if (duration.compareTo(least) < 0 || duration.compareTo(most) > 0) {
                throw new IllegalArgumentException(
                        "expected a duration from " + DurationText.format(least) + " to " + DurationText.format(most));
            }
            return duration;
        };
    }
}
