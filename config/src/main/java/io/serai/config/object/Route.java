package io.serai.config.object;

import io.serai.config.name.RouteId;

/**
 * A Camel route as an integration engineer wrote it, one route a file.
 *
 * @param id the route's id, and the name of its file without the ending
 * @param dsl the language of the source
 * @param source the text of the file, unchanged, so that it can stay in Git
 */
public record Route(RouteId id, Dsl dsl, String source) implements ConfigObject {

    /** The languages of route files; the file's ending decides ({@code .yaml} or {@code .yml}, {@code .java}). */
    public enum Dsl {
        YAML,
        JAVA
    }

    @Override
    public ObjectKind kind() {
        return ObjectKind.ROUTE;
    }

    @Override
    public String objectName() {
        return id.value();
    }
}
