package io.serai.config.name;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;

/** The name of a resource of route authors, written {@code #name} in routes. Names of Serai's own are refused. */
public record ResourceName(String value) implements Comparable<ResourceName> {
    public ResourceName {
        ObjectName.check("Resource name", value);
        if (value.startsWith("serai")
                || value.startsWith("PROPAGATION")
                || value.equals("transactionManager")
                || value.equals("userTransaction")) {
            throw new SeraiException(
                    ErrorCode.INVALID, "Resource name \"" + value + "\" is one of Serai's own: choose another");
        }
    }

    @Override
    public int compareTo(ResourceName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
