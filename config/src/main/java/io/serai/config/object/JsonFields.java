package io.serai.config.object;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Strict reading: a missing, mistyped or unknown field is an IllegalArgumentException. */
record JsonFields(JsonNode json, List<String> read) {
    JsonFields(JsonNode json) {
        this(json, new ArrayList<>());
    }

    String text(String field) {
        return optionalText(field).orElseThrow(() -> new IllegalArgumentException(field + " is missing"));
    }

    Optional<String> optionalText(String field) {
        return find(field).map(node -> {
            require(node.isTextual(), field);
            return node.textValue();
        });
    }

    boolean flag(String field) {
        return optionalFlag(field).orElseThrow(() -> new IllegalArgumentException(field + " is missing"));
    }

    Optional<Boolean> optionalFlag(String field) {
        return find(field).map(node -> {
            require(node.isBoolean(), field);
            return node.booleanValue();
        });
    }

    long number(String field) {
        return optionalNumber(field).orElseThrow(() -> new IllegalArgumentException(field + " is missing"));
    }

    OptionalLong optionalNumber(String field) {
        Optional<JsonNode> node = find(field);
        node.ifPresent(number -> require(number.canConvertToLong() && number.isIntegralNumber(), field));
        return node.map(number -> OptionalLong.of(number.longValue())).orElse(OptionalLong.empty());
    }

    List<String> texts(String field) {
        return optionalTexts(field).orElseThrow(() -> new IllegalArgumentException(field + " is missing"));
    }

    Optional<List<String>> optionalTexts(String field) {
        return find(field).map(node -> {
            require(node.isArray(), field);
            List<String> texts = new ArrayList<>();
            node.forEach(item -> {
                require(item.isTextual(), field);
                texts.add(item.textValue());
            });
            return texts;
        });
    }

    /** The objects of a list, each to be finished by whoever reads it. */
    List<JsonFields> objects(String field) {
        JsonNode node = find(field).orElseThrow(() -> new IllegalArgumentException(field + " is missing"));
        require(node.isArray(), field);
        List<JsonFields> objects = new ArrayList<>();
        node.forEach(item -> {
            require(item.isObject(), field);
            objects.add(new JsonFields(item));
        });
        return objects;
    }

    void finish() {
        json.fieldNames().forEachRemaining(field -> require(read.contains(field), field));
    }

    private Optional<JsonNode> find(String field) {
        read.add(field);
        return Optional.ofNullable(json.get(field));
    }

    private static void require(boolean condition, String field) {
        if (!condition) {
            throw new IllegalArgumentException("the field " + field + " is not known in this form");
        }
    }
}
