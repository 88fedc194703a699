package io.serai.server.admin;

import com.fasterxml.jackson.databind.JsonNode;
import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A call of the admin API whose caller may make it.
 *
 * @param path the values of the path's {@code {name}} parts
 * @param query the first value of each query parameter
 * @param body the JSON body; null when there is none
 */
public record ApiRequest(
        Caller caller,
        Map<String, String> path,
        Map<String, String> query,
        @Nullable JsonNode body) {
    public ApiRequest {
        path = Map.copyOf(path);
        query = Map.copyOf(query);
    }

    public String pathValue(String name) {
        String value = path.get(name);
        if (value == null) {
            throw new IllegalStateException("the operation's path has no {" + name + "}");
        }
        return value;
    }

    public Optional<String> queryValue(String name) {
        return Optional.ofNullable(query.get(name)).filter(text -> !text.isBlank());
    }

    public int queryNumber(String name, int otherwise, int most) {
        Optional<String> text = queryValue(name);
        if (text.isEmpty()) {
            return otherwise;
        }
        try {
            int value = Integer.parseInt(text.get());
            if (value < 0 || value > most) {
                throw invalid(name, text.get(), "a number from 0 to " + most);
            }
            return value;
        } catch (NumberFormatException e) {
            throw invalid(name, text.get(), "a number from 0 to " + most);
        }
    }

    public <E extends Enum<E>> Optional<E> queryWord(String name, Class<E> type) {
        return queryValue(name).map(text -> {
            for (E constant : type.getEnumConstants()) {
                if (constant.name().equalsIgnoreCase(text)) {
                    return constant;
                }
            }
            throw invalid(
                    name,
                    text,
                    "one of "
                            + String.join(
                                    ", ",
                                    java.util.Arrays.stream(type.getEnumConstants())
                                            .map(c -> c.name().toLowerCase(java.util.Locale.ROOT))
                                            .toList()));
        });
    }

    public Optional<Instant> queryInstant(String name) {
        return queryValue(name).map(text -> {
            try {
                return Instant.parse(text);
            } catch (DateTimeParseException e) {
                throw invalid(name, text, "a time such as 2026-01-31T08:00:00Z");
            }
        });
    }

    public JsonNode requireBody() {
        if (body == null) {
            throw new SeraiException(ErrorCode.INVALID, "The call needs a JSON body");
        }
        return body;
    }

    public String bodyText(String field) {
        JsonNode value = requireBody().get(field);
        if (value == null || !value.isTextual()) {
            throw new SeraiException(ErrorCode.INVALID, "The body needs a text field \"" + field + "\"");
        }
        return value.asText();
    }

    private static SeraiException invalid(String name, String value, String expected) {
        return new SeraiException(
                ErrorCode.INVALID, "Parameter \"" + name + "\" is \"" + value + "\"; it takes " + expected);
    }
}
