package io.serai.config.settings;

import java.util.Locale;
import java.util.Optional;

/**
 * The declaration of one setting; everything else (reader, environment name, reference page) follows from it.
 *
 * @param key dashed words, dotted by subject
 * @param fallback the text that stands for the setting when it is not given; empty when it has no fixed default
 * @param shownDefault what the reference page says about the default
 */
record Setting<T>(
        String key,
        SettingType<T> type,
        Optional<String> fallback,
        String shownDefault,
        Visibility visibility,
        String description) {

    /** Whether the value may be shown. */
    enum Visibility {
        SHOWN,
        SECRET
    }

    static <T> Setting<T> of(String key, SettingType<T> type, String fallback, String description) {
        return new Setting<>(key, type, Optional.of(fallback), "`" + fallback + "`", Visibility.SHOWN, description);
    }

    /** A setting whose default is worked out, or which may be left open. */
    static <T> Setting<T> open(String key, SettingType<T> type, String shownDefault, String description) {
        return new Setting<>(key, type, Optional.empty(), shownDefault, Visibility.SHOWN, description);
    }

    static <T> Setting<T> secret(String key, SettingType<T> type, String shownDefault, String description) {
        return new Setting<>(key, type, Optional.empty(), shownDefault, Visibility.SECRET, description);
    }

    /** {@code database.max-connections} is {@code SERAI_DATABASE_MAX_CONNECTIONS}. */
    String variable() {
        return "SERAI_" + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /** The part before the first dot; a key without a dot is its own subject. */
    String subject() {
        int dot = key.indexOf('.');
        return dot < 0 ? key : key.substring(0, dot);
    }
}
