package io.serai.config.document;

import io.serai.config.error.SeraiException;
import io.serai.config.yaml.YamlFields;
import java.util.Optional;
import java.util.function.Function;

/** Names of objects in documents. */
final class Names {
    private Names() {}

    /** The name as its type, or empty with the problem noted. */
    static <T> Optional<T> read(YamlFields document, String name, Function<String, T> type) {
        try {
            return Optional.of(type.apply(name));
        } catch (SeraiException e) {
            document.reject("name", e.text());
            return Optional.empty();
        }
    }
}
