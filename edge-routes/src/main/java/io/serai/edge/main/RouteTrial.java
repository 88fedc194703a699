package io.serai.edge.main;

import io.serai.config.error.SeraiException;
import io.serai.edge.routefile.OfferText;
import io.serai.edge.routefile.RouteFileCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.StartupSummaryLevel;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.EndpointRequiredDefinition;
import org.apache.camel.model.ProcessorDefinition;
import org.apache.camel.model.ProcessorDefinitionHelper;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;

/**
 * Reads a route file without putting it in force: its words, then its steps and the options of its endpoints, in a Camel
 * context that is never started.
 */
final class RouteTrial {
    private static final List<String> KEYS = List.of(OfferText.HOST_KEYS, OfferText.TLS);

    /** How Camel says that an endpoint does not know an option, behind all others. */
    private static final Pattern UNKNOWN_OPTIONS = Pattern.compile("Unknown parameters=\\[\\{(.*?)\\}\\]");

    private final String file;
    private final String text;
    private final Map<String, Object> beans;
    private final List<String> problems = new ArrayList<>();

    private RouteTrial(String file, String text, Map<String, Object> beans) {
        this.file = file;
        this.text = text;
        this.beans = beans;
    }

    /**
     * What is wrong with a file, each with {@code file:line}; nothing when it can be put in force.
     *
     * @param beans what it can name
     */
    static List<String> problems(String file, String text, Map<String, Object> beans) {
        List<String> words = RouteFileCheck.problems(file, text);
        if (!words.isEmpty()) {
            return words;
        }
        RouteTrial trial = new RouteTrial(file, text, beans);
        trial.run();
        return List.copyOf(trial.problems);
    }

    static String routeId(String file) {
        return file.substring(0, file.length() - ".yaml".length());
    }

    private void run() {
        try (DefaultCamelContext camel = new DefaultCamelContext(false)) {
            camel.setSourceLocationEnabled(true);
            camel.setAutoStartup(false);
            camel.setStartupSummaryLevel(StartupSummaryLevel.Off);
            camel.build();
            beans.forEach((name, bean) -> camel.getRegistry().bind(name, bean));
            load(camel).ifPresent(route -> check(camel, route));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Optional<RouteDefinition> load(DefaultCamelContext camel) {
        try {
            PluginHelper.getRoutesLoader(camel).loadRoutes(ResourceHelper.fromString("mem:/" + file, text));
        } catch (Exception | LinkageError e) { // a loader may throw anything; whatever it is, the file is at fault
            refuse(line(e), e);
            return Optional.empty();
        }
        List<RouteDefinition> all = camel.getRouteDefinitions();
        if (all.size() != 1) {
            problems.add(file + ":1: expected exactly one route");
            return Optional.empty();
        }
        return Optional.of(all.get(0));
    }

    private void refuse(int line, Throwable failure) {
        problems.add(file + ":" + Math.max(1, line) + ": " + reason(failure));
    }

    private static int line(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof MarkedYamlEngineException marked) {
                return marked.getProblemMark()
                        .or(marked::getContextMark)
                        .map(mark -> mark.getLine() + 1)
                        .orElse(1);
            }
        }
        return 1;
    }

    /** The reason at the bottom, in one line. */
    static String reason(Throwable failure) {
        Throwable last = failure;
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SeraiException ours) {
                return ours.text();
            }
            if (t instanceof MarkedYamlEngineException marked) {
                return Optional.ofNullable(marked.getProblem()).orElse(String.valueOf(marked.getMessage()));
            }
            last = t;
        }
        String message = last.getMessage() == null ? last.getClass().getSimpleName() : last.getMessage();
        Matcher unknown = UNKNOWN_OPTIONS.matcher(message);
        if (unknown.find()) {
            return "the listener has no such option: " + unknown.group(1);
        }
        return message.replaceAll("\\s*\\R\\s*", " ").strip();
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // Camel's helper gives raw definitions
    private void check(CamelContext camel, RouteDefinition route) {
        String id = routeId(file);
        if (!route.hasCustomIdAssigned() || !id.equals(route.getId())) {
            problems.add(file + ":" + Math.max(1, route.getLineNumber())
                    + ": the route's id is not the file's name; write id: " + id);
        }
        endpoint(camel, route.getInput().getEndpointUri(), route.getInput().getLineNumber());
        List<ProcessorDefinition<?>> steps = new ArrayList<>(
                ProcessorDefinitionHelper.filterTypeInOutputs(route.getOutputs(), (Class) ProcessorDefinition.class));
        for (ProcessorDefinition<?> step : steps) {
            if (step instanceof EndpointRequiredDefinition to
                    && to.getEndpointUri().startsWith("admit:")) {
                endpoint(camel, to.getEndpointUri(), step.getLineNumber());
            }
        }
        boolean relays = route.getInput().getEndpointUri().startsWith("relay:")
                || steps.stream()
                        .anyMatch(step -> step instanceof EndpointRequiredDefinition to
                                && to.getEndpointUri().startsWith("relay:"));
        if (!relays) {
            problems.add(file + ":" + Math.max(1, route.getLineNumber())
                    + ": the route leads nowhere; let it end with \"to: relay:internal\"");
        }
    }

    /** Options beside a key that the servers have not given yet are looked at when the route is put in force. */
    private void endpoint(CamelContext camel, String uri, int line) {
        if (KEYS.stream().anyMatch(key -> uri.contains(key) && !beans.containsKey(key.substring("#bean:".length())))) {
            return;
        }
        try {
            Endpoint endpoint = camel.getEndpoint(uri);
            if (uri.startsWith("admit:")) {
                endpoint.createProducer().close();
            }
        } catch (Exception e) { // Camel declares any
            refuse(line, e);
        }
    }
}
