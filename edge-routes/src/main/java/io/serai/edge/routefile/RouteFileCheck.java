package io.serai.edge.routefile;

import io.serai.config.yaml.Mark;
import io.serai.config.yaml.Problems;
import io.serai.config.yaml.Suggestion;
import io.serai.config.yaml.YamlText;
import io.serai.edge.message.RouteFiles;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Whether a route file says nothing but who may connect to a port and how often. It looks at words alone, without Camel: what
 * could run code, read files or environment, or reach anything but the servers is refused wherever it stands, before an
 * edge or a server gives it to Camel.
 */
public final class RouteFileCheck {
    private static final Set<String> WORDS = Set.of(
            "route",
            "id",
            "description",
            "errorHandler",
            "noErrorHandler",
            "from",
            "uri",
            "parameters",
            "steps",
            "to",
            "filter",
            "choice",
            "when",
            "otherwise",
            "simple",
            "constant",
            "header",
            "expression",
            "throttle",
            "timePeriodMillis",
            "correlationExpression",
            "rejectExecution",
            "log",
            "message",
            "loggingLevel",
            "stop");
    private static final Set<String> BEANS = Set.of(OfferText.HOST_KEYS, OfferText.TLS);
    private static final Set<String> REMARKS = Set.of("description", "message", "log");

    private static final Pattern HEADER = Pattern.compile("\\$\\{header\\.[A-Za-z]{1,64}\\}");
    private static final int DEEPEST = 30;
    private static final int MOST_NODES = 5_000;

    private final String file;
    private final Problems problems;
    private int nodes;

    private RouteFileCheck(String file, Problems problems) {
        this.file = file;
        this.problems = problems;
    }

    /** What is wrong with a file, each with {@code file:line:column}; nothing when it may be used. */
    public static List<String> problems(String file, String text) {
        Problems found = new Problems();
        List<Node> documents = YamlText.documents(file, text, found);
        RouteFileCheck check = new RouteFileCheck(file, found);
        if (found.isEmpty() && documents.size() != 1) {
            found.add(new Mark(file, 1, 1), "expected one route, beginning with \"- route:\"");
        }
        if (found.isEmpty()) {
            check.top(documents.get(0));
        }
        return found.list();
    }

    private void top(Node document) {
        boolean one = document instanceof SequenceNode list
                && list.getValue().size() == 1
                && list.getValue().get(0) instanceof MappingNode item
                && item.getValue().size() == 1
                && isWord(item.getValue().get(0).getKeyNode(), "route");
        if (!one) {
            refuse(document, "expected one route and nothing else, beginning with \"- route:\"");
            return;
        }
        visit(document, "", 0);
    }

    private static boolean isWord(Node node, String word) {
        return node instanceof ScalarNode scalar && scalar.getValue().equals(word);
    }

    private void refuse(Node where, String what) {
        problems.add(Mark.of(file, where), what);
    }

    /** @param under the nearest word above it */
    private void visit(Node node, String under, int depth) {
        if (depth > DEEPEST || ++nodes > MOST_NODES) {
            if (nodes <= MOST_NODES + 1) {
                refuse(node, "this is nested too deeply, or too long");
            }
            return;
        }
        if (node instanceof MappingNode mapping) {
            mapping(mapping, under, depth);
        } else if (node instanceof SequenceNode list) {
            list.getValue().forEach(item -> visit(item, under, depth + 1));
        } else if (node instanceof ScalarNode scalar) {
            scalar(scalar, under);
        } else {
            refuse(node, "this is not understood here");
        }
    }

