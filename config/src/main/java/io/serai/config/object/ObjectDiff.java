package io.serai.config.object;

import io.serai.config.object.ObjectFields.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What differs between two states of an object, for people; a secret's value never shows. */
public final class ObjectDiff {
    private static final int MOST_LINES = 40;

    /**
     * One changed field.
     *
     * @param change what to show beside the field's name
     */
    public record FieldChange(String field, String change) {
        @Override
        public String toString() {
            return field + ": " + change;
        }
    }

    private ObjectDiff() {}

    /**
     * The fields that differ, in the order of the manual. Against nothing, the fields that are not at their defaults.
     *
     * @param before null for an object that is new
     * @param after null for an object that goes away
     */
    public static List<FieldChange> between(@Nullable ConfigObject before, @Nullable ConfigObject after) {
        List<FieldChange> changes = new ArrayList<>();
        if (before == null && after == null) {
            return changes;
        }
        if (before != null && after != null && before.kind() != after.kind()) {
            throw new IllegalArgumentException("only objects of one kind can be compared");
        }
        List<Field> old = before == null ? List.of() : ObjectFields.of(before);
        List<Field> now = after == null ? List.of() : ObjectFields.of(after);
        int count = Math.max(old.size(), now.size());
        for (int i = 0; i < count; i++) {
            compare(old.isEmpty() ? absent(now.get(i)) : old.get(i), now.isEmpty() ? absent(old.get(i)) : now.get(i))
                    .ifPresent(changes::add);
        }
        return changes;
    }

    private static Field absent(Field field) {
        return new Field(field.name(), field.fallback(), field.fallback(), field.visibility());
    }

    private static Optional<FieldChange> compare(Field old, Field now) {
        if (Objects.equals(old.value(), now.value())) {
            return Optional.empty();
        }
        String change = switch (now.visibility()) {
            case SHOWN -> shown(old.value()) + " → " + shown(now.value());
            case SECRET -> old.value() == null ? "set" : now.value() == null ? "removed" : "changed";
            case SOURCE -> lines(text(old.value()), text(now.value()));
        };
        return Optional.of(new FieldChange(now.name(), change));
    }

    private static String shown(@Nullable Object value) {
        return value == null || "".equals(value) ? "(none)" : value.toString();
    }

    private static String text(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }

    /** The lines that differ, after what both begin and end with is left out. */
    public static String lines(String before, String after) {
        List<String> old = before.lines().toList();
        List<String> now = after.lines().toList();
        int shorter = Math.min(old.size(), now.size());
        int same = 0;
        while (same < shorter && old.get(same).equals(now.get(same))) {
            same++;
        }
        int sameEnd = 0;
        while (sameEnd < shorter - same
                && old.get(old.size() - 1 - sameEnd).equals(now.get(now.size() - 1 - sameEnd))) {
            sameEnd++;
        }
        List<String> shown = new ArrayList<>();
        old.subList(same, old.size() - sameEnd).forEach(line -> shown.add("- " + line));
        now.subList(same, now.size() - sameEnd).forEach(line -> shown.add("+ " + line));
        if (shown.isEmpty()) {
            return "line ends changed";
        }
        int left = shown.size() - MOST_LINES;
        String text = "from line " + (same + 1) + "\n"
                + String.join("\n", shown.subList(0, Math.min(MOST_LINES, shown.size())));
        return left > 0 ? text + "\n… and " + left + " more lines" : text;
    }
}
