package io.serai.route.deploy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.RouteId;
import io.serai.config.object.Route;
import io.serai.route.arrival.ArrivalEndpoint;
import io.serai.route.arrival.ArrivalSubscription;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.model.EndpointRequiredDefinition;
import org.apache.camel.model.HasExpressionType;
import org.apache.camel.model.MarshalDefinition;
import org.apache.camel.model.ProcessorDefinition;
import org.apache.camel.model.ProcessorDefinitionHelper;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.ToDynamicDefinition;
import org.apache.camel.model.UnmarshalDefinition;
import org.apache.camel.model.language.ExpressionDefinition;

/**
 * Checks route files without a server: syntax, the one route with its id, known components with their options, known
 * languages and data formats, and the policy. Java sources are compiled and their {@code configure} is run, nothing is
 * started. Safe for use by several threads.
 */
public final class RouteChecker {
    private static final String MASTER = "master";

    private final RoutePolicy policy;
    private final KnownComponents components;
    private final Set<String> steps;

    public RouteChecker(RoutePolicy policy) {
        this.policy = policy;
        this.components = new KnownComponents(RouteChecker.class.getClassLoader());
        this.steps = components.steps();
    }

    RoutePolicy policy() {
        return policy;
    }

    /** Checks the text of a file; the name of the file without its ending is the route's id. */
    public List<RouteProblem> check(String fileName, String source) {
        String name = fileName.substring(fileName.lastIndexOf('/') + 1);
        int dot = name.lastIndexOf('.');
        String ending = dot < 0 ? "" : name.substring(dot + 1);
        Optional<Route.Dsl> dsl = switch (ending) {
            case "yaml", "yml" -> Optional.of(Route.Dsl.YAML);
            case "java" -> Optional.of(Route.Dsl.JAVA);
            default -> Optional.empty();
        };
        if (dsl.isEmpty()) {
            return List.of(RouteProblem.of(fileName, 1, "a route file ends with .yaml, .yml or .java"));
        }
        try {
            return check(new Route(new RouteId(name.substring(0, dot)), dsl.get(), source))
                    .problems();
        } catch (SeraiException e) {
            return List.of(RouteProblem.of(fileName, 1, e.text()));
        }
    }

    /** Checks a route and finds what it names and waits for. */
    public CheckedRoute check(Route route) {
        String file = RouteText.fileName(route);
        List<RouteProblem> problems = new ArrayList<>();
        if (route.dsl() == Route.Dsl.YAML) {
            problems.addAll(RouteFileShape.problems(file, route.source()));
        }
        if (!problems.isEmpty()) {
            return new CheckedRoute(route, problems, RouteReferences.of(List.of()), Optional.empty());
        }
        try (ScratchContext scratch = new ScratchContext(steps)) {
            List<RouteDefinition> read = scratch.read(route, problems);
            if (problems.isEmpty() && read.size() != 1) {
                problems.add(RouteProblem.of(
                        file, 1, "the file has " + read.size() + " routes", "put exactly one route into a file"));
            }
            return read.size() == 1
                    ? check(route, read.get(0), scratch.camel(), problems)
                    : new CheckedRoute(route, problems, RouteReferences.of(List.of()), Optional.empty());
        }
    }

