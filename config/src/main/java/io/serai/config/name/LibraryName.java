package io.serai.config.name;

/** The name of a library of custom steps. */
public record LibraryName(String value) implements Comparable<LibraryName> {
    public LibraryName {
        ObjectName.check("Library name", value);
    }

    @Override
    public int compareTo(LibraryName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
