package io.serai.config.settings;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.yaml.Mark;
import io.serai.config.yaml.Problems;
import io.serai.config.yaml.Suggestion;
import io.serai.config.yaml.YamlText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** The YAML file of a node's settings: keys nested by subject, or dotted, or both. */
final class SettingsFile {
    private static final int DEEPEST = 4;

    private final String file;
    private final Map<String, Setting<?>> declared;
    private final Problems problems;
    private final Map<String, GivenValue> values = new LinkedHashMap<>();

    private SettingsFile(String file, Map<String, Setting<?>> declared, Problems problems) {
        this.file = file;
        this.declared = declared;
        this.problems = problems;
    }

    static Map<String, GivenValue> read(Path path, Map<String, Setting<?>> declared, Problems problems) {
        String text;
        try {
            text = Files.readString(path, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.INVALID, "The settings file " + path + " cannot be read: " + e, e);
        }
        SettingsFile reader = new SettingsFile(path.toString(), declared, problems);
        List<Node> documents = YamlText.documents(path.toString(), text, problems);
        if (documents.size() > 1) {
            problems.add(
                    Mark.of(reader.file, documents.get(1)), "a settings file holds one document; remove the \"---\"");
        }
        documents.stream().limit(1).forEach(document -> reader.readMapping("", document));
        return reader.values;
    }

    private void readMapping(String prefix, Node node) {
        if (!(node instanceof MappingNode mapping)) {
            problems.add(
                    Mark.of(file, node),
                    (prefix.isEmpty() ? "the file" : prefix) + ": expected settings (key: value), found "
                            + YamlText.describe(node));
            return;
        }
        for (NodeTuple tuple : mapping.getValue()) {
            if (tuple.getKeyNode() instanceof ScalarNode key) {
                readEntry(prefix.isEmpty() ? key.getValue() : prefix + "." + key.getValue(), key, tuple.getValueNode());
            } else {
                problems.add(
                        Mark.of(file, tuple.getKeyNode()),
                        "expected a key, found " + YamlText.describe(tuple.getKeyNode()));
            }
        }
    }

    private void readEntry(String key, Node keyNode, Node value) {
        Setting<?> setting = declared.get(key);
        if (setting != null) {
            readValue(setting, keyNode, value);
        } else if (isSubject(key) && key.split("\\.").length < DEEPEST) {
            if (!YamlText.isNull(value)) {
                readMapping(key, value);
            }
        } else {
            problems.add(Mark.of(file, keyNode), key + " is not a setting" + mend(key));
        }
    }

    private void readValue(Setting<?> setting, Node keyNode, Node value) {
        String origin = Mark.of(file, value).toString();
        GivenValue before = values.get(setting.key());
        if (before != null) {
            problems.add(
                    Mark.of(file, keyNode),
                    setting.key() + " is given twice, first at " + before.origin() + "; remove one of the two");
        } else if (YamlText.isNull(value)) {
            problems.add(
                    Mark.of(file, keyNode),
                    setting.key() + " has no value: give one, or remove the line for the default");
        } else if (value instanceof ScalarNode scalar) {
            values.put(setting.key(), new GivenValue(scalar.getValue(), origin));
        } else if (value instanceof SequenceNode list && setting.type().word().startsWith("list")) {
            readList(setting, list, origin);
        } else {
            problems.add(
                    origin,
                    setting.key() + ": expected " + setting.type().word() + ", found " + YamlText.describe(value));
        }
    }

    private void readList(Setting<?> setting, SequenceNode list, String origin) {
        for (Node item : list.getValue()) {
            if (!(item instanceof ScalarNode)) {
                problems.add(
                        Mark.of(file, item),
                        setting.key() + ": expected a plain value in the list, found " + YamlText.describe(item));
                return;
            }
        }
        String joined = list.getValue().stream()
                .map(item -> ((ScalarNode) item).getValue())
                .collect(Collectors.joining(","));
        values.put(setting.key(), new GivenValue(joined, origin));
    }

    private boolean isSubject(String key) {
        return declared.keySet().stream().anyMatch(declaredKey -> declaredKey.startsWith(key + "."));
    }

    private String mend(String key) {
        String subject = key.contains(".") ? key.substring(0, key.lastIndexOf('.')) : "";
        List<String> siblings = declared.keySet().stream()
                .filter(candidate -> !subject.isEmpty() && candidate.startsWith(subject + "."))
                .toList();
        return Suggestion.nearest(key, siblings)
                .map(near -> "; did you mean \"" + near + "\"?")
                .orElseGet(() -> Suggestion.mend(key, siblings.isEmpty() ? declared.keySet() : siblings));
    }
}
