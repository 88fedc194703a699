package io.serai.config.settings;

import io.serai.config.yaml.Problems;
import java.util.Map;
import java.util.Optional;

/**
 * The given values of all settings, read by their declarations. A value that cannot be read is noted as a problem and
 * replaced by the default, so that the reader goes on to the next.
 */
final class SettingValues {
    private final Map<String, GivenValue> given;
    private final Problems problems;

    SettingValues(Map<String, GivenValue> given, Problems problems) {
        this.given = Map.copyOf(given);
        this.problems = problems;
    }

    /** The given value, else the declared default. */
    <T> T read(Setting<T> setting) {
        return find(setting)
                .orElseGet(
                        () -> setting.type().reader().apply(setting.fallback().orElseThrow()));
    }

    /** The given value, if any. */
    <T> Optional<T> find(Setting<T> setting) {
        GivenValue value = given.get(setting.key());
        if (value == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(setting.type().reader().apply(value.text()));
        } catch (IllegalArgumentException e) {
            problems.add(value.origin(), setting.key() + shown(setting, value.text()) + e.getMessage());
            return Optional.empty();
        }
    }

    boolean isGiven(Setting<?> setting) {
        return given.containsKey(setting.key());
    }

    /** Notes a problem of a value that is readable by itself. */
    void reject(Setting<?> setting, String problem) {
        GivenValue value = given.get(setting.key());
        problems.add(value == null ? "default" : value.origin(), setting.key() + ": " + problem);
    }

    private static String shown(Setting<?> setting, String text) {
        if (setting.visibility() == Setting.Visibility.SECRET) {
            return ": ";
        }
        if (text.isBlank()) {
            return " is empty: ";
        }
        String bounded = text.length() > 80 ? text.substring(0, 80) + "…" : text;
        return " is \"" + bounded.replaceAll("\\p{Cntrl}", "?") + "\": ";
    }
}
