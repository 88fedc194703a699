package io.serai.route.deploy;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * What route authors may use. Routes are applied by administrators; the policy keeps what reaches the machine itself out
 * of reach of a route file unless the operator of the machine opened it.
 *
 * @param refusedComponents schemes that no route may name
 * @param beginnings schemes that a route may begin with
 * @param fileAreas folders that {@code file:} may use, with all below; none by default
 */
public record RoutePolicy(Set<String> refusedComponents, Set<String> beginnings, List<Path> fileAreas) {
    public static final RoutePolicy DEFAULT = new RoutePolicy(
            Set.of(
                    "exec",
                    "docker",
                    "ssh",
                    "class",
                    "controlbus",
                    "partner-session",
                    "relay",
                    "jdbc",
                    "groovy",
                    "language"),
            Set.of("arrival", "site", "schedule", "direct", "seda", "timer", "file", "folder", "master"),
            List.of());

    private static final Set<String> SPREAD = Set.of("arrival", "site", "schedule", "folder", "direct", "master");

    public RoutePolicy {
        refusedComponents = Set.copyOf(refusedComponents);
        beginnings = Set.copyOf(beginnings);
        fileAreas = fileAreas.stream()
                .map(area -> area.toAbsolutePath().normalize())
                .toList();
    }

    public RoutePolicy withFileAreas(List<Path> areas) {
        return new RoutePolicy(refusedComponents, beginnings, areas);
    }

    /** Whether {@code master:} may guard a beginning: these are spread over the nodes already, or need all of them. */
    boolean allowsBehindMaster(String scheme) {
        return beginnings.contains(scheme) && !SPREAD.contains(scheme);
    }

    /** Whether {@code file:} may use this folder. */
    boolean allowsFolder(Path folder) {
        Path canonical = folder.toAbsolutePath().normalize();
        return fileAreas.stream().anyMatch(canonical::startsWith);
    }
}
