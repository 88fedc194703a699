package io.serai.config.yaml;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * The fields of one mapping. Each read names the field that it expects; {@link #finish} then reports whatever else is
 * there. A value that cannot be read is noted as a problem and reads as absent. For one thread.
 */
public final class YamlFields {
    private static final int LONGEST_SHOWN = 80;

    private final String file;
    private final String path;
    private final Node node;
    private final Problems problems;
    private final Map<String, NodeTuple> fields = new LinkedHashMap<>();
    private final TreeSet<String> expected = new TreeSet<>();

    /**
     * Opens a mapping.
     *
     * @param path the path of the mapping in its document, empty for the document itself
     */
    public YamlFields(String file, String path, MappingNode node, Problems problems) {
        this.file = file;
        this.path = path;
        this.node = node;
        this.problems = problems;
        for (NodeTuple tuple : node.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                problems.add(
                        Mark.of(file, tuple.getKeyNode()),
                        "expected the name of a field, found " + YamlText.describe(tuple.getKeyNode()));
            } else if (fields.putIfAbsent(key.getValue(), tuple) != null) {
                problems.add(Mark.of(file, key), pathOf(key.getValue()) + " is given twice; remove one of the two");
            }
        }
    }

    /** The fields of a text that is one document; empty, with the problem noted, when it is not. */
    public static Optional<YamlFields> ofText(String file, String text, Problems problems) {
        int before = problems.count();
        List<Node> documents = YamlText.documents(file, text, problems);
        if (documents.size() == 1 && documents.get(0) instanceof MappingNode mapping) {
            return Optional.of(new YamlFields(file, "", mapping, problems));
        }
        if (problems.count() == before) {
            problems.add(new Mark(file, 1, 1), "expected one document of fields (name: value)");
        }
        return Optional.empty();
    }

    public boolean has(String field) {
        expected.add(field);
        return fields.containsKey(field);
    }

    /** The plain value of a field, read by a function whose IllegalArgumentException says what is expected. */
    public <T> Optional<T> read(String field, Function<String, T> reader) {
        return value(field).flatMap(value -> convert(pathOf(field), value, reader));
    }

    /** As {@link #read}, for values that must not be shown in a problem. */
    public <T> Optional<T> readSecret(String field, Function<String, T> reader) {
        return value(field).flatMap(value -> {
            if (!(value instanceof ScalarNode scalar)) {
                problems.add(
                        Mark.of(file, value),
                        pathOf(field) + ": expected a plain value, found " + YamlText.describe(value));
                return Optional.empty();
            }
            try {
                return Optional.of(reader.apply(scalar.getValue()));
            } catch (IllegalArgumentException e) {
                problems.add(Mark.of(file, value), pathOf(field) + ": " + e.getMessage());
                return Optional.empty();
            }
        });
    }

    /** A list of plain values; empty when the field is absent, and without the items that cannot be read. */
    public <T> Optional<List<T>> readList(String field, Function<String, T> reader) {
        return value(field).map(value -> {
            List<T> items = new ArrayList<>();
            if (!(value instanceof SequenceNode list)) {
                problems.add(
                        Mark.of(file, value),
                        pathOf(field) + ": expected a list such as [a, b], found " + YamlText.describe(value));
                return items;
            }
            for (int i = 0; i < list.getValue().size(); i++) {
                convert(pathOf(field) + "[" + i + "]", list.getValue().get(i), reader)
                        .ifPresent(items::add);
            }
            return items;
        });
    }

    /** A nested mapping. */
    public Optional<YamlFields> mapping(String field) {
        return value(field).flatMap(value -> {
            if (value instanceof MappingNode mapping) {
                return Optional.of(new YamlFields(file, pathOf(field), mapping, problems));
            }
            problems.add(
                    Mark.of(file, value),
                    pathOf(field) + ": expected fields (name: value), found " + YamlText.describe(value));
            return Optional.empty();
        });
    }

    /** A list of mappings; empty when the field is absent, and without the items that are none. */
    public Optional<List<YamlFields>> mappings(String field) {
        return value(field).map(value -> {
            List<YamlFields> items = new ArrayList<>();
            if (!(value instanceof SequenceNode list)) {
                problems.add(
                        Mark.of(file, value),
                        pathOf(field) + ": expected a list of fields (- name: value), found "
                                + YamlText.describe(value));
                return items;
            }
            for (int i = 0; i < list.getValue().size(); i++) {
                String itemPath = pathOf(field) + "[" + i + "]";
                Node item = list.getValue().get(i);
                if (item instanceof MappingNode mapping) {
                    items.add(new YamlFields(file, itemPath, mapping, problems));
                } else {
                    problems.add(
                            Mark.of(file, item),
                            itemPath + ": expected fields (name: value), found " + YamlText.describe(item));
                }
            }
            return items;
        });
    }

    /** Notes that a field is missing. */
    public void missing(String field, String mend) {
        problems.add(mark(), pathOf(field) + " is missing: " + mend);
    }

    /** Notes a problem of a field, at its value when it is there. */
    public void reject(String field, String problem) {
        NodeTuple tuple = fields.get(field);
        problems.add(tuple == null ? mark() : Mark.of(file, tuple.getValueNode()), pathOf(field) + ": " + problem);
    }

    /**
     * Notes every field that nobody read.
     *
     * @param otherNames what people write for a field, and the field's name here
     */
    public void finish(Map<String, String> otherNames) {
        fields.forEach((name, tuple) -> {
            if (!expected.contains(name)) {
                String mend = Optional.ofNullable(otherNames.get(name))
                        .map(field -> "; did you mean \"" + field + "\"?")
                        .orElseGet(() -> Suggestion.mend(name, expected));
                problems.add(
                        Mark.of(file, tuple.getKeyNode()), pathOf(printable(name)) + " is not a field here" + mend);
            }
        });
    }

    /** Where the mapping begins. */
    public Mark mark() {
        return Mark.of(file, node);
    }

    private Optional<Node> value(String field) {
        expected.add(field);
        NodeTuple tuple = fields.get(field);
        if (tuple == null) {
            return Optional.empty();
        }
        if (YamlText.isNull(tuple.getValueNode())) {
            problems.add(
                    Mark.of(file, tuple.getKeyNode()),
                    pathOf(field) + " has no value: give one, or remove the line for the default");
            return Optional.empty();
        }
        return Optional.of(tuple.getValueNode());
    }

    private <T> Optional<T> convert(String itemPath, Node value, Function<String, T> reader) {
        if (!(value instanceof ScalarNode scalar) || YamlText.isNull(value)) {
            problems.add(
                    Mark.of(file, value), itemPath + ": expected a plain value, found " + YamlText.describe(value));
            return Optional.empty();
        }
        try {
            return Optional.of(reader.apply(scalar.getValue()));
        } catch (IllegalArgumentException e) {
            problems.add(
                    Mark.of(file, value), itemPath + " is \"" + printable(scalar.getValue()) + "\": " + e.getMessage());
            return Optional.empty();
        }
    }

    private String pathOf(String field) {
        return path.isEmpty() ? field : path + "." + field;
    }

    private static String printable(String text) {
        String bounded = text.length() > LONGEST_SHOWN ? text.substring(0, LONGEST_SHOWN) + "…" : text;
        return bounded.replaceAll("\\p{Cntrl}", "?");
    }
}
