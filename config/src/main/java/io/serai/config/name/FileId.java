package io.serai.config.name;

import java.util.UUID;

/** One file through all its transfers, whatever it is renamed to. */
public record FileId(UUID value) {
    /** A new id from the platform's secure random source. */
    public static FileId random() {
        return new FileId(UUID.randomUUID());
    }

    public static FileId parse(String text) {
        return new FileId(UUID.fromString(text));
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
