package io.serai.route.deploy;

import io.serai.config.object.Route;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.ResourceHelper;

/** A route object as the source file that Camel's loaders take. */
final class RouteText {
    private static final Pattern JAVA_CLASS = Pattern.compile("\\bpublic\\s+(?:final\\s+)?class\\s+(\\w+)");

    private RouteText() {}

    /** The name of the file that a route comes from: its id and the ending of its language. */
    static String fileName(Route route) {
        return switch (route.dsl()) {
            case YAML -> route.id() + ".yaml";
            case JAVA -> route.id() + ".java";
        };
    }

    /** For Camel's loaders; a Java source goes by the name of its class, which need not be the route's id. */
    static Resource resource(Route route) {
        String name = switch (route.dsl()) {
            case YAML -> fileName(route);
            case JAVA -> {
                Matcher found = JAVA_CLASS.matcher(route.source());
                yield (found.find() ? found.group(1) : "Route") + ".java";
            }
        };
        return ResourceHelper.fromString("mem:/" + name, route.source());
    }
}
