package io.serai.config.name;

/** The name of an edge: a server in the DMZ. */
public record EdgeName(String value) implements Comparable<EdgeName> {
    public EdgeName {
        ObjectName.check("Edge name", value);
    }

    @Override
    public int compareTo(EdgeName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
