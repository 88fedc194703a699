package io.serai.config.yaml;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** YAML texts to nodes that know their place. Bounded: at most 4 MiB of text, nesting of 50, 50 aliases. */
public final class YamlText {
    private static final int LONGEST_CHARACTERS = 4 * 1024 * 1024;

    private YamlText() {}

    /**
     * The documents of a text that are not empty; what follows a syntax error is not read, and the error is noted.
     *
     * @param file the name that problems are reported under
     */
    public static List<Node> documents(String file, String text, Problems problems) {
        List<Node> documents = new ArrayList<>();
        LoadSettings settings = LoadSettings.builder()
                .setLabel(file)
                .setUseMarks(true)
                .setCodePointLimit(LONGEST_CHARACTERS)
                .setMaxAliasesForCollections(50)
                .setAllowRecursiveKeys(false)
                .build();
        try {
            for (Node document : new Compose(settings).composeAllFromString(text)) {
                if (!isNull(document)) {
                    documents.add(document);
                }
            }
        } catch (MarkedYamlEngineException e) {
            Mark where = e.getProblemMark()
                    .or(e::getContextMark)
                    .map(mark -> new Mark(file, mark.getLine() + 1, mark.getColumn() + 1))
                    .orElse(new Mark(file, 1, 1));
            problems.add(where, "this is not valid YAML: " + syntaxProblem(e));
        } catch (YamlEngineException e) {
            problems.add(new Mark(file, 1, 1), "this is not valid YAML: " + e.getMessage());
        }
        return documents;
    }

    /** Whether a node is an empty value ({@code key:} with nothing, {@code null} or {@code ~}). */
    public static boolean isNull(Node node) {
        return node instanceof ScalarNode && node.getTag().equals(Tag.NULL);
    }

    /** What a node is, for "expected …, found …". */
    public static String describe(Node node) {
        return switch (node.getNodeType()) {
            case MAPPING -> "a mapping";
            case SEQUENCE -> "a list";
            case SCALAR -> isNull(node) ? "nothing" : "a plain value";
            case ANCHOR -> "an alias";
        };
    }

    private static String syntaxProblem(MarkedYamlEngineException e) {
        String problem = Optional.ofNullable(e.getProblem()).orElse("syntax error");
        String context = e.getContext();
        String mend = problem.contains("'\\t'") || problem.contains("(TAB)") ? " (indent with spaces, not tabs)" : "";
        return (context == null || context.isBlank() ? problem : context + ", " + problem) + mend;
    }
}
