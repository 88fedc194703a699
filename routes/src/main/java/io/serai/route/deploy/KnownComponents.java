package io.serai.route.deploy;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.yaml.Suggestion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.camel.catalog.CamelCatalog;
import org.apache.camel.catalog.DefaultCamelCatalog;
import org.apache.camel.catalog.EndpointValidationResult;
import org.apache.camel.component.infinispan.embedded.InfinispanEmbeddedComponent;
import org.jspecify.annotations.Nullable;

/** The components that routes can name, with their options: Camel's catalogue and our own components' metadata. */
final class KnownComponents {
    private static final List<String> OURS = List.of(
            "arrival", "site", "schedule", "folder", "partner-session", "sftp-server", "ftp-server", "http-server");
    private static final String CACHES = "infinispan";
    private static final String EMBEDDED_CACHES = "infinispan-embedded";
    private static final String FACTORIES = "META-INF/services/org/apache/camel/component/";

    private final CamelCatalog catalog = new DefaultCamelCatalog(true);
    private final ClassLoader loader;

    KnownComponents(ClassLoader loader) {
        this.loader = loader;
        catalog.setSuggestionStrategy(
                (names, unknown) -> Suggestion.nearest(unknown, names).stream().toArray(String[]::new));
        OURS.forEach(this::addOurs);
        // Here "infinispan:" is the caches of the nodes, not those of a server elsewhere.
        catalog.addComponent(
                CACHES,
                InfinispanEmbeddedComponent.class.getName(),
                catalog.componentJSonSchema(EMBEDDED_CACHES).replace(EMBEDDED_CACHES, CACHES));
    }

    /** The names of all steps of Camel's language. */
    Set<String> steps() {
        return new TreeSet<>(catalog.findModelNames());
    }

    /** Whether a component of that name is part of this server. */
    boolean isPresent(String scheme) {
        return loader.getResource(FACTORIES + scheme) != null;
    }

    /** The present component that was probably meant, as a suggestion. */
    String mend(String scheme) {
        Set<String> present = new TreeSet<>();
        catalog.findComponentNames().stream().filter(this::isPresent).forEach(present::add);
        return Suggestion.nearest(scheme, present)
                .map(near -> "did you mean \"" + near + ":\"?")
                .orElse("the route author's guide lists the components of this server");
    }

    /** What is wrong with an endpoint's options, one sentence each. */
    List<String> problems(String uri, boolean begins) {
        EndpointValidationResult result = catalog.validateEndpointProperties(uri, false, begins, !begins);
        List<String> problems = new ArrayList<>();
        if (result.getSyntaxError() != null) {
            problems.add("the URI cannot be read: " + result.getSyntaxError());
        }
        each(result.getUnknown(), option -> problems.add(unknown(result, option)));
        each(result.getRequired(), option -> problems.add("the option \"" + option + "\" is missing"));
        each(
                result.getNotConsumerOnly(),
                option -> problems.add("the option \"" + option + "\" is only for to:, not for from:"));
        each(
                result.getNotProducerOnly(),
                option -> problems.add("the option \"" + option + "\" is only for from:, not for to:"));
        each(result.getInvalidEnum(), problems, option -> "one of " + String.join(", ", result.getEnumChoices(option)));
        each(result.getInvalidBoolean(), problems, option -> "true or false");
        each(result.getInvalidInteger(), problems, option -> "a whole number");
        each(result.getInvalidNumber(), problems, option -> "a number");
        each(result.getInvalidDuration(), problems, option -> "a duration such as 10s or 5m");
        return problems;
    }

    private static String unknown(EndpointValidationResult result, String option) {
        String[] near = result.getUnknownSuggestions() == null
                ? new String[0]
                : result.getUnknownSuggestions().getOrDefault(option, new String[0]);
        return "the option \"" + option + "\" is not known"
                + (near.length == 0 ? "" : "; did you mean \"" + near[0] + "\"?");
    }

    /** The catalogue says null where there is nothing. */
    private static void each(@Nullable Set<String> options, Consumer<String> action) {
        if (options != null) {
            options.forEach(action);
        }
    }

    private static void each(
            @Nullable Map<String, String> values, List<String> problems, UnaryOperator<String> expected) {
        if (values != null) {
            values.forEach((option, value) -> problems.add(mismatch(option, value, expected.apply(option))));
        }
    }

    private static String mismatch(String option, String value, String expected) {
        return "the option \"" + option + "\" cannot be \"" + value + "\"; expected " + expected;
    }

    private void addOurs(String name) {
        try (InputStream factory = loader.getResourceAsStream(FACTORIES + name)) {
            if (factory == null) {
                return;
            }
            Properties properties = new Properties();
            properties.load(factory);
            String className = properties.getProperty("class");
            String folder = className.substring(0, className.lastIndexOf('.')).replace('.', '/');
            try (InputStream json = loader.getResourceAsStream("META-INF/" + folder + "/" + name + ".json")) {
                if (json != null) {
                    catalog.addComponent(name, className, new String(json.readAllBytes(), StandardCharsets.UTF_8));
                }
            }
        } catch (IOException e) {
            throw new SeraiException(ErrorCode.DEFECT, "The metadata of " + name + ": cannot be read", e);
        }
    }
}