    private CheckedRoute check(
            Route route, RouteDefinition definition, CamelContext scratch, List<RouteProblem> problems) {
        String file = RouteText.fileName(route);
        checkId(file, route, definition, problems);
        String from = definition.getInput().getEndpointUri();
        Optional<ArrivalSubscription> subscription = Optional.empty();
        if (checkEndpoint(file, definition.getInput().getLineNumber(), from, true, problems)
                && from.startsWith("arrival:")) {
            subscription = subscription(route, file, definition.getInput().getLineNumber(), scratch, from, problems);
        }
        List<String> uris = new ArrayList<>(List.of(from));
        for (ProcessorDefinition<?> step : all(definition, ProcessorDefinition.class)) {
            checkStep(file, step, scratch, uris, problems);
        }
        return new CheckedRoute(route, problems, RouteReferences.of(uris), subscription);
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // Camel's helper gives raw definitions
    private static List<ProcessorDefinition<?>> all(RouteDefinition definition, Class type) {
        return new ArrayList<>(ProcessorDefinitionHelper.filterTypeInOutputs(definition.getOutputs(), type));
    }

    private static void checkId(String file, Route route, RouteDefinition definition, List<RouteProblem> problems) {
        String id = definition.getId();
        String wanted = route.id().value();
        if (id == null || !definition.hasCustomIdAssigned()) {
            problems.add(RouteProblem.of(
                    file,
                    definition.getLineNumber(),
                    "the route has no id",
                    "add id: " + wanted + ", the file's name"));
        } else if (!id.equals(wanted)) {
            problems.add(RouteProblem.of(
                    file,
                    definition.getLineNumber(),
                    "the route's id \"" + id + "\" is not the file's name",
                    "set id: " + wanted + " or rename the file"));
        }
    }

    private void checkStep(
            String file,
            ProcessorDefinition<?> step,
            CamelContext scratch,
            List<String> uris,
            List<RouteProblem> problems) {
        if (step instanceof EndpointRequiredDefinition endpoint) {
            uris.add(endpoint.getEndpointUri());
            checkEndpoint(file, step.getLineNumber(), endpoint.getEndpointUri(), false, problems);
        } else if (step instanceof ToDynamicDefinition dynamic && dynamic.getUri() != null) {
            uris.add(dynamic.getUri());
            checkDynamic(file, step.getLineNumber(), dynamic.getUri(), problems);
        }
        if (step instanceof HasExpressionType has && has.getExpressionType() != null) {
            checkExpression(file, step.getLineNumber(), has.getExpressionType(), scratch, problems);
        }
        if (step instanceof MarshalDefinition marshal && marshal.getDataFormatType() != null) {
            checkFormat(file, step.getLineNumber(), marshal.getDataFormatType().getDataFormatName(), scratch, problems);
        }
        if (step instanceof UnmarshalDefinition read && read.getDataFormatType() != null) {
            checkFormat(file, step.getLineNumber(), read.getDataFormatType().getDataFormatName(), scratch, problems);
        }
    }

    private boolean checkEndpoint(String file, int line, String uri, boolean begins, List<RouteProblem> problems) {
        String scheme = scheme(uri);
        if (!checkScheme(file, line, uri, scheme, problems)) {
            return false;
        }
        if (begins && !policy.beginnings().contains(scheme)) {
            problems.add(RouteProblem.of(
                    file,
                    line,
                    "a route cannot begin with " + scheme + ":",
                    "begin with arrival:, site:, schedule:, folder: or direct:"));
            return false;
        }
        if (scheme.equals(MASTER)) {
            return checkMaster(file, line, uri, begins, problems);
        }
        if (scheme.equals("file") && !policy.allowsFolder(Path.of(folder(uri)))) {
            problems.add(RouteProblem.of(
                    file,
                    line,
                    "the folder of " + folderUri(uri) + " is not open to routes",
                    "deliver with site: instead"));
        }
        List<String> found = components.problems(uri, begins);
        found.forEach(problem -> problems.add(RouteProblem.of(file, line, scheme + ": " + problem)));
        return found.isEmpty();
    }

    /** {@code master:NAMESPACE:URI}: the URI is a beginning of its own, on the node that leads the namespace. */
    private boolean checkMaster(String file, int line, String uri, boolean begins, List<RouteProblem> problems) {
        String[] parts = uri.split(":", 3);
        if (!begins || parts.length < 3 || parts[1].isBlank()) {
            problems.add(RouteProblem.of(
                    file,
                    line,
                    "master: is written master:NAME:URI and begins a route",
                    "as in master:reports:timer:tick?period=60s"));
            return false;
        }
        String guarded = scheme(parts[2]);
        if (!policy.allowsBehindMaster(guarded)) {
            problems.add(RouteProblem.of(
                    file,
                    line,
                    "master: cannot guard " + guarded + ":",
                    "arrival:, site:, schedule: and folder: share their work between the nodes by themselves"));
            return false;
        }
        return checkEndpoint(file, line, parts[2], true, problems);
    }

    private boolean checkScheme(String file, int line, String uri, String scheme, List<RouteProblem> problems) {
        if (scheme.isEmpty()) {
            problems.add(RouteProblem.of(
                    file, line, "\"" + uri + "\" is not an endpoint", "write it as component:name, as in site:bank"));
            return false;
        }
        if (policy.refusedComponents().contains(scheme)) {
            problems.add(RouteProblem.of(file, line, "the component " + scheme + ": is not open to routes"));
            return false;
        }
        if (!components.isPresent(scheme)) {
            problems.add(
                    RouteProblem.of(file, line, "the component " + scheme + ": is not known", components.mend(scheme)));
            return false;
        }
        return true;
    }

    /** The part of a dynamic URI that data could decide must not choose the component. */
    private void checkDynamic(String file, int line, String uri, List<RouteProblem> problems) {
        String scheme = scheme(uri);
        if (scheme.isEmpty() || scheme.contains("$") || scheme.contains("{")) {
            problems.add(RouteProblem.of(
                    file, line, "the component of a dynamic endpoint must be written out", "as in site:${header.to}"));
            return;
        }
        checkScheme(file, line, uri, scheme, problems);
    }

    private static void checkExpression(
            String file, int line, ExpressionDefinition expression, CamelContext scratch, List<RouteProblem> problems) {
        String language = expression.getLanguage();
        String text = expression.getExpression();
        if (language == null || language.isEmpty()) {
            return;
        }
        try {
            org.apache.camel.spi.Language found = scratch.resolveLanguage(language);
            if (text != null && language.equals("simple")) {
                found.createExpression(text);
            }
        } catch (RuntimeException e) {
            String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            problems.add(RouteProblem.of(file, line, language + ": " + message.strip()));
        }
    }

    private static void checkFormat(
            String file, int line, String format, CamelContext scratch, List<RouteProblem> problems) {
        boolean known;
        try {
            known = scratch.createDataFormat(format) != null;
        } catch (RuntimeException e) {
            known = false;
        }
        if (!known) {
            problems.add(RouteProblem.of(file, line, "the data format \"" + format + "\" is not part of this server"));
        }
    }

    private static Optional<ArrivalSubscription> subscription(
            Route route, String file, int line, CamelContext scratch, String uri, List<RouteProblem> problems) {
        try {
            return Optional.of(scratch.getEndpoint(uri, ArrivalEndpoint.class).subscription(route.id()));
        } catch (RuntimeException e) {
            Throwable cause = e;
            while (cause.getCause() != null && !(cause instanceof SeraiException)) {
                cause = cause.getCause();
            }
            problems.add(
                    RouteProblem.of(file, line, cause instanceof SeraiException known ? known.text() : "" + cause));
            return Optional.empty();
        }
    }

    private static String scheme(String uri) {
        int colon = uri.indexOf(':');
        return colon < 1 ? "" : uri.substring(0, colon);
    }

    private static String folderUri(String uri) {
        int question = uri.indexOf('?');
        return question < 0 ? uri : uri.substring(0, question);
    }

    private static String folder(String uri) {
        String folder = folderUri(uri).substring("file:".length());
        return folder.startsWith("//") ? folder.substring(2) : folder;
    }

    /** All problems of several routes as one refusal; does nothing when there are none. */
    public static void refuse(List<RouteProblem> problems) {
        if (!problems.isEmpty()) {
            List<String> lines = problems.stream().map(RouteProblem::toString).toList();
            throw new SeraiException(
                    ErrorCode.INVALID, "Routes were not changed; problems:\n  " + String.join("\n  ", lines));
        }
    }
}
