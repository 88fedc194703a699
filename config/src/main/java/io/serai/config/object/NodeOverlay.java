package io.serai.config.object;

import io.serai.config.name.NodeName;
import java.util.List;

/**
 * What is different on one node: settings that go before its settings file, and after its environment and {@code --set}.
 * They are taken at the node's next start.
 *
 * @param settings {@code key=value} each, as for {@code --set}
 */
public record NodeOverlay(NodeName name, String description, List<String> settings) implements ConfigObject {
    public NodeOverlay {
        settings = List.copyOf(settings);
    }

    @Override
    public ObjectKind kind() {
        return ObjectKind.NODE;
    }

    @Override
    public String objectName() {
        return name.value();
    }
}