    private void mapping(MappingNode mapping, String under, int depth) {
        Set<String> words = new HashSet<>();
        for (NodeTuple tuple : mapping.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                refuse(tuple.getKeyNode(), "expected a word");
            } else if (!words.add(key.getValue())) {
                refuse(key, "\"" + key.getValue() + "\" is here twice");
            } else if (!WORDS.contains(key.getValue())) {
                refuse(key, "\"" + key.getValue() + "\" is not known in an edge's route file" + near(key.getValue()));
            } else if (!isMisplaced(key.getValue(), under, key)) {
                entry(mapping, key, tuple.getValueNode(), under, depth);
            }
        }
    }

    private void entry(MappingNode mapping, ScalarNode key, Node value, String under, int depth) {
        switch (key.getValue()) {
            case "uri" -> address(value, under);
            case "parameters" -> options(mapping, value, under);
            case "from", "to" -> {
                if (value instanceof MappingNode) {
                    visit(value, key.getValue(), depth + 1);
                } else {
                    address(value, key.getValue());
                }
            }
            default -> visit(value, key.getValue(), depth + 1);
        }
    }

    private boolean isMisplaced(String word, String under, Node key) {
        boolean ofEndpoint = word.equals("uri") || word.equals("parameters");
        boolean misplaced = ofEndpoint && !under.equals("from") && !under.equals("to")
                || word.equals("from") && !under.equals("route")
                || word.equals("route") && !under.isEmpty();
        if (misplaced) {
            refuse(key, "\"" + word + "\" cannot stand here");
        }
        return misplaced;
    }

    // ---- endpoints ----

    private void address(Node node, String under) {
        if (!(node instanceof ScalarNode scalar)) {
            refuse(node, "expected an endpoint, such as " + OfferText.RELAY);
            return;
        }
        means(scalar, under)
                .or(() -> EndpointOptions.uriProblem(under, scalar.getValue()))
                .ifPresent(problem -> refuse(scalar, problem));
    }

    private void options(MappingNode endpoint, Node node, String under) {
        if (!(node instanceof MappingNode options)) {
            refuse(node, "expected options and their values");
            return;
        }
        Optional<String> uri = uri(endpoint);
        if (uri.isEmpty() || EndpointOptions.uriProblem(under, uri.get()).isPresent()) {
            refuse(node, "options need a \"uri\" beside them that can be");
            return;
        }
        Set<String> names = new HashSet<>();
        for (NodeTuple tuple : options.getValue()) {
            if (++nodes > MOST_NODES
                    || !(tuple.getKeyNode() instanceof ScalarNode name)
                    || !(tuple.getValueNode() instanceof ScalarNode value)) {
                refuse(tuple.getKeyNode(), "expected the name of an option, and a plain value");
            } else if (!names.add(name.getValue())) {
                refuse(name, "\"" + name.getValue() + "\" is here twice");
            } else {
                EndpointOptions.nameProblem(under, uri.get(), name.getValue())
                        .ifPresentOrElse(
                                problem -> refuse(name, problem),
                                () -> means(value, "parameters")
                                        .or(() -> EndpointOptions.valueProblem(
                                                under, uri.get(), name.getValue(), value.getValue()))
                                        .ifPresent(problem -> refuse(value, problem)));
            }
        }
    }

    private static Optional<String> uri(MappingNode endpoint) {
        return endpoint.getValue().stream()
                .filter(tuple -> isWord(tuple.getKeyNode(), "uri"))
                .findFirst()
                .map(NodeTuple::getValueNode)
                .filter(ScalarNode.class::isInstance)
                .map(node -> ((ScalarNode) node).getValue());
    }

    private static String near(String word) {
        return Suggestion.nearest(word, WORDS)
                .map(known -> "; did you mean \"" + known + "\"?")
                .orElse("");
    }

    private void scalar(ScalarNode scalar, String under) {
        means(scalar, under).ifPresent(problem -> refuse(scalar, problem));
    }

    /** What is wrong with a text because it means more than itself. */
    private static Optional<String> means(ScalarNode scalar, String under) {
        String value = scalar.getValue();
        if (value.contains("{{")) {
            return Optional.of("placeholders {{…}} are not replaced at an edge; write the value itself");
        } else if (value.contains("PRIVATE KEY")) {
            return Optional.of(
                    "a key must not stand in a route file, since that travels to the other edges; name a file of"
                            + " this machine, or " + OfferText.HOST_KEYS + " or " + OfferText.TLS
                            + " for what the servers give");
        } else if (hasForeignExpression(value)) {
            return Optional.of("expected no other expression than ${header.NAME}");
        } else if (!REMARKS.contains(under)
                && value.indexOf('#') >= 0
                && !(under.equals("parameters") && BEANS.contains(value))) {
            return Optional.of("\"#\" can stand in " + OfferText.HOST_KEYS + " and " + OfferText.TLS + " only");
        }
        return Optional.empty();
    }

    /** Expressions from files are foreign, too. */
    private static boolean hasForeignExpression(String value) {
        String rest = HEADER.matcher(value).replaceAll("");
        return rest.contains("${") || rest.contains("$simple{") || rest.strip().startsWith("resource:");
    }

    /** All problems of all files. */
    public static List<String> problems(RouteFiles files) {
        List<String> all = new ArrayList<>();
        files.texts().forEach((name, text) -> all.addAll(problems(name, text)));
        return all;
    }
}
