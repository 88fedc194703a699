package io.serai.route.deploy;

import java.util.Optional;

/**
 * Something wrong in a route file.
 *
 * @param line from 1; 1 where the place is not known
 * @param suggestion how to mend it, if that is known
 */
public record RouteProblem(String file, int line, String message, Optional<String> suggestion) {
    static RouteProblem of(String file, int line, String message) {
        return new RouteProblem(file, Math.max(1, line), message, Optional.empty());
    }

    static RouteProblem of(String file, int line, String message, String suggestion) {
        return new RouteProblem(file, Math.max(1, line), message, Optional.of(suggestion));
    }

    /** {@code file:line: message; suggestion}. */
    @Override
    public String toString() {
        return file + ":" + line + ": " + message
                + suggestion.map(mend -> "; " + mend).orElse("");
    }
}
