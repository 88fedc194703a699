package io.serai.edge.main;

import io.serai.config.name.AddressLiteral;
import io.serai.config.yaml.Problems;
import io.serai.config.yaml.YamlText;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Where the route of a file will listen, read from its text. */
final class ListenAddress {
    private ListenAddress() {}

    /** Empty when the file does not say it, or takes any free port. */
    static Optional<InetSocketAddress> of(String text) {
        List<Node> documents = YamlText.documents("route", text, new Problems());
        if (documents.size() != 1
                || !(documents.get(0) instanceof SequenceNode list)
                || list.getValue().isEmpty()) {
            return Optional.empty();
        }
        Node node = list.getValue().get(0);
        for (String step : List.of("route", "from", "parameters")) {
            Node next = value(node, step);
            if (next == null) {
                return Optional.empty();
            }
            node = next;
        }
        return address(
                text(node, "bindAddress").orElse("0.0.0.0"), text(node, "port").orElse("0"));
    }

    private static @Nullable Node value(Node node, String key) {
        if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                if (tuple.getKeyNode() instanceof ScalarNode word
                        && word.getValue().equals(key)) {
                    return tuple.getValueNode();
                }
            }
        }
        return null;
    }

    private static Optional<String> text(Node node, String key) {
        return value(node, key) instanceof ScalarNode scalar ? Optional.of(scalar.getValue()) : Optional.empty();
    }

    private static Optional<InetSocketAddress> address(String host, String port) {
        if (!port.matches("[1-9]\\d{0,4}") || Integer.parseInt(port) > 65_535) {
            return Optional.empty();
        }
        try {
            return Optional.of(new InetSocketAddress(
                    InetAddress.getByAddress(AddressLiteral.parse(host)), Integer.parseInt(port)));
        } catch (UnknownHostException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
