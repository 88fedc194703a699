package io.serai.config.name;

/** The name of a schedule. */
public record ScheduleName(String value) implements Comparable<ScheduleName> {
    public ScheduleName {
        ObjectName.check("Schedule name", value);
    }

    @Override
    public int compareTo(ScheduleName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
