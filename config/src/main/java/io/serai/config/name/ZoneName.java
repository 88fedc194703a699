package io.serai.config.name;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.util.Set;

/** The name of a zone: a group of edges. A site's {@code zone} may say two other words, which are no names. */
public record ZoneName(String value) implements Comparable<ZoneName> {
    private static final Set<String> WORDS = Set.of("none", "default");

    public ZoneName {
        ObjectName.check("Zone name", value);
        if (WORDS.contains(value)) {
            throw new SeraiException(
                    ErrorCode.INVALID,
                    "Zone name \"" + value + "\" has a meaning of its own in a site's zone; choose another name");
        }
    }

    @Override
    public int compareTo(ZoneName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
