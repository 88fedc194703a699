package io.serai.config.name;

/** The id of a Camel route; the file that holds the route bears the same name. */
public record RouteId(String value) implements Comparable<RouteId> {
    public RouteId {
        ObjectName.check("Route id", value);
    }

    @Override
    public int compareTo(RouteId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
