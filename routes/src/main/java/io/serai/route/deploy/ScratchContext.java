package io.serai.route.deploy;

import io.serai.config.object.Route;
import io.serai.config.yaml.Suggestion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.camel.StartupSummaryLevel;
import org.apache.camel.dsl.yaml.common.exception.UnsupportedFieldException;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.support.PluginHelper;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;

/** A Camel context that is never started: route files are read into it to see what they say. Close it. */
final class ScratchContext implements AutoCloseable {
    private static final Pattern COMPILER_LINE = Pattern.compile("\\.java:(\\d+): error: ([^\\n]*)");
    private static final Pattern UNKNOWN_WORD = Pattern.compile("(?:Unsupported field|Unknown node id): (\\S+)");

    private final DefaultCamelContext camel;
    private final Set<String> steps;

    /** @param steps the names of all steps, for suggestions */
    ScratchContext(Set<String> steps) {
        this.steps = steps;
        this.camel = new DefaultCamelContext(false);
        camel.getCamelContextExtension().setName("route-check");
        camel.setSourceLocationEnabled(true);
        camel.setAutoStartup(false);
        camel.setStartupSummaryLevel(StartupSummaryLevel.Off);
        camel.build();
    }

    CamelContext camel() {
        return camel;
    }

    /** The routes of a file; empty with a problem noted when it cannot be read. */
    List<RouteDefinition> read(Route route, List<RouteProblem> problems) {
        int before = camel.getRouteDefinitions().size();
        try {
            PluginHelper.getRoutesLoader(camel).loadRoutes(RouteText.resource(route));
        } catch (Exception | LinkageError e) { // a loader may throw anything; whatever it is, the file is at fault
            problems.add(problem(RouteText.fileName(route), e));
            return List.of();
        }
        List<RouteDefinition> all = camel.getRouteDefinitions();
        return new ArrayList<>(all.subList(before, all.size()));
    }

    private RouteProblem problem(String file, Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof MarkedYamlEngineException marked) {
                return yamlProblem(file, marked);
            }
            Matcher compiler = COMPILER_LINE.matcher(String.valueOf(t.getMessage()));
            if (compiler.find()) {
                return RouteProblem.of(file, Integer.parseInt(compiler.group(1)), compiler.group(2));
            }
        }
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return RouteProblem.of(file, 1, message == null ? root.getClass().getSimpleName() : message);
    }

    private RouteProblem yamlProblem(String file, MarkedYamlEngineException e) {
        int line = e.getProblemMark()
                .or(e::getContextMark)
                .map(mark -> mark.getLine() + 1)
                .orElse(1);
        String message = Optional.ofNullable(e.getProblem())
                .or(() -> Optional.ofNullable(e.getMessage()))
                .orElse("this cannot be read");
        Matcher unknown = UNKNOWN_WORD.matcher(message);
        if (unknown.find()) {
            String word = unknown.group(1);
            String what = e instanceof UnsupportedFieldException
                    ? "\"" + word + "\" is not known here"
                    : "\"" + word + "\" is not a step that Camel knows";
            return Suggestion.nearest(word, steps)
                    .map(near -> RouteProblem.of(file, line, what, "did you mean \"" + near + "\"?"))
                    .orElseGet(() -> RouteProblem.of(file, line, what));
        }
        return RouteProblem.of(file, line, message);
    }

    @Override
    public void close() {
        camel.stop();
    }
}
