package io.serai.config.name;

/** The name of a site: a partner's server that we connect to. */
public record SiteName(String value) implements Comparable<SiteName> {
    public SiteName {
        ObjectName.check("Site name", value);
    }

    @Override
    public int compareTo(SiteName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
