package io.serai.config.name;

/** The name of one running server of a cluster. */
public record NodeName(String value) implements Comparable<NodeName> {
    public NodeName {
        ObjectName.check("Node name", value);
    }

    @Override
    public int compareTo(NodeName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
