package io.serai.route.deploy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * What a YAML route file may hold at its top: one route, and what handles its failures. Beans, templates, configurations
 * and other definitions that reach beyond the route are refused.
 */
final class RouteFileShape {
    private static final Set<String> ALLOWED = Set.of("route", "onException", "on-exception");
    private static final int LONGEST_CHARACTERS = 1 << 20;

    private RouteFileShape() {}

    /** The problems of the file's shape, syntax errors among them. */
    static List<RouteProblem> problems(String file, String source) {
        List<RouteProblem> problems = new ArrayList<>();
        LoadSettings settings = LoadSettings.builder()
                .setLabel(file)
                .setUseMarks(true)
                .setCodePointLimit(LONGEST_CHARACTERS)
                .setMaxAliasesForCollections(20)
                .build();
        try {
            for (Node document : new Compose(settings).composeAllFromString(source)) {
                checkDocument(file, document, problems);
            }
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark()
                    .or(e::getContextMark)
                    .map(mark -> mark.getLine() + 1)
                    .orElse(1);
            problems.add(RouteProblem.of(file, line, "this is not valid YAML: " + e.getProblem()));
        } catch (YamlEngineException e) {
            problems.add(RouteProblem.of(file, 1, "this is not valid YAML: " + e.getMessage()));
        }
        return problems;
    }

    private static void checkDocument(String file, Node document, List<RouteProblem> problems) {
        if (!(document instanceof SequenceNode list)) {
            problems.add(RouteProblem.of(
                    file,
                    line(document),
                    "a route file is a list with one route",
                    "begin with \"- route:\" and indent what follows"));
            return;
        }
        for (Node item : list.getValue()) {
            if (item instanceof MappingNode mapping) {
                mapping.getValue().forEach(tuple -> checkKey(file, tuple, problems));
            } else {
                problems.add(RouteProblem.of(file, line(item), "expected \"route:\" here"));
            }
        }
    }

    private static void checkKey(String file, NodeTuple tuple, List<RouteProblem> problems) {
        Node key = tuple.getKeyNode();
        String word = key instanceof ScalarNode scalar ? scalar.getValue() : "?";
        if (word.equals("from")) {
            problems.add(RouteProblem.of(
                    file,
                    line(key),
                    "a route without an id",
                    "put it under \"- route:\" with \"id:\" and the name of the file"));
        } else if (!ALLOWED.contains(word)) {
            problems.add(RouteProblem.of(
                    file,
                    line(key),
                    "\"" + word + "\" is not allowed in a route file",
                    "allowed are route and onException"));
        }
    }

    private static int line(Node node) {
        return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
    }
}
