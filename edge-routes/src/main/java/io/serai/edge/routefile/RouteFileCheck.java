package io.serai.edge.routefile;

import io.serai.config.yaml.Mark;
import io.serai.config.yaml.Problems;
import io.serai.config.yaml.Suggestion;
import io.serai.config.yaml.YamlText;
import io.serai.edge.message.RouteFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Whether a route file says nothing but who may connect to a port and how often. It looks at words alone, without Camel: what
 * could run code, read files or environment, or reach anything but the servers is refused wherever it stands.
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
    private static final Set<String> BEGINNINGS = Set.of("sftp-server", "ftp-server", "http-server");
    private static final Set<String> BEANS = Set.of(OfferText.HOST_KEYS, OfferText.TLS);
    private static final Set<String> REMARKS = Set.of("description", "message", "log");

    /** Options that name files, which are made when they are not there. */
    private static final Set<String> PATHS = Set.of("hostKeys", "certificate", "privateKey");

    private static final Pattern HEADER = Pattern.compile("\\$\\{header\\.[A-Za-z]{1,64}\\}");
    private static final Pattern PARAMETER = Pattern.compile("[a-zA-Z]{1,64}");
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
            for (NodeTuple tuple : mapping.getValue()) {
                entry(tuple, under, depth);
            }
        } else if (node instanceof SequenceNode list) {
            list.getValue().forEach(item -> visit(item, under, depth + 1));
        } else if (node instanceof ScalarNode scalar) {
            scalar(scalar, under);
        } else {
            refuse(node, "this is not understood here");
        }
    }

    private void entry(NodeTuple tuple, String under, int depth) {
        if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
            refuse(tuple.getKeyNode(), "expected a word");
            return;
        }
        String word = key.getValue();
        if (under.equals("parameters")) {
            if (!PARAMETER.matcher(word).matches() || !(tuple.getValueNode() instanceof ScalarNode)) {
                refuse(key, "expected the name of an option, and a plain value");
                return;
            }
            if (PATHS.contains(word) && tuple.getValueNode() instanceof ScalarNode path) {
                path(path);
            }
        } else if (!WORDS.contains(word)) {
            refuse(key, "\"" + word + "\" is not known in an edge's route file" + near(word));
            return;
        }
        // Where an endpoint's address stands, it is told apart by what it is for.
        boolean address = word.equals("uri") && (under.equals("from") || under.equals("to"));
        String next = address || under.equals("parameters") ? under : word;
        if (!isMisplaced(word, under, key)) {
            visit(tuple.getValueNode(), next, depth + 1);
        }
    }

    /** A file that came from another edge must not have keys made anywhere on this one. */
    private void path(ScalarNode path) {
        String text = path.getValue();
        boolean below = !text.startsWith("/")
                && text.indexOf('\\') < 0
                && java.util.Arrays.stream(text.split("/", -1)).noneMatch(part -> part.equals("..") || part.isEmpty());
        if (!below) {
            refuse(path, "expected a path below the folder that the edge is started in, such as keys/sftp");
        }
    }

    private boolean isMisplaced(String word, String under, Node key) {
        boolean misplaced = word.equals("uri") && !under.equals("from") && !under.equals("to")
                || word.equals("route") && !under.isEmpty();
        if (misplaced) {
            refuse(key, "\"" + word + "\" cannot stand here");
        }
        return misplaced;
    }

    private static String near(String word) {
        return Suggestion.nearest(word, WORDS)
                .map(known -> "; did you mean \"" + known + "\"?")
                .orElse("");
    }

    private void scalar(ScalarNode scalar, String under) {
        String value = scalar.getValue();
        if (value.contains("{{")) {
            refuse(scalar, "placeholders {{…}} are not replaced at an edge; write the value itself");
        } else if (value.contains("PRIVATE KEY")) {
            refuse(
                    scalar,
                    "a key must not stand in a route file, since that travels to the other edges; name a file of"
                            + " this machine, or " + OfferText.HOST_KEYS + " or " + OfferText.TLS
                            + " for what the servers give");
        } else if (hasForeignExpression(value)) {
            refuse(scalar, "expected no other expression than ${header.NAME}");
        } else if (!REMARKS.contains(under)
                && value.indexOf('#') >= 0
                && !(under.equals("parameters") && BEANS.contains(value))) {
            refuse(scalar, "\"#\" can stand in " + OfferText.HOST_KEYS + " and " + OfferText.TLS + " only");
        } else if (under.equals("from") || under.equals("to")) {
            endpoint(scalar, value, under);
        }
    }

    /** Expressions from files are foreign, too. */
    private static boolean hasForeignExpression(String value) {
        String rest = HEADER.matcher(value).replaceAll("");
        return rest.contains("${") || rest.contains("$simple{") || rest.strip().startsWith("resource:");
    }

    private void endpoint(ScalarNode scalar, String uri, String under) {
        if (uri.indexOf('?') >= 0) {
            refuse(scalar, "write options below \"parameters:\", found " + uri);
            return;
        }
        int colon = uri.indexOf(':');
        String scheme = colon < 0 ? uri : uri.substring(0, colon);
        if (under.equals("from")) {
            if (!BEGINNINGS.contains(scheme) && !uri.equals(OfferText.RELAY)) {
                refuse(
                        scalar,
                        "a route of an edge begins with sftp-server:, ftp-server: or http-server:, or with "
                                + OfferText.RELAY + " to pass connections through, found " + uri);
            }
        } else if (scheme.equals("relay") && !uri.equals(OfferText.RELAY)) {
            refuse(scalar, "an edge's route ends with " + OfferText.RELAY + ", found " + uri);
        } else if (!scheme.equals("relay") && !scheme.equals("admit")) {
            refuse(scalar, "a step of an edge can go to admit: and " + OfferText.RELAY + " only, found " + uri);
        }
    }

    /** All problems of all files. */
    public static List<String> problems(RouteFiles files) {
        List<String> all = new ArrayList<>();
        files.texts().forEach((name, text) -> all.addAll(problems(name, text)));
        return all;
    }
}
