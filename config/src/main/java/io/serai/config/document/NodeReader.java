package io.serai.config.document;

import io.serai.config.name.NodeName;
import io.serai.config.object.NodeOverlay;
import io.serai.config.settings.SettingsOverlay;
import io.serai.config.yaml.YamlFields;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code kind: Node}. */
final class NodeReader {
    private static final Map<String, String> OTHER_NAMES = Map.of("set", "settings", "overlay", "settings");

    private final YamlFields document;
    private final YamlFields spec;

    NodeReader(YamlFields document, YamlFields spec) {
        this.document = document;
        this.spec = spec;
    }

    Optional<ObjectDraft> read(String name) {
        Optional<NodeName> nodeName = Names.read(document, name, NodeName::new);
        List<String> settings =
                spec.readList("settings", SettingsOverlay::check).orElse(List.of());
        if (!spec.has("settings")) {
            spec.missing("settings", "give a list of settings of this node, such as [sftp.port=2200]");
        }
        Set<String> keys = new HashSet<>();
        settings.stream()
                .map(setting -> setting.substring(0, setting.indexOf('=')))
                .filter(key -> !keys.add(key))
                .forEach(key -> spec.reject("settings", key + " is given twice; remove one of the two"));
        NodeOverlay overlay = new NodeOverlay(
                nodeName.orElse(new NodeName("unreadable")),
                spec.read("description", Words::description).orElse(""),
                settings);
        spec.finish(OTHER_NAMES);
        return nodeName.map(valid -> ObjectDraft.whole(overlay, document.mark()));
    }
}
