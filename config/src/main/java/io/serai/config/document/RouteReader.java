package io.serai.config.document;

import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.object.Route;
import io.serai.config.yaml.Mark;
import io.serai.config.yaml.Problems;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Route files: one route a file, the file's name is the route's id. Only what the file is called and what it holds is
 * looked at here; whether the route itself is right, the route check of the server says.
 */
final class RouteReader {
    private RouteReader() {}

    static Optional<ObjectDraft> yaml(DocumentFile file, SequenceNode list, Problems problems) {
        List<Node> routes = new ArrayList<>();
        for (Node item : list.getValue()) {
            value(item, "route").ifPresent(routes::add);
        }
        Mark begin = Mark.of(file.name(), list);
        if (routes.isEmpty()) {
            problems.add(begin, "expected a list with one \"- route:\"");
            return Optional.empty();
        }
        if (routes.size() > 1) {
            problems.add(
                    Mark.of(file.name(), routes.get(1)),
                    "a second route: write one route a file, so that each has a history of its own");
            return Optional.empty();
        }
        Optional<Node> id = value(routes.get(0), "id");
        if (id.isEmpty()) {
            problems.add(
                    Mark.of(file.name(), routes.get(0)),
                    "route.id is missing: write id: " + file.stem() + ", as the file is called");
            return Optional.empty();
        }
        String text = id.get() instanceof ScalarNode scalar ? scalar.getValue() : "";
        if (!text.equals(file.stem())) {
            problems.add(
                    Mark.of(file.name(), id.get()),
                    "route.id is \"" + text + "\", but the file is called \"" + file.stem()
                            + "\": give both the same name");
            return Optional.empty();
        }
        return draft(file, Route.Dsl.YAML, Mark.of(file.name(), id.get()), problems);
    }

    static Optional<ObjectDraft> java(DocumentFile file, Problems problems) {
        Mark begin = new Mark(file.name(), 1, 1);
        if (!file.text().contains("\"" + file.stem() + "\"")) {
            problems.add(
                    begin,
                    "the route's id must be as the file is called: write .routeId(\"" + file.stem()
                            + "\") after from(…)");
            return Optional.empty();
        }
        return draft(file, Route.Dsl.JAVA, begin, problems);
    }

    private static Optional<ObjectDraft> draft(DocumentFile file, Route.Dsl dsl, Mark mark, Problems problems) {
        try {
            return Optional.of(ObjectDraft.whole(new Route(new RouteId(file.stem()), dsl, file.text()), mark));
        } catch (SeraiException e) {
            problems.add(mark, e.text());
            return Optional.empty();
        }
    }

    private static Optional<Node> value(Node node, String key) {
        if (!(node instanceof MappingNode mapping)) {
            return Optional.empty();
        }
        return mapping.getValue().stream()
                .filter(tuple -> tuple.getKeyNode() instanceof ScalarNode name
                        && name.getValue().equals(key))
                .map(NodeTuple::getValueNode)
                .findFirst();
    }
}
