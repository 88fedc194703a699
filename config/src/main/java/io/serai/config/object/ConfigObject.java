package io.serai.config.object;

/**
 * What an operator declares: one YAML document with {@code kind}, {@code name} and {@code spec}, kept in the database
 * with a version and who changed what when.
 */
public sealed interface ConfigObject
        permits Account, Site, Calendar, Schedule, Route, Library, NodeOverlay, RouteResource, Zone {
    ObjectKind kind();

    /** The name in the document, unique within its kind. */
    String objectName();
}
